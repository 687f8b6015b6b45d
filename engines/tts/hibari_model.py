"""hibari's parts put together: its model in a session of ours, its pronunciation on packed tables, its sound.

The package's own `Hibari` loads the same, in three times the memory, and cuts sentences at "e.g." and other
abbreviations. Its version is pinned, so that the parts used here are there.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.tts.hibari_tables import read_table, read_tagger
from engines.tts.hibari_times import Pronounced, Sound, pronounced, starts, with_durations
from stts.engine_api import Samples

LONGEST_PHONEMES = 400
"""Phonemes of one run of the model; what is spelled out can be longer than its text lets expect."""

_LONG_NUMBER = re.compile(r"\d[\d,]{15,}")
"""Read digit by digit: there are no names for numbers of that length."""
_ODD_DIGIT = re.compile("[\u2460-\u2468\u2474-\u247c\u2488-\u2490\u24f5-\u24fd\u2776-\u277e\u2780-\u2788\u278a-\u2792]")
"""One to nine in circles, in brackets, with a full stop."""


class HibariModel:
    """The voices that are loaded, and how English is pronounced. Use it from one thread at a time."""

    def __init__(self, assets: Path) -> None:
        """`assets`: the folder of the files that all voices share."""
        self._assets = assets
        self._ids: dict[str, int] = json.loads((assets / "vocab.json").read_text("utf-8"))
        self._sessions: dict[Path, Any] = {}
        self._pronunciations: dict[bool, Any] = {}

    def prepare(self, voice: Path, *, british: bool) -> None:
        """Loads the ONNX file of a voice, and the tables of its pronunciation, where they are not loaded yet."""
        with ThreadPoolExecutor(1, "hibari") as beside:
            # The session's making holds no lock of the interpreter: the tables are read meanwhile.
            session = beside.submit(_voice_session, voice) if voice not in self._sessions else None
            if british not in self._pronunciations:
                self._pronunciations[british] = _pronunciation(self._assets, british=british)
            if session is not None:
                self._sessions[voice] = session.result()

    def pronounced(self, sentence: str, *, british: bool) -> Pronounced:
        """The sounds of one sentence, and of its words as they are read."""
        return pronounced(self._pronunciations[british], readable(sentence))

    def speak(self, phonemes: str, voice: Path, *, speed: float, seed: int) -> Iterator[Sound]:
        """Yields the sound of one sentence, as a whole unless it is very long. The same seed makes the same sound."""
        random = np.random.default_rng(seed)
        at = 0
        for part in parts(phonemes, LONGEST_PHONEMES):
            at = phonemes.index(part, at)
            known = [each in self._ids for each in part]
            ids = [0, *(self._ids[each] for each in part if each in self._ids), 0]
            if len(ids) > 2:
                samples, frames = self._made(ids, voice, speed, random)
                yield Sound(samples, at, starts(frames, known, samples))
            at += len(part)

    def _made(
        self, ids: list[int], voice: Path, speed: float, random: np.random.Generator
    ) -> tuple[Samples, NDArray[np.int64]]:
        """The sound, and the frames of each of the ids."""
        from hibari import dsp

        *spectrum, frames = self._sessions[voice].run(
            None, {"ids": np.asarray([ids], np.int64), "speed": np.asarray([speed], np.float32)}
        )
        sound: Samples = dsp.synth(*(each[0] for each in spectrum), random)
        return sound, frames


def readable(sentence: str) -> str:
    """The sentence without what hibari's reader of numbers fails at: very long ones, and digits in circles."""
    sentence = _ODD_DIGIT.sub(lambda match: f" {unicodedata.digit(match[0])} ", sentence)
    return _LONG_NUMBER.sub(lambda match: " ".join(match[0].replace(",", "")), sentence)


def parts(phonemes: str, longest: int) -> Iterator[str]:
    """Cuts at the last space that leaves at most `longest` phonemes, or there where there is none."""
    while len(phonemes) > longest:
        cut = phonemes.rfind(" ", 1, longest + 1)
        cut = cut if cut > 0 else longest
        yield phonemes[:cut]
        phonemes = phonemes[cut:].lstrip()
    if phonemes:
        yield phonemes


def _voice_session(voice: Path) -> Any:
    return _session(with_durations(voice))


def _session(model: bytes | str) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # The arena keeps what the longest sentence ever took: 60 MB that the allocator gives back otherwise.
    options.enable_cpu_mem_arena = False
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _pronunciation(assets: Path, *, british: bool) -> Any:
    """The package's G2P, made without its constructor, which would read the tables into dictionaries."""
    from hibari.g2p import G2P
    from hibari.g2p.lexicon import Lexicon
    from hibari.g2p.oov import OOV
    from hibari.g2p.tagger import Tagger
    from hibari.g2p.tokenize import Tokenizer

    region = "gb" if british else "us"
    unknown_words = assets / ("oov_gb.onnx" if british else "oov.onnx")
    gold, silver = (read_table(assets / f"lexicon_{region}_{each}.json.gz") for each in ("gold", "silver"))
    g2p: Any = G2P.__new__(G2P)
    g2p.lexicon = Lexicon(gold, silver, british)
    g2p.tokenizer = Tokenizer(json.loads((assets / "tokenizer_exceptions.json").read_text("utf-8")))
    g2p.tagger = Tagger(read_tagger(assets / "tagger.json.gz"))
    g2p.unk = ""
    g2p.british = british
    g2p._oov = OOV(str(unknown_words), _session(str(unknown_words)))
    return g2p
