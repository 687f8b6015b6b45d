"""Models by Deepgram's names: those of its own mean whatever listens or speaks here, and engines go by theirs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

from adapters.hosted_names import ModelCatalogue
from routers.compat.deepgram.options import DeepgramOptions
from stts import __version__
from stts.errors import UnknownModel

LISTENING = re.compile(
    r"(nova|enhanced|base|whisper|flux|2)([-.].*)?|general|meeting|phonecall|voicemail|finance|conversationalai|video",
    re.IGNORECASE,
)
"""Deepgram's own models that listen, of all its generations."""
SPEAKING = re.compile(r"aura(-2)?-[a-z]+-(?P<language>[a-z]{2})", re.IGNORECASE)
"""Its own voices, which are models that speak: generation, name, language."""
DEFAULT_LISTENING, DEFAULT_SPEAKING = "base", "aura-asteria-en"
"""Models of requests that name none."""


def listening_engine(model: str, models: ModelCatalogue, options: DeepgramOptions) -> str:
    """Raises UnknownModel."""
    if model in options.models:
        return options.models[model]
    try:
        return models.engine(model, "stt")
    except UnknownModel:
        if LISTENING.fullmatch(model) is None:
            raise
    return options.listen_engine


@dataclass(frozen=True, slots=True)
class Speaker:
    """A model that speaks, in terms of this server; None: as the listener says."""

    voice: str | None = None
    language: str | None = None
    engine: str | None = None


def speaker(model: str, models: ModelCatalogue, options: DeepgramOptions) -> Speaker:
    """A voice that was named for the model, a voice of Deepgram's own, an engine, or a voice of this server."""
    hosted = SPEAKING.fullmatch(model)
    language = hosted["language"].lower() if hosted is not None else None
    if model in options.voices:
        return Speaker(options.voices[model])
    if hosted is not None:
        return Speaker(language=language)
    if model in models.names("tts"):
        return Speaker(engine=models.engine(model, "tts"))
    return Speaker(model)


def model_uuid(name: str) -> str:
    """An id of a model that is the same on every server."""
    return str(uuid5(NAMESPACE_URL, f"stts:{name}"))


def model_info(name: str, engine: str | None) -> dict[str, str]:
    return {"name": name, "version": __version__, "arch": engine or name}
