"""When hibari says a word: the frames of each of its phonemes, which are inside of its network and no output of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stts.engine_api import Samples
from stts.spoken_words import SpokenWord, Words

DURATIONS = "/Cast_32_output_0"
"""Tensor of the frames of each phoneme: what the networks of all voices, of one export, lengthen their phonemes by."""
SAMPLE_RATE = 24_000
FRAME_SAMPLES = 600
"""25 ms: two frames of the spectrum."""
SOUNDS_BEFORE_SECONDS = 0.04
"""A phoneme is heard so long before its frames begin: behind 22 pauses 0.044 s on average, and never after them."""
_SILENT = frozenset(' ;:,.!?—…"“”()')
"""Phonemes that are pauses."""
_MODEL_GRAPH, _GRAPH_OUTPUT, _VALUE_NAME = 7, 12, 1
"""Numbers of fields in ONNX's messages."""


class PronouncedWord(NamedTuple):
    text: str
    begin: int
    """Phonemes of the sentence before it, and up to its end."""
    end: int


class Sound(NamedTuple):
    """A sentence, or a part of one."""

    samples: Samples
    begin: int
    """Phonemes of the sentence before it."""
    starts: NDArray[np.float64]
    """Seconds at which each of its phonemes begins, and the last one ends; empty where nobody knows."""


class Pronounced(NamedTuple):
    """A sentence in misaki's alphabet."""

    phonemes: str
    words: tuple[PronouncedWord, ...]

    @property
    def text(self) -> str:
        """The words as they are read."""
        return " ".join(word.text for word in self.words)

    def spoken(self, sound: Sound) -> Words:
        """The words of a sound, by their places in `text`."""
        spoken: list[SpokenWord] = []
        place = 0
        for word in self.words:
            sounding = [at for at in range(word.begin, word.end) if self.phonemes[at] not in _SILENT]
            if sounding and sounding[0] >= sound.begin and sounding[-1] - sound.begin + 1 < len(sound.starts):
                begins, ends = (float(sound.starts[at - sound.begin]) for at in (sounding[0], sounding[-1] + 1))
                spoken.append(SpokenWord(place, len(word.text), begins, ends))
            place += len(word.text) + 1
        return tuple(spoken)


def pronounced(g2p: Any, sentence: str) -> Pronounced:
    """Does what hibari's G2P does when it is called, and tells which phonemes are whose."""
    from hibari.g2p.normalize import normalize

    phonemes, words, text, begin = "", list[PronouncedWord](), "", 0
    for token in g2p.phonemize_tokens(g2p.tokenize(normalize(sentence))):
        text += token.text
        phonemes += g2p.unk if token.phonemes is None else token.phonemes
        if token.whitespace:
            words.append(PronouncedWord(text, begin, len(phonemes)))
            phonemes, text = phonemes + " ", ""
            begin = len(phonemes)
    words.append(PronouncedWord(text, begin, len(phonemes)))
    return trimmed(phonemes, [word for word in words if word.text])


def as_told(phonemes: str) -> Pronounced:
    """Words of a text that is phonemes itself."""
    words, at = list[PronouncedWord](), 0
    for word in phonemes.split():
        at = phonemes.index(word, at)
        words.append(PronouncedWord(word, at, at + len(word)))
        at += len(word)
    return Pronounced(phonemes, tuple(words))


def trimmed(phonemes: str, words: Sequence[PronouncedWord]) -> Pronounced:
    """Without the space around it."""
    whole = phonemes.strip()
    lead = len(phonemes) - len(phonemes.lstrip())
    moved = (PronouncedWord(text, max(begin - lead, 0), min(end - lead, len(whole))) for text, begin, end in words)
    return Pronounced(whole, tuple(moved))


def starts(frames: NDArray[np.int64], known: Sequence[bool], samples: Samples) -> NDArray[np.float64]:
    """When each phoneme begins to be heard.

    `frames`: those of each that the network knows, between the two of silence around them; none is believed where they
    do not make up the samples.
    """
    if frames.shape != (sum(known) + 2,) or frames.sum() * FRAME_SAMPLES != len(samples):
        return np.zeros(0)
    own = np.zeros(len(known), np.int64)
    own[known] = frames[1:-1]
    begins = (frames[0] + np.concatenate([[0], np.cumsum(own)])) * (FRAME_SAMPLES / SAMPLE_RATE)
    starts: NDArray[np.float64] = np.maximum(0.0, begins - SOUNDS_BEFORE_SECONDS)
    return starts


def with_durations(path: Path) -> bytes:
    """The network of a voice, with the durations among its outputs.

    An ONNX file is a Protocol Buffers message: one that is written behind another adds to it, and in these bytes stands
    nothing but the name of an output. So nobody needs the 20 MB of the library that writes such files.
    """
    output = _field(_GRAPH_OUTPUT, _field(_VALUE_NAME, DURATIONS.encode()))
    return path.read_bytes() + _field(_MODEL_GRAPH, output)


def _field(number: int, value: bytes) -> bytes:
    """A field of bytes, which are few."""
    assert len(value) < 128
    return bytes([number << 3 | 2, len(value)]) + value
