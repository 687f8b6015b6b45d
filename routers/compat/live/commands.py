"""Carries out what clients of a Live session send. What cannot be carried out is one error, and changes nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from middleware.edge.problem import plain_name
from routers.compat.live.command_schemas import (
    COMMANDS,
    EVENT_ID_CHARACTERS,
    Append,
    AudioAppend,
    Close,
    Command,
    DecisionCommand,
    FixturePlay,
    Mute,
    ResponseCommand,
    Start,
    Tone,
    Update,
)
from routers.compat.live.delegation.brain import AppendKind
from routers.compat.live.fixture import decoded, read_fixture
from routers.compat.live.session_object import UPDATABLE, check_known, ignored, read_delegation, unknown_fields
from routers.compat.live.state import LiveState
from routers.sockets.messages import parse_object
from stts.errors import Conflict, InvalidParameter, InvalidRequest, PayloadTooLarge

MOST_CHARACTERS = 15 * 1024 * 1024
"""Base64 in one message."""
MOST_COMMAS = 20_000
"""In one message: what has more of them than any command needs would take long to parse."""
SLICE_BYTES = 2400
"""Audio that is converted at once: what a resampler keeps for a session grows with it."""


class Commands:
    """Commands of one session, by whichever of its clients."""

    def __init__(self, state: LiveState) -> None:
        self._state = state
        self._table: dict[type[Command], Callable[[Any, str | None], Awaitable[None]]] = {
            Start: self._start,
            Update: self._update,
            AudioAppend: self._hear,
            Mute: self._mute,
            Append: self._append,
            FixturePlay: self._play,
            ResponseCommand: self._response,
            DecisionCommand: self._decide,
            Tone: self._tone,
            Close: self._close,
        }

    async def carry_out(self, message: dict[str, Any], event_id: str | None, *, attached: bool = False) -> None:
        """`attached`: it came by a sideband. Raises STTSError for a command that cannot be carried out."""
        command = COMMANDS.check(message)
        if isinstance(command, AudioAppend) and attached:
            raise InvalidRequest("Audio comes from the client that began the session.")
        if self._state.strict:
            check_known([plain_name(name) for name in command.model_extra or ()], strict=True)
        await self._table[type(command)](command, event_id)

    async def _start(self, command: Start, event_id: str | None) -> None:
        raise InvalidRequest("The session has started: there is one `session.start`, and it comes first.")

    async def _update(self, command: Update, event_id: str | None) -> None:
        state = self._state
        unknown = [f"session.{name}" for name in command.session if name not in UPDATABLE]
        if any(name.partition(".")[2] in type(state.object.fields).model_fields for name in unknown):
            raise InvalidParameter(
                "Of a session that has started only its delegation changes.", param=unknown[0], allowed=UPDATABLE
            )
        check_known(unknown, strict=state.strict)
        if command.session.get("triggers"):
            raise InvalidParameter("There are no triggers here.", param="session.triggers")
        if command.session.get("delegation") is not None:
            delegation = read_delegation(state.object.delegation, command.session["delegation"])
            unused = unknown_fields(delegation, "session.delegation")
            check_known(unused, strict=state.strict)
            unknown += unused
            state.object = state.object.with_delegation(await state.brain.updated(delegation))
        state.answer({"type": "session.updated", "session": state.object.wire()}, event_id)
        if unknown:
            state.answer(ignored(unknown), event_id)

    async def _hear(self, command: AudioAppend, event_id: str | None) -> None:
        if len(command.audio) > MOST_CHARACTERS:
            raise PayloadTooLarge(f"One message carries at most {MOST_CHARACTERS} characters of audio.", param="audio")
        audio = await decoded(command.audio)
        for start in range(0, len(audio), SLICE_BYTES):
            samples = self._state.link.decode(audio[start : start + SLICE_BYTES])
            if not self._state.closing:
                await self._state.hearing.hear(samples)

    async def _mute(self, command: Mute, event_id: str | None) -> None:
        muted = command.type == "session.input_audio.mute"
        hearing = self._state.hearing
        hearing.muted = muted
        self._state.answer({"type": f"session.input_audio.{'muted' if muted else 'unmuted'}"}, event_id)
        if muted:
            await hearing.end_turn()

    async def _append(self, command: Append, event_id: str | None) -> None:
        state = self._state
        state.require_open()
        if state.fixture:
            raise Conflict("A fixture is being played: append again when it was played.")
        kind: AppendKind = command.type.split(".")[1]  # type: ignore[assignment]  # the schema has no other
        await state.brain.append(kind, command.content, command.delegation_id)
        now = state.timeline.now
        state.answer({"type": f"session.{kind}.appended", "start_ms": now, "end_ms": now}, event_id)

    async def _play(self, command: FixturePlay, event_id: str | None) -> None:
        state = self._state
        state.require_open()
        if state.fixture:
            raise Conflict("A fixture is being played: there is one at a time.")
        await state.play_fixture(await read_fixture(command.audio, state.link.rate), event_id)

    async def _response(self, command: ResponseCommand, event_id: str | None) -> None:
        self._state.require_open()
        await self._state.brain.command(command.type, command.item)

    async def _decide(self, command: DecisionCommand, event_id: str | None) -> None:
        raise InvalidRequest(
            "Decisions are for sessions whose delegation is of type `decisions`, and there are none here."
        )

    async def _tone(self, command: Tone, event_id: str | None) -> None:
        raise InvalidRequest("There are no telephones here.")

    async def _close(self, command: Close, event_id: str | None) -> None:
        self._state.close(event_id)


def parsed(data: str | bytes) -> tuple[dict[str, Any], str | None]:
    """The message and its `event_id`. A binary message may hold JSON. Raises InvalidRequest and InvalidParameter."""
    if (data.count(",") if isinstance(data, str) else data.count(b",")) > MOST_COMMAS:
        raise PayloadTooLarge("This message has too many parts.")
    message = parse_object(data)
    event_id = message.get("event_id")
    if event_id is not None and (not isinstance(event_id, str) or len(event_id) > EVENT_ID_CHARACTERS):
        raise InvalidParameter(f"A string of at most {EVENT_ID_CHARACTERS} characters.", param="event_id")
    return message, event_id
