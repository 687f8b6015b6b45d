"""Audio formats of GPT-Live on a socket: one for both directions."""

from __future__ import annotations

import numpy as np

from routers.compat.live.session_schemas import PCM, Format
from stts.audio import g711
from stts.audio.g711 import Law
from stts.audio.pcm import PCMReader

_LAWS: dict[str, Law] = {"audio/pcmu": "pcmu", "audio/pcma": "pcma"}


def reader(format: Format) -> PCMReader:
    """Returns a reader of the audio that a client sends."""
    name = "pcm_s16le" if isinstance(format, PCM) else _LAWS[format.type]
    return PCMReader(name, format.rate)


def encode(type: str, pcm: bytes) -> bytes:
    """Converts s16le at the format's rate to bytes of the format of this type."""
    law = _LAWS.get(type)
    return pcm if law is None else g711.encode(law, np.frombuffer(pcm, "<i2"))
