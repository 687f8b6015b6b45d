"""Chatterbox's own model object, made safe to keep in a server.

Upstream writes the voice into the model, caps every piece at 40 s of speech, registers hooks that it never removes, and
draws progress bars; here each call brings its voice, gets a budget that fits its text, and leaves nothing behind.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from stts.engine_api import Samples

TOKENS_PER_SECOND = 25
SPEECH_TOKENS = 6561
"""Size of the codebook; what lies above are marks, which are no sound and which the decoder cannot read."""
SILENCE_TOKEN = 4299

logger = logging.getLogger(__name__)

_PATCHING = threading.Lock()
"""Upstream's modules are shared by all that load at the same time."""


class SharedModel:
    """One loaded model. One call at a time; nothing of a call is left for the next."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._budget = 0
        self.builtin = _on_cpu(model.conds) if model.conds is not None else None
        """The voice that came with the checkpoint."""
        in_single_precision(model)
        model.t3.inference = self._bounded(model.t3.inference, "max_new_tokens")
        model.t3.inference_turbo = self._bounded(model.t3.inference_turbo, "max_gen_len")

    def speak(self, text: str, voice: Any, seconds: float, **arguments: Any) -> Samples:
        """Speech of at most `seconds`, float32 mono. `voice` is left as it was."""
        self._budget = max(1, round(seconds * TOKENS_PER_SECOND))
        # A copy: generate() replaces the emotion in it and caches embeddings and devices there.
        self._model.conds = _copy(voice).to(self._model.device)
        try:
            audio = self._model.generate(text, **arguments)
        finally:
            self._model.conds = None
            _remove_attention_spies(self._model.t3)
        return np.asarray(audio.squeeze(0).cpu().numpy(), dtype=np.float32)

    def condition(self, recording: BinaryIO, **arguments: Any) -> Any:
        """The voice of a recording (WAV): what `speak` takes, on the CPU."""
        import torch

        with torch.no_grad():  # upstream would keep the whole graph of the speaker network with every voice
            self._model.prepare_conditionals(recording, **arguments)
        voice, self._model.conds = self._model.conds, None
        return _on_cpu(voice)

    def _bounded(self, infer: Callable[..., Any], limit: str) -> Callable[..., Any]:
        def bounded(**arguments: Any) -> Any:
            arguments[limit] = min(self._budget, arguments.get(limit, self._budget))
            return only_sound(infer(**arguments))

        return bounded


def only_sound(tokens: Any) -> Any:
    """Tokens of shape (1, n) without marks, and never none: the decoder fails on both."""
    sound = tokens[tokens < SPEECH_TOKENS]
    return (sound if len(sound) else sound.new_full((1,), SILENCE_TOKEN)).unsqueeze(0)


def in_single_precision(model: Any) -> None:
    """Turbo's loudness is a factor that makes doubles of all samples from NumPy 2 on, at which its networks fail."""
    normalise = getattr(model, "norm_loudness", None)
    if normalise is not None:
        model.norm_loudness = lambda *given, **named: normalise(*given, **named).astype(np.float32)


def _copy(voice: Any) -> Any:
    return type(voice)(replace(voice.t3), dict(voice.gen))


def _on_cpu(voice: Any) -> Any:
    return _copy(voice).to("cpu")


def _remove_attention_spies(t3: Any) -> None:
    """Multilingual hooks three layers in every call and never lets go: each call would slow down all later ones."""
    for layer in getattr(t3.tfmr, "layers", ()):
        hooks = layer.self_attn._forward_hooks
        for key in [key for key, hook in hooks.items() if hook.__module__.endswith("alignment_stream_analyzer")]:
            del hooks[key]


@contextmanager
def quiet_and_local(folder: Path) -> Iterator[None]:
    """Disables progress bars and the download of Chinese tables while a model is read. One model at a time."""
    with _PATCHING:
        yield from _patched(folder)


def _patched(folder: Path) -> Iterator[None]:
    import chatterbox.models.s3gen.flow_matching as flow_matching
    import chatterbox.models.t3.t3 as t3
    import chatterbox.models.tokenizers.tokenizer as tokenizer

    t3.tqdm = flow_matching.tqdm = _no_bar
    converter = tokenizer.ChineseCangjieConverter
    download, segmenter = tokenizer.hf_hub_download, converter._init_segmenter
    # Upstream asks the hub for the table even where it lies beside the weights.
    tokenizer.hf_hub_download = lambda *, filename, **_: str(folder / filename)
    converter._init_segmenter = segmenter if segmenter_on_disk() else _no_segmenter
    try:
        yield
    finally:
        tokenizer.hf_hub_download, converter._init_segmenter = download, segmenter


def _no_bar(steps: Any, **_: Any) -> Any:
    return steps


def _no_segmenter(converter: Any) -> None:
    converter.segmenter = None


def segmenter_on_disk() -> bool:
    """True if the word segmenter of Chinese text is on disk; without it Chinese is read unsegmented."""
    home = Path(os.environ.get("PKUSEG_HOME", "~/.pkuseg")).expanduser()
    return (home / "spacy_ontonotes").is_dir() and (home / "spacy_ontonotes.zip").is_file()


def fetch_segmenter() -> None:
    """Downloads the word segmenter of Chinese; logs a failure."""
    try:
        from spacy_pkuseg import pkuseg

        pkuseg()
    except (ImportError, OSError, RuntimeError, KeyError) as error:
        logger.warning("Chinese will be read without finding its words: %s", type(error).__name__)
