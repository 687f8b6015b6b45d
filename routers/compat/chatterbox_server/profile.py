"""Chatterbox-TTS-Server as a system: the defaults of its listener, and names for an environment file.

That system itself is set by a file of its own, `config.yaml`; the names here are those of its settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from routers.compat.chatterbox_server.models_named import MODELS, engine_named
from routers.foreign_environment import ForeignEnvironment
from routers.profile import Profile, Translated
from stts.engine_state import AUTO

LOOPBACK = ("127.0.0.1", "localhost", "::1")
PARAMETERS = ("temperature", "exaggeration", "cfg_weight")


def read_environment(variables: Mapping[str, str]) -> Translated:
    """Raises InvalidConfiguration for values that mean nothing."""
    read = ForeignEnvironment(variables)
    listener: dict[str, Any] = {}
    if (host := read.text("HOST", "SERVER_HOST")) is not None:
        listener["host"] = host
        if host not in LOOPBACK:
            # It knows no keys, and its operator says where it is to listen.
            listener["security"] = {"allow_open": True}
    if (port := read.whole_number("PORT", "SERVER_PORT", least=1)) is not None:
        listener["port"] = port
    names = ("predefined_voices_path", "reference_audio_path")
    if options := {name: path for name in names if (path := read.text(name.upper())) is not None}:
        listener["options"] = options
    if output := _output(read):
        listener["output"] = output
    settings: dict[str, Any] = {}
    if (device := read.text("DEVICE", "TTS_DEVICE")) is not None:
        settings["engines"] = {"options": {name: {"device": device.lower()} for name in MODELS.values()}}
    return Translated(listener=listener, settings=settings, unknown=read.unknown)


def _output(read: ForeignEnvironment) -> dict[str, Any]:
    output: dict[str, Any] = {}
    if (model := read.text("MODEL", "MODEL_REPO_ID")) is not None and model.lower() != AUTO:
        output["engine"] = engine_named(model)
    if (voice := read.text("DEFAULT_VOICE_ID")) is not None:
        output["voice"] = voice
    if (language := read.text("LANGUAGE")) is not None:
        output["language"] = language
    if (rate := read.whole_number("SAMPLE_RATE", least=8000)) is not None:
        output["sample_rate"] = rate
    if parameters := {name: value for name in PARAMETERS if (value := read.number(name.upper())) is not None}:
        output["parameters"] = parameters
    return output


CHATTERBOX_SERVER = Profile(
    name="chatterbox-server",
    title="Chatterbox-TTS-Server",
    dialects=("chatterbox-server",),
    port=8004,
    # That system lets pages of all origins in; here they speak, and manage nothing.
    defaults={"output": {"format": "wav", "sample_rate": 24_000}, "security": {"allowed_origins": ["*"]}},
    read_environment=read_environment,
    clones="chatterbox_turbo",
)
