"""The TTS Discord System as a system: the defaults of its listener, and the names of its environment file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from routers.compat.tts_discord.schemas import PARAMETERS
from routers.compat.tts_discord.speech import TURBO
from routers.foreign_environment import ForeignEnvironment
from routers.profile import Profile, Translated
from stts.engine_state import AUTO
from stts.errors import InvalidConfiguration

LOOPBACK = ("127.0.0.1", "localhost", "::1")
DEVICES = ("auto", "cpu", "cuda", "mps")
LEVELS = {"critical": "error", "fatal": "error", "warn": "warning", "notset": "debug"}
"""Levels of Python's logging that the server does not have."""


def read_environment(variables: Mapping[str, str]) -> Translated:
    """Raises InvalidConfiguration for values that mean nothing."""
    read = ForeignEnvironment(variables)
    return Translated(listener=_listener(read), settings=_settings(read), unknown=read.unknown)


def _listener(read: ForeignEnvironment) -> dict[str, Any]:
    listener: dict[str, Any] = {}
    if (host := read.text("SERVER_HOST", "HOST")) is not None:
        listener["host"] = host
        if host not in LOOPBACK:
            # It knows no keys and no names of its own, and its operator says where it is to listen. Nothing here is
            # managed over HTTP.
            listener["security"] = {"allow_open": True, "allowed_hosts": ["*"]}
    if (port := read.whole_number("SERVER_PORT", "PORT", least=1)) is not None:
        listener["port"] = port
    if (folder := read.text("TTS_REFERENCES_DIR", "REFERENCES_DIR")) is not None:
        listener["options"] = {"references_dir": folder}
    if (origins := read.texts("ALLOWED_ORIGINS")) is not None:
        listener.setdefault("security", {})["allowed_origins"] = origins
    if (workers := read.whole_number("MAX_WORKERS", least=1)) is not None:
        listener["limits"] = {"operations_at_once": workers}
    if output := _output(read):
        listener["output"] = output
    return listener


def _output(read: ForeignEnvironment) -> dict[str, Any]:
    output: dict[str, Any] = {}
    model = read.text("MODEL")
    if model is not None and model.lower() != AUTO:
        output["engine"] = model.rpartition("/")[2].lower().replace("-", "_")
    values = {name: read.text(f"DEFAULT_{name.upper()}") for name in PARAMETERS}
    if any(value is not None for value in values.values()):
        output["parameters"] = {name: _parameter(read, name) for name, value in values.items() if value is not None}
    return output


def _parameter(read: ForeignEnvironment, name: str) -> float | int | bool | None:
    variable = f"DEFAULT_{name.upper()}"
    if name == "norm_loudness":
        return read.flag(variable)
    return read.whole_number(variable, least=1) if name == "top_k" else read.number(variable)


def _settings(read: ForeignEnvironment) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    if (device := read.text("DEVICE")) is not None:
        if device.lower().partition(":")[0] not in DEVICES:
            raise InvalidConfiguration(f"DEVICE: one of {', '.join(DEVICES)} is wanted", param="DEVICE")
        settings["engines"] = {"options": {TURBO: {"device": device.lower()}}}
    if (offline := read.flag("OFFLINE_MODE")) is not None:
        settings["models"] = {"offline": offline}
    if (level := read.text("LOG_LEVEL")) is not None:
        settings["logging"] = {"level": LEVELS.get(level.lower(), level.lower())}
    if (seconds := read.number("TIMEOUT")) is not None:
        settings["limits"] = {"total_seconds": seconds}
    return settings


DISCORD = Profile(
    name="discord",
    title="TTS Discord System",
    dialects=("discord",),
    port=5002,
    defaults={"output": {"format": "wav"}},
    read_environment=read_environment,
    clones=TURBO,
)
