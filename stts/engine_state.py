"""An engine as seen from outside: its state, the result of a probe, and the name that lets the server choose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

EngineKind = Literal["tts", "stt", "vad", "turn", "speaker"]
EngineState = Literal["not_installed", "needs_model", "cold", "loading", "ready", "failed"]
"""`needs_model`: its libraries are here, its model is not, and a load does not fetch it."""
BreakerState = Literal["closed", "open", "half_open"]
"""Circuit breaker of an engine: it works, it rests after failures, it is being tried."""

AUTO = "auto"
"""The engine name that lets the server choose."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A synthesis or transcription that was really run."""

    ok: bool
    at: float
    """Unix time."""
    seconds: float
    """Duration of the probe in seconds."""
    error: str | None = None
    """Machine code of the error; None: it succeeded."""
