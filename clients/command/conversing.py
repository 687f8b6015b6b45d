"""A conversation over WS /ws/conversation/v2: sound goes both ways, and an interruption silences what is played.

What is shown, and where replies are heard, is the caller's.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, Protocol

from websockets.asyncio.client import ClientConnection

from clients.caller import Caller
from clients.command.incoming import BLOCK_BYTES, RATE, recorded, typed_lines
from clients.command.sockets import first_of, messages, opened, tell, until_interrupted

PATH = "/ws/conversation/v2"
OUTPUT_RATE = 24_000
HEADER_BYTES = 8
"""Number of the reply, number of the message: 32 bits each, little endian."""
DUCKED = 0.2
TELL_SECONDS = 0.1
"""Pause between two messages about what was played."""
REST_SECONDS = 1.0
"""Rest after which nothing more comes of a recording that has ended."""


class Player(Protocol):
    """Where replies are heard."""

    volume: float

    def write(self, generation: int, audio: bytes) -> None: ...

    def drop(self, generation: int) -> None: ...

    def heard(self) -> tuple[int, float] | None:
        """The reply that is played, and how many milliseconds of it; None: it is not known."""
        ...


Show = Callable[[dict[str, Any]], None]
"""Tells a person what the server says."""


@dataclass(frozen=True, slots=True)
class TalkOptions:
    query: Mapping[str, str]
    recording: str | None
    """Sound in place of the microphone's."""
    typed: bool
    """No sound: lines of the standard input are the user's."""
    interrupts: bool
    """False: while a reply is played nothing is heard."""


class OpenTurns:
    """Turns that were begun and are not over: of the user, and the replies to them."""

    def __init__(self) -> None:
        self._turns: set[int] = set()
        self._replies: set[int] = set()
        self._asked = False
        self.state = "listening"

    def ask(self) -> None:
        """A line goes out, to which a reply begins, however long a busy server takes for that."""
        self._asked = True

    def follow(self, event: dict[str, Any]) -> None:
        match event["type"]:
            case "speech_start":
                self._turns.add(event["turn"])
            case "transcript_failed" | "turn_metrics":
                self._turns.discard(event["turn"])
            case "transcript" if not event["text"]:
                self._turns.discard(event["turn"])
            case "reply.start":
                self._asked = False
                self._replies.add(event["generation"])
            case "error":
                self._asked = False
            case "reply.done":
                self._replies.discard(event["generation"])
            case "state":
                self.state = event["state"]

    @property
    def none(self) -> bool:
        return not (self._asked or self._turns or self._replies) and self.state == "listening"


class Conversation:
    """One session. `patient`: lines that are sent are no person's, who may go on before the answer."""

    def __init__(
        self, socket: ClientConnection, player: Player, show: Show, *, interrupts: bool, patient: bool
    ) -> None:
        self._socket = socket
        self._player = player
        self._show = show
        self._interrupts = interrupts
        self._patient = patient
        self._turns = OpenTurns()
        self._changed = asyncio.Event()

    async def run(
        self, sound: AsyncIterator[bytes], typed: AsyncIterator[str], stop: asyncio.Event, *, after: bool
    ) -> None:
        """Goes on until it is stopped, the typed lines end, or (`after`) the sound has ended and was answered.

        Raises CommandFailed.
        """
        await first_of(
            asyncio.create_task(self._receive()),
            asyncio.create_task(self._told()),
            asyncio.create_task(self._typed(typed)),
            asyncio.create_task(stop.wait()),
            asyncio.create_task(self._hear(sound, after=after)),
        )
        # A server that has left already knows.
        with suppress(OSError):
            await tell(self._socket, "close")

    async def _hear(self, sound: AsyncIterator[bytes], *, after: bool) -> None:
        async for block in sound:
            muted = not self._interrupts and self._turns.state == "speaking"
            await self._socket.send(bytes(BLOCK_BYTES) if muted else block)
        if not after:
            await asyncio.Event().wait()
        await tell(self._socket, "commit")
        await self._rest()

    async def _rest(self) -> None:
        """Waits until all turns are over and nothing has happened for a while."""
        while True:
            self._changed.clear()
            try:
                async with asyncio.timeout(REST_SECONDS if self._turns.none else None):
                    await self._changed.wait()
            except TimeoutError:
                return

    async def _receive(self) -> None:
        async for message in messages(self._socket):
            self._changed.set()
            if isinstance(message, bytes):
                generation = int.from_bytes(message[:4], "little")
                self._player.write(generation, message[HEADER_BYTES:])
                continue
            self._turns.follow(message)
            match message["type"]:
                case "duck":
                    self._player.volume = DUCKED
                case "unduck" | "resumed" | "reply.start":
                    self._player.volume = 1.0
                case "interrupted":
                    self._player.drop(message["generation"])
            self._show(message)

    async def _typed(self, lines: AsyncIterator[str]) -> None:
        """Sends them; those that do not come from a person (`patient`) each when the one before is answered."""
        async for line in lines:
            if line.strip():
                self._turns.ask()
                await tell(self._socket, "text", text=line.strip())
            if self._patient:
                await self._rest()

    async def _told(self) -> None:
        """Tells the server how much of a reply was played, so that it knows what was heard of one that is cut off."""
        last = None
        while True:
            await asyncio.sleep(TELL_SECONDS)
            if (heard := self._player.heard()) is not None and heard != last and heard[0]:
                last = heard
                await tell(self._socket, "played", generation=heard[0], ms=heard[1])


async def converse(caller: Caller, wishes: TalkOptions, player: Player, show: Show) -> None:
    """Raises CommandFailed."""
    query = {"rate": str(RATE), "output_rate": str(OUTPUT_RATE), **wishes.query}
    if not wishes.interrupts:
        query["interrupt"] = "false"
    patient = wishes.typed and not sys.stdin.isatty()
    async with until_interrupted() as stop, opened(caller, PATH, query) as socket, aclosing(_sound(wishes)) as sound:
        conversation = Conversation(socket, player, show, interrupts=wishes.interrupts, patient=patient)
        await conversation.run(sound, _lines(wishes), stop, after=wishes.recording is not None)


async def _sound(wishes: TalkOptions) -> AsyncGenerator[bytes]:
    if wishes.typed:
        return
    if wishes.recording is None:
        from clients.command.devices import microphone

        source = microphone()
    else:
        source = recorded(wishes.recording, paced=True)
    async with aclosing(source):
        async for block in source:
            yield block


async def _lines(wishes: TalkOptions) -> AsyncIterator[str]:
    """Lines that are typed; none, without end, where nobody types."""
    if not wishes.typed and not sys.stdin.isatty():
        await asyncio.Event().wait()
    async for line in typed_lines():
        yield line
