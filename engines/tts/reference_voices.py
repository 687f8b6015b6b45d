"""Voices to be cloned: reference recordings read, checked, and kept as what a model makes of them."""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any

import numpy as np

from stts.audio.decode import Decoder
from stts.audio.wav import whole_file
from stts.engine_api import Samples
from stts.errors import InvalidParameter, UndecodableAudio

SAMPLE_RATE = 24_000
SILENT = 1e-3
"""Root mean square (-60 dBFS) below which a recording holds no voice."""


class VoiceCache:
    """LRU cache of voices prepared by the model, at most `limit` of them."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._voices: OrderedDict[Hashable, Any] = OrderedDict()

    def __len__(self) -> int:
        return len(self._voices)

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        if key not in self._voices:
            self._voices[key] = make()
        self._voices.move_to_end(key)
        while len(self._voices) > self._limit:
            self._voices.popitem(last=False)
        return self._voices[key]

    def clear(self) -> None:
        self._voices.clear()


def recording_key(path: Path) -> Hashable:
    """Cache key that changes when the recording does. Raises InvalidParameter where there is none."""
    try:
        status = path.stat()
    except OSError:
        raise InvalidParameter("The reference recording cannot be read.", param="voice") from None
    return str(path), status.st_mtime_ns, status.st_size


def read_recording(path: Path, shortest: float, longest: float) -> io.BytesIO:
    """The first `longest` seconds of a recording as mono WAV. Raises InvalidParameter as `reference_samples` does."""
    samples = reference_samples(path, shortest, longest)
    return io.BytesIO(whole_file(samples, SAMPLE_RATE))


def reference_samples(path: Path, shortest: float, longest: float) -> Samples:
    """The first `longest` seconds of a recording, at SAMPLE_RATE.

    Raises InvalidParameter for one that is not audio, is silent, or lasts `shortest` seconds or less.
    """
    try:
        with path.open("rb") as file:
            samples = _first_seconds(Decoder(file, sample_rate=SAMPLE_RATE, max_seconds=float("inf")), longest)
    except (OSError, UndecodableAudio):
        raise InvalidParameter("The reference recording cannot be decoded.", param="voice") from None
    if len(samples) <= shortest * SAMPLE_RATE:
        raise InvalidParameter(f"The reference recording must be longer than {shortest:g} seconds.", param="voice")
    if float(np.sqrt(np.mean(np.square(samples)))) < SILENT:
        raise InvalidParameter("The reference recording is silent.", param="voice")
    return samples


def _first_seconds(decoder: Decoder, seconds: float) -> Samples:
    blocks: list[Samples] = []
    for block in decoder:
        blocks.append(block)
        if decoder.seconds >= seconds:
            break
    return np.concatenate(blocks)[: round(seconds * SAMPLE_RATE)]
