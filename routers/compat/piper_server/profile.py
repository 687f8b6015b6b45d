"""The Piper TTS Server as a system: the defaults of its listener, and the names of its environment file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from routers.foreign_environment import ForeignEnvironment
from routers.profile import Profile, Translated

HOUR_SECONDS = 3600.0
MINUTE_SECONDS = 60.0
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
EVERYBODY = ["*"]


def read_environment(variables: Mapping[str, str]) -> Translated:
    read = ForeignEnvironment(variables)
    listener: dict[str, Any] = {}
    _put(listener, "port", read.whole_number("PORT", least=1))
    security = _security(read)
    if (host := read.text("HOST")) is not None:
        listener["host"] = host
        if host not in LOOPBACK:
            # It has no keys, and its operator says where it is to listen.
            security["allow_open"] = True
    _put(listener, "security", security or None)
    _put(listener, "limits", _limits(read) or None)
    output: dict[str, Any] = {}
    _put(output, "text_characters", read.whole_number("MAX_TEXT_LENGTH", least=1))
    _put(output, "voice", read.text("DEFAULT_MODEL"))
    _put(listener, "output", output or None)
    seconds = 0.0 if read.flag("ENABLE_CACHING") is False else None
    ages = read.number("CACHE_TTL")
    if (seconds if seconds is not None else ages) is not None:
        listener["cache_hours"] = (seconds if seconds is not None else ages or 0.0) / HOUR_SECONDS
    if (speaker := read.text("DEFAULT_SPEAKER")) is not None:
        listener["options"] = {"default_speaker": speaker}
    return Translated(listener=listener, settings=_settings(read), unknown=read.unknown)


def _security(read: ForeignEnvironment) -> dict[str, Any]:
    """Web pages of all origins use that system where its file does not say."""
    enabled, origins = read.flag("ENABLE_CORS"), read.texts("ALLOWED_ORIGINS")
    return {} if enabled is False else {"allowed_origins": EVERYBODY if origins is None else origins}


def _limits(read: ForeignEnvironment) -> dict[str, Any]:
    limits: dict[str, Any] = {}
    requests = read.whole_number("RATE_LIMIT_REQUESTS", least=1)
    window = read.number("RATE_LIMIT_WINDOW", least=1) or MINUTE_SECONDS
    if requests is not None:
        limits["requests_per_minute"] = max(1, math.floor(requests * MINUTE_SECONDS / window))
    _put(limits, "operations_at_once", read.whole_number("MAX_CONCURRENT_REQUESTS", least=1))
    return limits


def _settings(read: ForeignEnvironment) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    if read.flag("DEBUG"):
        settings["logging"] = {"level": "debug"}
    if (folder := read.text("MODEL_DIR")) is not None:
        settings["engines"] = {"options": {"piper": {"voices": [folder]}}}
    return settings


def _put(values: dict[str, Any], name: str, value: object) -> None:
    if value is not None:
        values[name] = value


PIPER_SERVER = Profile(
    name="piper-server",
    title="Piper TTS Server",
    dialects=("piper-server",),
    port=5000,
    defaults={
        "limits": {
            "requests_per_minute": 60,
            "operations_per_minute": 10,
            "operations_at_once": 10,
            "place_seconds": 60,
        },
        "output": {"format": "wav", "text_characters": 500},
        "cache_hours": 1.0,
    },
    read_environment=read_environment,
)
