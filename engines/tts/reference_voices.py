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
    """LRU cache of voices prepared by the model, at most `limit` of them.

    A voice of a recording that has been removed goes when the next voice is asked for.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._voices: OrderedDict[Hashable, Any] = OrderedDict()
        self._recordings: dict[Hashable, Path] = {}

    def __len__(self) -> int:
        return len(self._voices)

    def get(self, key: Hashable, make: Callable[[], Any], recording: Path | None = None) -> Any:
        """The voice of a key, made where it is not there. `recording`: the file that it is made of."""
        self._drop_removed()
        if key not in self._voices:
            self._voices[key] = make()
            if recording is not None:
                self._recordings[key] = recording
        self._voices.move_to_end(key)
        while len(self._voices) > self._limit:
            oldest, _ = self._voices.popitem(last=False)
            self._recordings.pop(oldest, None)
        return self._voices[key]

    def clear(self) -> None:
        self._voices.clear()
        self._recordings.clear()

    def _drop_removed(self) -> None:
        for key, recording in list(self._recordings.items()):
            if not recording.exists():
                del self._recordings[key], self._voices[key]


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
