"""TTSKit as a system: the defaults of its listener."""

from __future__ import annotations

from routers.compat.ttskit.environment import read_environment
from routers.compat.ttskit.schemas import LANGUAGE, TEXT_CHARACTERS
from routers.profile import Profile

TTSKIT_PROFILE = Profile(
    name="ttskit",
    title="TTSKit",
    dialects=("ttskit",),
    port=8000,
    defaults={
        "output": {
            "format": "opus",
            # All of its audio had this rate, whatever the engine's.
            "sample_rate": 48_000,
            "language": LANGUAGE,
            "text_characters": TEXT_CHARACTERS,
        },
        "limits": {"requests_per_minute": 100},
        "cache_hours": 1.0,
    },
    read_environment=read_environment,
)
