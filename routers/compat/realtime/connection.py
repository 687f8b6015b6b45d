"""One client on its socket: its commands in, its events out, in whichever of the two dialects it speaks."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

from routers.compat.realtime import beta
from routers.compat.realtime.commands import Commands
from routers.compat.realtime.event_encoder import EventEncoder, error_event
from routers.compat.realtime.joining import Guest, Guests
from routers.compat.realtime.line import LineAudio
from routers.compat.realtime.response import Event
from routers.compat.realtime.unset import without_unset
from routers.sockets.messages import parse_object
from routers.sockets.parts import until_first
from routers.sockets.socket import Socket
from stts.conversation.session import ConversationSession
from stts.errors import InvalidParameter, InvalidRequest, SessionExpired, STTSError

EVENT_ID_CHARACTERS = 512
APPEND = "input_audio_buffer.append"
HEAD_CHARACTERS = 256
"""Characters of a message among which its type stands where clients write it first."""
HEARD_IN_ORDER = frozenset(
    {APPEND, "input_audio_buffer.commit", "input_audio_buffer.clear", "output_audio_buffer.clear"}
)
"""Commands that the session obeys one behind the other, and answers when it has."""


@asynccontextmanager
async def within(minutes: float) -> AsyncIterator[None]:
    """Limits how long a session may last. Raises SessionExpired when that is over."""
    try:
        async with asyncio.timeout(minutes * 60) as limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        raise SessionExpired(f"A session lasts {minutes:g} minutes at most.") from None


class EventIds:
    """Ids of the events of one connection."""

    def __init__(self) -> None:
        self._prefix = f"event_{secrets.token_hex(6)}"
        self._number = 0

    def next(self) -> str:
        self._number += 1
        return f"{self._prefix}{self._number}"


class Connection:
    def __init__(
        self,
        socket: Socket,
        session: ConversationSession,
        commands: Commands,
        encoder: EventEncoder,
        ids: EventIds,
        *,
        older: bool,
        line: LineAudio | None = None,
    ) -> None:
        """`older`: the client speaks the older dialect. `line`: audio that goes by a track instead of events."""
        self._line = line
        self._socket, self._session, self._commands = socket, session, commands
        self._encoder, self._ids = encoder, ids
        self._older = older
        self._progress = asyncio.Event()
        """Something was told of what the session has heard."""
        self._obeying = False
        """A command is being carried out, or its answers are being told."""
        self._began = False
        """The client has said something that shows its dialect."""
        self.guests = Guests()
        self._turn = asyncio.Lock()
        """Commands are carried out one at a time, whoever they come from."""
        self._hung_up = asyncio.Event()

    async def run(self, conversation: str) -> None:
        object = self._commands.object
        await self._say({"type": "session.created", "session": object.wire()})
        # Clients of the current dialect read the first events by position, and the hosted service sends it no more.
        if self._older and object.speaks is not None:
            about = {"id": conversation, "object": "realtime.conversation"}
            await self._say({"type": "conversation.created", "conversation": about})
        parts = [self._listen(), self._tell(), self._socket.quota_end.at_rest(self)]
        if self._line is not None:
            parts += [self._line.hear(self._session), self._line.playback.finish(self._say)]
            parts += [self.guests.obey(self._obey_guest), self._until_hung_up()]
        try:
            await until_first(*parts)
        finally:
            self.guests.end()

    def greeting(self) -> Event:
        return self._numbered({"type": "session.created", "session": self._commands.object.wire()})

    def hang_up(self) -> None:
        self._hung_up.set()

    async def _until_hung_up(self) -> None:
        await self._hung_up.wait()

    def wind_down(self) -> None:
        self._session.wind_down()

    @property
    def at_rest(self) -> bool:
        """Nothing that was begun is unfinished or untold, as a recording that came in one piece."""
        return self._session.at_rest and not self._obeying

    async def _tell(self) -> None:
        async with aclosing(self._session.events()) as events:
            async for event in events:
                if self._line is None:
                    for message in self._encoder.to_messages(event):
                        await self._say(message)
                else:
                    async with aclosing(self._line.playback.told(event, self._encoder)) as messages:
                        async for message in messages:
                            await self._say(message)
                for message in self._commands.resume():
                    await self._say(message)
                self._progress.set()

    def _hear_now(self, data: str | bytes) -> bool:
        """Takes a command that brings audio, where nobody's is being carried out; False: it is obeyed in its turn."""
        if isinstance(data, bytes) or APPEND not in data[:HEAD_CHARACTERS] or self._turn.locked():
            return False
        try:
            message = parse_object(data)
            _event_id(message)
            return message.get("type") == APPEND and self._commands.hear_now(message)
        except STTSError:
            return False  # and it is told in its turn

    async def _listen(self) -> None:
        self._socket.incoming.hear_now = self._hear_now
        async for data in self._socket:
            await self._obey(data, self._current, self._send)

    async def _obey_guest(self, guest: Guest, data: str | bytes) -> None:
        async def tell(error: Event) -> None:
            guest.tell(self._numbered(error))

        await self._obey(data, lambda message: message, tell)

    async def _obey(
        self,
        data: str | bytes,
        current: Callable[[dict[str, Any]], dict[str, Any]],
        tell_error: Callable[[Event], Awaitable[None]],
    ) -> None:
        """`current`: puts a command into the current dialect. What it brings about is told to all, an error to one."""
        async with self._turn:
            event_id, self._obeying = None, True
            try:
                message = parse_object(_text(data))
                event_id = _event_id(message)
                if not _is_heard_in_order(message):
                    await self._catch_up()
                for event in await self._commands.carry_out(current(message), event_id):
                    await self._say(event)
            except STTSError as error:
                await self._catch_up()
                await tell_error(error_event(error, event_id))
            self._obeying = False

    async def _catch_up(self) -> None:
        """Waits until all that the client has ended or taken back is answered: answers keep the order of commands."""
        while not self._encoder.caught_up:
            self._progress.clear()
            await self._progress.wait()

    def _current(self, message: dict[str, Any]) -> dict[str, Any]:
        """The command in the current dialect."""
        if not self._began and message.get("type") in ("session.update", "transcription_session.update"):
            self._began = True
            self._older = self._older or beta.is_flat(message)
        return beta.incoming(message) if self._older else message

    async def _say(self, event: Event) -> None:
        if self.guests:
            self.guests.tell(self._numbered(event))
        await self._send(event)

    async def _send(self, event: Event) -> None:
        """Tells the caller alone."""
        message = beta.outgoing(event) if self._older else event
        if message is not None:
            await self._socket.send_json(self._numbered(message))

    def _numbered(self, event: Event) -> Event:
        return {"event_id": self._ids.next(), **without_unset(event)}


def _is_heard_in_order(message: dict[str, Any]) -> bool:
    kind = message.get("type")  # which may be anything
    return isinstance(kind, str) and kind in HEARD_IN_ORDER


def _text(data: str | bytes) -> str:
    if isinstance(data, bytes):
        raise InvalidRequest("Commands are JSON in text messages; audio goes into input_audio_buffer.append.")
    return data


def _event_id(message: dict[str, Any]) -> str | None:
    event_id = message.get("event_id")
    if event_id is None:
        return None
    if not isinstance(event_id, str) or len(event_id) > EVENT_ID_CHARACTERS:
        raise InvalidParameter(f"A string of at most {EVENT_ID_CHARACTERS} characters.", param="event_id")
    return event_id
