"""The session object of a connection: effective values, merged piece by piece. It changes only as a whole."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from routers.compat.realtime.reading import meant
from routers.compat.realtime.session_schemas import (
    USUAL_VOICE,
    RealtimeSession,
    ServerVAD,
    TranscriptionSession,
    TurnDetection,
)
from routers.sockets.messages import invalid
from stts.errors import InvalidParameter, STTSError
from stts.hosted_models import commits_turns

MERGED = frozenset({"audio", "input", "output", "transcription", "turn_detection", "noise_reduction"})
"""Objects whose fields are changed one by one; others are replaced."""
NULLABLE = frozenset(
    {
        "transcription", "noise_reduction", "turn_detection", "idle_timeout_ms", "include", "reasoning", "tracing",
        "prompt", "language", "languages", "keywords", "delay", "temperature",
    }
)  # fmt: skip
"""Fields that null clears; elsewhere it changes nothing."""

Shapes = RealtimeSession | TranscriptionSession
AUTO_MODEL = "auto"


@dataclass(frozen=True, slots=True)
class SessionObject:
    id: str
    shape: Shapes
    expires_at: int
    """Unix time."""
    named: bool = False
    """The client has said which model it wants."""
    turns_named: bool = False
    """The client has said how turns end."""

    @property
    def speaks(self) -> RealtimeSession | None:
        return self.shape if isinstance(self.shape, RealtimeSession) else None

    @property
    def turns(self) -> TurnDetection | None:
        return self.shape.audio.input.turn_detection

    @property
    def hears_live(self) -> bool:
        """True if words are told before the client has ended their turn, as the hosted live models do."""
        transcription = self.shape.audio.input.transcription
        return self.turns is None and transcription is not None and commits_turns(transcription.model)

    def updated(self, patch: Mapping[str, Any]) -> SessionObject:
        """Applies the fields that a client has sent. Raises InvalidParameter.

        A model stays once it was named: clients name one in the address, and send their own default here.
        """
        patch = meant(patch)
        if patch.get("type", self.shape.type) != self.shape.type:
            raise InvalidParameter("A session cannot change its type.", param="session.type", allowed=[self.shape.type])
        named = patch.get("model") not in (None, AUTO_MODEL)
        shape = parsed(type(self.shape), merged(self.shape.model_dump(), patch))
        if self.named:
            shape = _with_model_of(self.shape, shape)
        turns_named = self.turns_named or "turn_detection" in _input(patch)
        if not turns_named:
            shape = _with_usual_turns(shape)
        return replace(self, shape=shape, named=self.named or named, turns_named=turns_named)

    def wire(self) -> dict[str, Any]:
        kind = "realtime.session" if self.speaks else "realtime.transcription_session"
        fields = self.shape.model_dump()
        if fields.get("temperature") is None:
            fields.pop("temperature", None)
        return {"id": self.id, "object": kind, "expires_at": self.expires_at, **fields}


def opened(type: str, model: str | None, expires_at: int, voice: str = USUAL_VOICE) -> SessionObject:
    """A new one with its defaults, `voice` among them. Raises InvalidParameter for a model that is no name."""
    id = f"sess_{secrets.token_hex(12)}"
    if type == "transcription":
        patch = {"audio": {"input": {"transcription": {"model": model or AUTO_MODEL}}}}
        shape = _with_usual_turns(parsed(TranscriptionSession, {"type": type, **patch}))
        return SessionObject(id, shape, expires_at)
    audio = {"output": {"voice": voice}}
    shape = parsed(RealtimeSession, {"type": "realtime", "model": model or AUTO_MODEL, "audio": audio})
    return SessionObject(id, shape, expires_at, named=model is not None)


def merged(old: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """The old fields with the new ones over them. An object of another type replaces the old one."""
    result = dict(old)
    for name, value in patch.items():
        before = result.get(name)
        if value is None and name not in NULLABLE:
            continue
        if name in MERGED and isinstance(value, Mapping) and isinstance(before, Mapping) and _same_type(before, value):
            result[name] = merged(before, value)
        else:
            result[name] = value
    return result


def parsed(shape: type[Shapes], fields: Mapping[str, Any]) -> Shapes:
    try:
        return shape.model_validate(fields)
    except ValidationError as error:
        raise _within_session(invalid(error)) from None


def _within_session(error: STTSError) -> STTSError:
    error.param = f"session.{error.param}"
    return error


def _same_type(before: Mapping[str, Any], value: Mapping[str, Any]) -> bool:
    return bool(value.get("type", before.get("type")) == before.get("type"))


def _input(patch: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields of a patch that are about what is heard."""
    audio = patch.get("audio")
    given = audio.get("input") if isinstance(audio, Mapping) else None
    return given if isinstance(given, Mapping) else {}


def _with_usual_turns(shape: Shapes) -> Shapes:
    """Default turn detection: by silence, or by the client under models that leave it to it."""
    if not isinstance(shape, TranscriptionSession):
        return shape
    given = shape.audio.input
    model = given.transcription.model if given.transcription is not None else ""
    turns = None if commits_turns(model) else ServerVAD(type="server_vad")
    audio = shape.audio.model_copy(update={"input": given.model_copy(update={"turn_detection": turns})})
    return shape.model_copy(update={"audio": audio})


def _with_model_of(old: Shapes, new: Shapes) -> Shapes:
    if isinstance(old, RealtimeSession) and isinstance(new, RealtimeSession):
        return new.model_copy(update={"model": old.model})
    return new
