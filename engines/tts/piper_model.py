"""One loaded voice of Piper: text to phonemes to audio.

Piper's own library makes the phonemes; the network is run here, with the threads and the memory that we choose, and in
parts where it can be cut (`piper_graph`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.base_onnx import open_session
from engines.tts.piper_graph import VoiceParts, split_voice
from engines.tts.piper_words import starts_of, words_of
from stts.engine_api import Samples, TimedSamples
from stts.spoken_words import Words

FIRST_FRAMES = 16
"""Frames of the first block where a listener waits for it: 0.19 s of sound at 22,050 Hz."""
GROWTH = 3
"""Each block holds so many times the frames of the one before: what has been made outlasts the making of the next."""
MOST_FRAMES = 400
"""Frames of one block; 4.6 s."""

_FALSE_ENDS = frozenset(".")
"""Marks that Piper's library puts where it takes an abbreviation for the end of a sentence."""

Tensors = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Scales:
    """How a sentence is spoken, in Piper's own terms; None: as the voice says."""

    length: float
    """Slowness."""
    noise: float | None = None
    """How much the sound varies."""
    noise_w: float | None = None
    """How much the lengths of sounds vary."""


class PiperModel:
    """A voice with its sessions. One call at a time."""

    def __init__(self, path: Path, threads: int) -> None:
        """`path`: of the `.onnx` file; its `.onnx.json` lies beside it. Raises what Piper and onnxruntime raise."""
        from piper import PiperConfig, PiperVoice

        self._config = PiperConfig.from_dict(json.loads(Path(f"{path}.json").read_text(encoding="utf-8")))
        parts = split_voice(path)
        self._network = _Parts(parts, threads) if parts is not None else _Whole(path, threads)
        self._voice = PiperVoice(session=None, config=self._config, download_dir=path.parent)

    @property
    def sample_rate(self) -> int:
        """In Hz."""
        return int(self._config.sample_rate)

    @property
    def streams(self) -> bool:
        """True if the first of a sentence's audio is there before the last of it is made."""
        return isinstance(self._network, _Parts)

    def length(self, scale: float | None) -> float:
        """The slowness that was asked for, or the voice's own."""
        return float(self._config.length_scale if scale is None else scale)

    def phonemes(self, sentence: str) -> list[str]:
        """The phonemes of one sentence, whatever the library takes for its end."""
        joined: list[str] = []
        for part in self._voice.phonemize(sentence):
            if joined and part:
                joined = [*(joined[:-1] if joined[-1] in _FALSE_ENDS else joined), " "]
            joined += part
        return joined

    def speak(self, sentence: str, speaker: int | None, scales: Scales, *, hurried: bool) -> Iterator[Samples]:
        """Yields the audio of one sentence; where `hurried`, in blocks, the first as early as possible."""
        for block in self.speak_timed(sentence, speaker, scales, hurried=hurried):
            if len(block.samples):
                yield block.samples

    def speak_timed(
        self, sentence: str, speaker: int | None, scales: Scales, *, hurried: bool
    ) -> Iterator[TimedSamples]:
        """The same with the words of the sentence; where `hurried`, behind the first block, which waits for nothing."""
        phonemes = self.phonemes(sentence)
        if not phonemes:
            return
        ids = self._voice.phonemes_to_ids(phonemes)
        config = self._config
        noise = config.noise_scale if scales.noise is None else scales.noise
        noise_w = config.noise_w_scale if scales.noise_w is None else scales.noise_w
        inputs: Tensors = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array([noise, scales.length, noise_w], np.float32),
        }
        if config.num_speakers > 1:
            inputs["sid"] = np.array([_default_speaker(config) if speaker is None else speaker], np.int64)
        blocks = 0
        for block in self._network.run(inputs, hurried):
            words = self._words(sentence, phonemes) if blocks == int(hurried) else ()
            blocks += 1
            yield TimedSamples(np.clip(block.reshape(-1), -1.0, 1.0).astype(np.float32, copy=False), words)
        if hurried and blocks == 1:
            yield TimedSamples(np.zeros(0, np.float32), self._words(sentence, phonemes))

    def _words(self, sentence: str, phonemes: list[str]) -> Words:
        """The words of the sentence that was spoken last."""
        network, config = self._network, self._config
        if not isinstance(network, _Parts) or network.lengths is None or config.phoneme_type != "espeak":
            return ()
        starts = starts_of(phonemes, config.phoneme_id_map, network.lengths, network.hop / self.sample_rate)
        return words_of(sentence, self.phonemes, phonemes, starts)


def _default_speaker(config: Any) -> int:
    """The speaker of a voice of several when none is named; older releases of the library know of none."""
    return int(getattr(config, "default_speaker_id", 0))


class _Whole:
    """The network as it is: a sentence comes as one block."""

    def __init__(self, path: Path, threads: int) -> None:
        self._session = open_session(str(path), threads)

    def run(self, inputs: Tensors, hurried: bool) -> Iterator[Samples]:
        yield self._session.run(None, inputs)[0]


class _Parts:
    """The network in three parts."""

    def __init__(self, parts: VoiceParts, threads: int) -> None:
        self._text = open_session(parts.text, threads)
        self._flow = open_session(parts.flow, threads)
        self._decoder = open_session(parts.decoder, threads)
        self._shared = [each.name for each in self._text.get_outputs()]
        self._parts = parts
        self.hop = 0
        """Samples of a frame."""
        self.lengths: NDArray[np.float32] | None = None
        """Frames of each id of the sentence that was spoken last, where the network tells them."""

    def run(self, inputs: Tensors, hurried: bool) -> Iterator[Samples]:
        shared: Tensors = dict(zip(self._shared, self._text.run(None, inputs), strict=True))
        lengths = shared.pop(self._parts.durations, None) if self._parts.durations is not None else None
        frames = shared[self._parts.latent].shape[-1]
        is_told = lengths is not None and round(float(lengths.sum())) == frames
        self.lengths = lengths.reshape(-1) if lengths is not None and is_told else None
        turned = _Turned(self._flow, self._parts, shared, frames)
        at, size = 0, FIRST_FRAMES if hurried else frames
        while at < frames:
            end = frames if frames - at < 2 * size else at + size
            yield self._draw(turned, at, end)
            at, size = end, min(size * GROWTH, MOST_FRAMES)

    def _draw(self, turned: _Turned, start: int, end: int) -> Samples:
        """The sound of some frames."""
        reach = self._parts.decoder_reach
        first, last = max(start - reach, 0), min(end + reach, turned.frames)
        values: Tensors = {**turned.shared, self._parts.turned: turned.until(last)[..., first:last]}
        inputs = {each.name: self._drawn_from(values[each.name]) for each in self._decoder.get_inputs()}
        drawn: Samples = self._decoder.run(None, inputs)[0].reshape(-1)
        hop = self.hop = len(drawn) // (last - first)
        return drawn[(start - first) * hop : (end - first) * hop]

    def _drawn_from(self, value: NDArray[Any]) -> NDArray[Any]:
        return np.ascontiguousarray(np.expand_dims(value, 2) if self._parts.image else value)


class _Turned:
    """Frames behind the flow, turned as far as they are needed."""

    def __init__(self, flow: Any, parts: VoiceParts, shared: Tensors, frames: int) -> None:
        self._flow = flow
        self._parts = parts
        self._done: NDArray[np.float32] | None = None
        self.shared = shared
        self.frames = frames

    def until(self, end: int) -> NDArray[np.float32]:
        """At least the first `end` frames."""
        done = 0 if self._done is None else self._done.shape[-1]
        if self._done is None or done < end:
            # Later blocks are turned together: each stretch costs what the flow looks at on both sides.
            upto = end if done == 0 else min(max(end, done + MOST_FRAMES), self.frames)
            more = self._turn(done, upto)
            self._done = more if self._done is None else np.concatenate([self._done, more], axis=-1)
        return self._done

    def _turn(self, start: int, end: int) -> NDArray[np.float32]:
        reach = self._parts.flow_reach
        first, last = max(start - reach, 0), min(end + reach, self.frames)
        values = {each.name: self._stretch(self.shared[each.name], first, last) for each in self._flow.get_inputs()}
        turned: NDArray[np.float32] = self._flow.run(None, values)[0]
        return turned[..., start - first : end - first]

    def _stretch(self, value: NDArray[Any], first: int, last: int) -> NDArray[Any]:
        """Cuts whatever has a value for each frame to some of them; the rest stays as it is."""
        return np.ascontiguousarray(value[..., first:last]) if value.shape[-1] == self.frames else value
