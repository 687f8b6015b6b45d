"""One client of a translation session on its socket: audio in; transcripts, speech and errors out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from pybase64 import b64encode
from pydantic import BaseModel

from routers.compat.realtime.connection import EventIds
from routers.compat.realtime.event_encoder import error_event
from routers.compat.realtime.interpreting.interpreter import Interpretation
from routers.compat.realtime.interpreting.schemas import AppendAudio, CloseSession, Command, UpdateSession
from routers.compat.realtime.interpreting.session_object import SessionObject
from routers.compat.realtime.interpreting.speaker import Speaker
from routers.compat.realtime.microphone import Microphone
from routers.sockets.messages import Messages, parse_object
from routers.sockets.parts import until_first
from routers.sockets.quota_end import LOOK_SECONDS
from routers.sockets.socket import Socket
from stts.conversation.events import (
    AudioFrame,
    Failed,
    FinalTranscript,
    ReplyDelta,
    ReplyEnded,
    SessionEvent,
    SpeechStarted,
    TranscriptFailed,
    TurnCommitted,
)
from stts.conversation.session import ConversationSession
from stts.errors import InvalidRequest, STTSError

COMMANDS = Messages[BaseModel](UpdateSession, AppendAudio, CloseSession)
STEP_MS = 200
"""Steps in which `elapsed_ms` goes on."""
MOST_SOURCES = 16
"""Turns whose own words wait to be told."""

Interpret = Callable[[SessionObject], Awaitable[Interpretation]]
Event = dict[str, Any]


class InterpretingConnection:
    def __init__(
        self,
        socket: Socket,
        session: ConversationSession,
        object: SessionObject,
        interpretation: Interpretation,
        interpret: Interpret,
        microphone: Microphone,
        ids: EventIds,
    ) -> None:
        """`interpret` finds out who translates after a change of the session."""
        self._socket, self._session, self._object = socket, session, object
        self._interpretation, self._interpret = interpretation, interpret
        self._microphone, self._ids = microphone, ids
        self._speaker = Speaker(session, interpretation)
        self._sources: asyncio.Queue[bytes] = asyncio.Queue(MOST_SOURCES)
        self._telling = False
        """An event of the session is being told."""
        self._hearing_source = False
        self._source_told = False

    async def run(self) -> None:
        await self._say({"type": "session.created", "session": self._object.wire()})
        await until_first(self._listen(), self._tell(), self._tell_sources(), self._socket.quota_end.at_rest(self))

    def wind_down(self) -> None:
        self._session.wind_down()
        self._speaker.forget()

    @property
    def at_rest(self) -> bool:
        told = not self._telling and not self._hearing_source and self._sources.empty()
        return self._session.at_rest and self._speaker.idle and told

    async def _listen(self) -> None:
        async for data in self._socket:
            event_id = None
            try:
                if isinstance(data, bytes):
                    raise InvalidRequest("Commands are JSON in text messages.")
                message = parse_object(data)
                given = message.get("event_id")
                event_id = given if isinstance(given, str) and len(given) <= 512 else None
                command = COMMANDS.check(message)
                assert isinstance(command, Command)
                if isinstance(command, CloseSession):
                    await self._flush()
                    await self._say({"type": "session.closed"})
                    return
                await self._obey(command)
            except STTSError as error:
                await self._say(error_event(error, event_id))

    async def _obey(self, command: Command) -> None:
        if isinstance(command, AppendAudio):
            async with aclosing(self._microphone.heard(command.audio)) as pieces:
                async for samples in pieces:
                    await self._speaker.room()
                    await self._session.hear(samples)
        elif isinstance(command, UpdateSession):
            object = self._object.updated(command.session)
            interpretation = await self._interpret(object)
            await self._session.configure(interpretation.config)
            self._object, self._interpretation = object, interpretation
            self._speaker.use(interpretation)
            await self._say({"type": "session.updated", "session": object.wire()})

    async def _flush(self) -> None:
        """Waits until all that was said is translated and told."""
        self._session.wind_down()
        while not self.at_rest:  # noqa: ASYNC110 - many things bring it to rest
            await asyncio.sleep(LOOK_SECONDS)

    async def _tell(self) -> None:
        async with aclosing(self._session.events()) as events:
            async for event in events:
                self._telling = True
                await self._told(event)
                self._telling = False

    async def _told(self, event: SessionEvent) -> None:
        match event:
            case SpeechStarted():
                self._microphone.input_audio.want(event.at)
            case TurnCommitted():
                audio = self._microphone.input_audio.take(event.seconds, pushed=event.pushed)
                if audio and self._interpretation.by_engine and self._object.tells_source:
                    await self._sources.put(audio)
            case FinalTranscript():
                if not self._interpretation.by_engine:
                    await self._tell_source(event.text)
                self._speaker.say(event.text)
            case ReplyDelta():
                await self._fragment("session.output_transcript.delta", self._speaker.text(event.text))
            case AudioFrame():
                audio_fields = {"format": "pcm16", "sample_rate": 24_000, "channels": 1}
                delta = b64encode(event.data).decode()
                await self._fragment("session.output_audio.delta", delta, **audio_fields)
            case ReplyEnded():
                if event.error is not None:
                    await self._say(error_event(event.error))
                self._speaker.ended(event.generation)
            case TranscriptFailed() | Failed():
                await self._say(error_event(event.error))
            case _:
                pass  # What other dialects tell.

    async def _tell_sources(self) -> None:
        """Hears once more, in their own language, the turns that an engine has translated."""
        while True:
            audio = await self._sources.get()
            self._hearing_source = True
            config = replace(self._session.config, listen=self._interpretation.source)
            try:
                await self._tell_source((await self._microphone.transcribed(b64encode(audio).decode(), config))[1])
            except STTSError as error:
                await self._say(error_event(error))
            self._hearing_source = False

    async def _tell_source(self, text: str) -> None:
        if self._object.tells_source and (text := text.strip()):
            await self._fragment("session.input_transcript.delta", f" {text}" if self._source_told else text)
            self._source_told = True

    async def _fragment(self, kind: str, delta: str, **fields: Any) -> None:
        if delta:
            elapsed = int(self._session.position * 1000) // STEP_MS * STEP_MS
            await self._say({"type": kind, "delta": delta, "elapsed_ms": elapsed, **fields})

    async def _say(self, event: Event) -> None:
        await self._socket.send_json({"event_id": self._ids.next(), **event})
