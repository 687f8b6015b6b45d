"""The session object of a Live session: read from what a client sends, and told as the resource with its defaults."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from middleware.edge.problem import plain_name
from routers.compat.live.session_schemas import PCM, ClientDelegation, Delegation, Format, LiveSessionFields
from routers.compat.live.shape import Shape
from routers.sockets.messages import invalid
from stts.errors import InvalidParameter, STTSError, UnknownParameter

USUAL_VOICE = "marin"
"""Voice of a session whose client names none, at a listener that names none."""
MOST_NAMED = 10
"""Unknown fields that are told by name."""
UPDATABLE = ("delegation", "triggers")
_DELEGATION: TypeAdapter[Delegation] = TypeAdapter(Annotated[Delegation, Field(discriminator="type")])


@dataclass(frozen=True, slots=True)
class SessionObject:
    id: str
    fields: LiveSessionFields
    delegation: Delegation
    expires_at: int
    """Unix time."""
    voice: str = USUAL_VOICE
    format: Format | None = None
    """None: the transport has its own."""

    def with_delegation(self, delegation: Delegation) -> SessionObject:
        return replace(self, delegation=delegation)

    def wire(self) -> dict[str, Any]:
        fields = self.fields
        audio: dict[str, Any] = {"output": {"voice": self.voice}}
        if self.format is not None:
            audio["format"] = _known(self.format)
        told = {
            "id": self.id,
            "model": fields.model,
            "status": "active",
            "expires_at": self.expires_at,
            "audio": audio,
            "delegation": _known(self.delegation),
            "store": False,
        }
        if fields.instructions:
            told["instructions"] = fields.instructions
        if fields.input:
            told["input"] = [_known(item) for item in fields.input]
        if fields.client is not None and self.format is None:
            told["client"] = _known(fields.client)
        if fields.safety_identifier is not None:
            told["safety_identifier"] = fields.safety_identifier
        return told


def new_session_id() -> str:
    """Returns an id that nobody can guess: with it others may attach."""
    return f"live_{secrets.token_hex(16)}"


def read_session(given: Mapping[str, Any]) -> LiveSessionFields:
    """Raises InvalidParameter, with the field by its name from `session` on."""
    kind = given["delegation"].get("type") if isinstance(given.get("delegation"), Mapping) else None
    if kind == "decisions":
        raise InvalidParameter(
            "There are no decisions here: delegate to the app or to Responses.",
            param="session.delegation.type",
            allowed=["client", "responses"],
        )
    try:
        return LiveSessionFields.model_validate(_without_blanks(given))
    except ValidationError as error:
        raise _within_session(error, given) from None


def read_delegation(old: Delegation, given: Any) -> Delegation:
    """The delegation with changed settings. Raises InvalidParameter for another type."""
    if not isinstance(given, Mapping):
        raise InvalidParameter("A delegation is an object.", param="session.delegation")
    if given.get("type", old.type) != old.type:
        raise InvalidParameter(
            "A session keeps its type of delegation.", param="session.delegation.type", allowed=[old.type]
        )
    fields = {**_known(old), **given, "type": old.type}
    if "responses" in given and isinstance(given["responses"], Mapping):
        fields["responses"] = {**_known(old).get("responses", {}), **given["responses"]}
    try:
        return _DELEGATION.validate_python(fields)
    except ValidationError as error:
        raise _within_session(error, {"delegation": fields}, "delegation") from None


def delegation_of(fields: LiveSessionFields) -> Delegation:
    return fields.delegation or ClientDelegation()


def format_of(fields: LiveSessionFields) -> Format:
    """The audio of a socket."""
    given = fields.audio.format if fields.audio is not None else None
    return given or PCM(type="audio/pcm")


def unknown_fields(shape: BaseModel, path: str = "session") -> list[str]:
    """The names of fields that nobody here knows, as plain names."""
    return list(_unknown(shape, path))


def without_effect(fields: LiveSessionFields, *, by_webrtc: bool) -> list[str]:
    """Fields that are known and change nothing: inference runs only while somebody speaks, so there is nothing to be
    paused; and a socket is the application's own, which has all rights."""
    names = ["wake_policy", "idle_timeout_s", *([] if by_webrtc else ["client"])]
    return [f"session.{name}" for name in names if getattr(fields, name) is not None]


def check_known(unknown: list[str], *, strict: bool) -> None:
    """Raises UnknownParameter for the first, where fields have to be known."""
    if strict and unknown:
        raise UnknownParameter("There is no such field.", param=unknown[0])


def ignored(unknown: list[str]) -> dict[str, Any]:
    """The one notice of fields that are ignored."""
    named = ", ".join(unknown[:MOST_NAMED])
    more = f" and {len(unknown) - MOST_NAMED} more" if len(unknown) > MOST_NAMED else ""
    return {"type": "info", "code": "ignored_parameters", "message": f"Without effect here: {named}{more}."}


def _unknown(shape: BaseModel, path: str) -> Iterator[str]:
    if isinstance(shape, Shape) and shape.ignored:
        yield f"{path} ({plain_name(str(getattr(shape, 'type', '')))})"
        return
    for name in shape.model_extra or ():
        yield f"{path}.{plain_name(name)}"
    for name in type(shape).model_fields:
        value = getattr(shape, name)
        for each in value if isinstance(value, list) else (value,):
            if isinstance(each, BaseModel):
                yield from _unknown(each, f"{path}.{name}")


def _known(shape: Shape) -> dict[str, Any]:
    """The fields of a shape that the client or a default has set, without those that nobody knows."""
    fields = {name: getattr(shape, name) for name in type(shape).model_fields}
    return {name: _told(value) for name, value in fields.items() if value is not None}


def _told(value: Any) -> Any:
    if isinstance(value, list):
        return [_told(each) for each in value if not (isinstance(each, Shape) and each.ignored)]
    return _known(value) if isinstance(value, Shape) else value


def _without_blanks(given: Mapping[str, Any]) -> dict[str, Any]:
    """Blank instructions are none, and a delegation without a type is the usual one."""
    fields = dict(given)
    if isinstance(fields.get("instructions"), str) and not fields["instructions"].strip():
        fields["instructions"] = None
    if isinstance(fields.get("delegation"), Mapping):
        fields["delegation"] = {"type": "client", **fields["delegation"]}
    audio = fields.get("audio")
    if isinstance(audio, Mapping) and isinstance(audio.get("format"), str):
        fields["audio"] = {**audio, "format": {"type": audio["format"]}}
    return fields


def _within_session(error: ValidationError, given: Any, start: str = "") -> STTSError:
    """The error about the first wrong field, by the names that its client used: those of union members are ours."""
    path = [*filter(None, [start]), *error.errors(include_url=False, include_input=False)[0]["loc"]]
    if path[0] == "delegation" and path[1:2] in (["client"], ["responses"]):
        del path[1]  # the member of the union
    found: Any = given
    names = []
    for part in path:
        if isinstance(part, str) and part.startswith("a "):
            continue  # so are these
        try:
            found = found[part]
        except (KeyError, IndexError, TypeError):
            if part != path[-1]:
                continue
        names.append(plain_name(str(part)))
    if error.errors(include_url=False, include_input=False)[0]["type"] == "union_tag_invalid":
        names.append("type")
    told = invalid(error)
    told.param = ".".join(["session", *names])
    told.message = f"{told.param}: {told.message.partition(': ')[2]}"
    return told
