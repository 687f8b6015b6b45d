"""The TTS Batch API as a system: the defaults of its listener, and the names of its environment file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from routers.foreign_environment import ForeignEnvironment
from routers.profile import Profile, Translated
from stts.errors import InvalidConfiguration

HOUR_SECONDS = 3600.0
WEEK_HOURS = 168.0
NETWORK = ".onnx"
REDIS_PORT = 6379
LEVELS = {"critical": "error", "fatal": "error", "warn": "warning", "notset": "debug"}
"""Levels of Python's logging that the server does not have."""
NO_TOKEN = "ALLOWED_USER_TOKEN must be set: it is the token that clients send as the header user-token."


def read_environment(variables: Mapping[str, str]) -> Translated:
    """Raises InvalidConfiguration without a token, as the system itself refuses to start."""
    read = ForeignEnvironment(variables)
    token = read.text("ALLOWED_USER_TOKEN")
    if token is None:
        raise InvalidConfiguration(NO_TOKEN, param="ALLOWED_USER_TOKEN")
    listener: dict[str, Any] = {"security": {"api_key": token}}
    if (host := read.text("HOST")) is not None:
        listener["host"] = host
    if (port := read.whole_number("PORT", least=1)) is not None:
        listener["port"] = port
    seconds = read.number("CACHE_TTL")
    if read.flag("ENABLE_CACHE") is False:
        seconds = 0.0
    if seconds is not None:
        listener["cache_hours"] = seconds / HOUR_SECONDS
    if (voice := read.text("TTS_MODEL", "TTS_DEFAULT_MODEL")) is not None:
        listener["output"] = {"voice": _voice(voice)}
    return Translated(listener=listener, settings=_settings(read), unknown=read.unknown)


def _settings(read: ForeignEnvironment) -> dict[str, Any]:
    settings: dict[str, Any] = {"storage": {"home_when_read_only": True}}
    if (url := _redis(read)) is not None:
        settings["cache"] = {"redis_url": url}
    if (level := read.text("LOG_LEVEL")) is not None:
        settings["logging"] = {"level": LEVELS.get(level.lower(), level.lower())}
    models = [_voice(each) for each in read.texts("TTS_AVAILABLE_MODELS") or ()]
    if (voice := read.text("TTS_MODEL", "TTS_DEFAULT_MODEL")) is not None:
        models.append(_voice(voice))
    if models:
        # It fetches at its start what it has not, and keeps all of it loaded.
        settings["models"] = {"wanted": list(dict.fromkeys(models))}
    piper: dict[str, Any] = {}
    if (folder := read.text("ASSETS_DIR", "TTS_ASSETS_DIR")) is not None:
        piper["voices"] = [folder]
    if models:
        piper["loaded_voices"] = len(set(models))
    if piper:
        settings["engines"] = {"options": {"piper": piper}}
    return settings


def _voice(model: str) -> str:
    """The voice of a model, which may be named as its file is."""
    return model.removesuffix(NETWORK)


def _redis(read: ForeignEnvironment) -> str | None:
    """The address of Redis, or of Valkey, which speaks the same."""
    host = read.text("REDIS_HOST", "VALKEY_HOST")
    port = read.whole_number("REDIS_PORT", "VALKEY_PORT", least=1) or REDIS_PORT
    password = read.text("REDIS_PASSWORD", "VALKEY_PASSWORD")
    url = read.text("REDIS_URL", "VALKEY_URL")
    if url is not None or host is None:
        return url.replace("valkey://", "redis://", 1) if url is not None else None
    return f"redis://:{quote(password, safe='')}@{host}:{port}" if password else f"redis://{host}:{port}"


BATCH_API = Profile(
    name="batch-api",
    title="TTS Batch API",
    dialects=("batch-api",),
    port=8000,
    defaults={
        # It is called by the names of containers; the token guards it.
        "security": {"allowed_hosts": ["*"]},
        "output": {"format": "pcm", "sample_rate": 22_050},
        "cache_hours": WEEK_HOURS,
    },
    read_environment=read_environment,
)
