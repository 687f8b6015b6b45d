"""The audio formats of this dialect: how many bytes a second they are, how they are read and written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from routers.compat.realtime.session_schemas import PCM, Format
from stts.audio import g711
from stts.audio.pcm import PCMReader

G711_RATE = 8000
PCM_BYTES = 2
"""Bytes of a sample."""


def sample_rate(format: Format) -> int:
    return format.rate if isinstance(format, PCM) else G711_RATE


def bytes_per_second(format: Format) -> int:
    return format.rate * PCM_BYTES if isinstance(format, PCM) else G711_RATE


def reader(format: Format) -> PCMReader:
    """Returns a reader of the audio that a client sends."""
    return PCMReader(_NAMES[format.type], sample_rate(format))


@dataclass(frozen=True, slots=True)
class Voice:
    """Sound of a response."""

    name: str
    format: Format

    def encode(self, data: bytes) -> bytes:
        """Converts s16le at the format's rate to bytes of the format."""
        if isinstance(self.format, PCM):
            return data
        return g711.encode("pcmu" if self.format.type == "audio/pcmu" else "pcma", np.frombuffer(data, "<i2"))

    def wire(self) -> dict[str, Any]:
        return {"format": self.format.model_dump(), "voice": self.name}


_NAMES = {"audio/pcm": "pcm_s16le", "audio/pcmu": "pcmu", "audio/pcma": "pcma"}
