"""The session object of a translation session: effective values, of which a client may change `audio`."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from routers.compat.realtime.interpreting.schemas import InterpretedSession
from routers.compat.realtime.reading import meant
from routers.sockets.messages import invalid
from stts.errors import InvalidParameter

KIND = "translation"
CHANGED_IN_PARTS = frozenset({"audio", "input", "output", "noise_reduction"})
"""Objects whose fields are changed one by one; others are replaced."""
OFF = frozenset({"transcription", "noise_reduction"})
"""Objects that null turns off; elsewhere it changes nothing."""


@dataclass(frozen=True, slots=True)
class SessionObject:
    id: str
    shape: InterpretedSession
    expires_at: int
    """Unix time."""

    @property
    def language(self) -> str:
        return self.shape.audio.output.language

    @property
    def tells_source(self) -> bool:
        """The words of the speaker are told, too."""
        return self.shape.audio.input.transcription is not None

    def updated(self, given: Mapping[str, Any]) -> SessionObject:
        """Applies the fields that may change. Raises InvalidParameter; what cannot change and is the same is taken."""
        given = meant(given)
        for name, value in (("type", KIND), ("model", self.shape.model)):
            if given.get(name) not in (None, value):
                raise InvalidParameter(f"The {name} of a session stays.", param=f"session.{name}", allowed=[value])
        return replace(self, shape=_read(_merged(self.shape.model_dump(), {"audio": given.get("audio")})))

    def wire(self) -> dict[str, Any]:
        return {"id": self.id, "expires_at": self.expires_at, **self.shape.model_dump()}


def new_session(given: Mapping[str, Any], expires_at: int) -> SessionObject:
    """A session as a client wants it. Raises InvalidParameter."""
    given = meant(given)
    if given.get("type") not in (None, KIND):
        raise InvalidParameter("These are sessions of translation.", param="session.type", allowed=[KIND])
    fields = _merged({"type": KIND}, {name: given.get(name) for name in ("model", "audio")})
    return SessionObject(f"sess_{secrets.token_hex(12)}", _read(fields), expires_at)


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(old)
    for name, value in new.items():
        before = result.get(name)
        if name in CHANGED_IN_PARTS and isinstance(value, Mapping):
            result[name] = _merged(before if isinstance(before, Mapping) else {}, value)
        elif value is not None or name in OFF:
            result[name] = value
    return result


def _read(fields: Mapping[str, Any]) -> InterpretedSession:
    try:
        return InterpretedSession.model_validate(fields)
    except ValidationError as error:
        wrong = invalid(error)
        wrong.param = f"session.{wrong.param}"
        raise wrong from None
