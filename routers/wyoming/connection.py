"""One Wyoming client: its events are read at all times, and at most one request of it is worked on; the next waits.

What goes wrong is told by one `error` event, then the connection is closed: clients wait for an answer or for the end
of the connection, and would wait for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

import structlog
from pydantic import BaseModel, ValidationError

from routers.sockets.messages import invalid
from routers.wyoming.frames import Event
from routers.wyoming.inbox import Handler, Inbox
from routers.wyoming.info import Describer
from routers.wyoming.outbox import Outbox
from routers.wyoming.schemas import (
    AudioShape,
    ProgramShape,
    SpeakShape,
    SynthesizeShape,
    TextShape,
    TranscribeShape,
)
from routers.wyoming.synthesize import Writing, synthesize
from routers.wyoming.transcribe import Transcription
from stts.conversation.services import SessionServices
from stts.errors import Conflict, ShuttingDown, STTSError, TextTooLong
from stts.settings import CurrentSettings
from stts.speech import SynthesisConfig
from stts.streams.live import LiveText
from stts.streams.spool import SpoolSpace

STALLED_SECONDS = 60.0
"""Seconds that a client may leave something half sent or unread where others need its slot."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()

Shape = TypeVar("Shape", bound=BaseModel)


class Connection:
    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        services: SessionServices,
        describer: Describer,
        settings: CurrentSettings,
        spools: SpoolSpace,
    ) -> None:
        self._reader = reader
        self._outbox = Outbox(writer, settings)
        self._services = services
        self._describer = describer
        self._settings = settings
        self._tasks = asyncio.TaskGroup()
        self._work: asyncio.Task[None] | None = None
        self._draining = False
        self._program: str | None = None
        self._wishes = TranscribeShape()
        self._audio = AudioShape()
        """Audio shape of audio-start; a chunk may override it."""
        self._transcription: Transcription | None = None
        """The transcription while audio arrives."""
        self._writing: Writing | None = None
        """The synthesis while text arrives."""
        self._handlers: Mapping[str, Handler] = {
            "describe": self._describe,
            "select-program": self._select_program,
            "transcribe": self._transcribe,
            "audio-start": self._audio_start,
            "audio-chunk": self._audio_chunk,
            "audio-stop": self._audio_stop,
            "synthesize": self._synthesize,
            "synthesize-start": self._synthesize_start,
            "synthesize-chunk": self._synthesize_chunk,
            "synthesize-stop": self._synthesize_stop,
        }
        self._inbox = Inbox(reader, spools, settings, {"ping": self._ping}, self._handlers)

    async def serve(self) -> None:
        """Serves the client until it leaves or an error occurs; then all its tasks have ended."""
        try:
            async with self._tasks:
                following = self._tasks.create_task(self._follow(), name="wyoming events")
                await self._inbox.fill(lambda: self._busy and not self._half_sent)
                following.cancel()
                if self._work is not None:
                    self._work.cancel()
        except* STTSError as errors:
            await self.refuse(_first(errors))
        except* OSError as errors:
            log.info("wyoming_client_lost", reason=type(errors.exceptions[0]).__name__)
        except* Exception:
            # A fault of this server: its client is told, and then it is logged.
            await self.refuse(STTSError("Something went wrong here."))
            raise
        finally:
            self._outbox.close()
            await self._inbox.aclose()

    @property
    def waiting_seconds(self) -> float | None:
        """Seconds that it has waited for its client; None where others must not take its slot."""
        if self._outbox.stuck_seconds >= STALLED_SECONDS:
            return self._outbox.stuck_seconds
        if self._inbox.behind or (self._busy and not self._half_sent):
            return None
        silent = self._inbox.silent_seconds
        in_between = self._half_sent or self._outbox.untaken
        return silent if silent >= STALLED_SECONDS or not in_between else None

    def hang_up(self) -> None:
        """Closes at once and silently, as an error would look like the answer to a request that is on its way."""
        self._outbox.abort()

    async def drain(self) -> None:
        """Closes once the current request is done; further ones are refused."""
        self._draining = True
        await self._idle()
        self._outbox.close()

    async def refuse(self, error: STTSError) -> None:
        await self._outbox.refuse(error, self._reader)

    async def _follow(self) -> None:
        async for event in self._inbox:
            await self._handlers[event.type](event)

    @property
    def _busy(self) -> bool:
        return self._work is not None and not self._work.done()

    @property
    def _half_sent(self) -> bool:
        """Audio or a text has begun, and the client is to say more."""
        return self._transcription is not None or self._writing is not None

    async def _idle(self) -> None:
        if self._work is not None:
            await asyncio.wait([self._work])

    async def _begin(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """Starts work once the previous work is done, which must not wait for events still to be read here."""
        if self._transcription is not None or (self._writing is not None and self._writing.begun):
            raise Conflict("Something else is being sent already; one thing after the other.")
        await self._idle()
        if self._draining:
            raise ShuttingDown("The server is stopping.")
        self._work = self._tasks.create_task(work(), name="wyoming request")

    async def _describe(self, event: Event) -> None:
        await self._outbox.send(await self._describer.info())

    async def _ping(self, event: Event) -> None:
        await self._outbox.send(Event("pong", {"text": event.data.get("text")}))

    async def _select_program(self, event: Event) -> None:
        self._program = parsed(ProgramShape, event.data).name

    async def _transcribe(self, event: Event) -> None:
        self._wishes = parsed(TranscribeShape, event.data)

    async def _audio_start(self, event: Event) -> None:
        self._audio = parsed(AudioShape, event.data)
        options, self._wishes = self._wishes, TranscribeShape()
        transcription = Transcription(options, self._services, self._settings())
        await self._begin(lambda: transcription.run(options.config(self._program), self._outbox.send))
        self._transcription = transcription

    async def _audio_chunk(self, event: Event) -> None:
        if self._transcription is None:
            # Some clients send no audio-start.
            await self._audio_start(event)
        assert self._transcription is not None
        shape = {name: value for name, value in event.data.items() if value is not None}
        await self._transcription.hear(parsed(AudioShape, self._audio.model_dump() | shape), event.payload)

    async def _audio_stop(self, event: Event) -> None:
        if self._transcription is None:
            raise Conflict("No audio was sent.")
        transcription, self._transcription = self._transcription, None
        await transcription.finish()

    async def _synthesize(self, event: Event) -> None:
        if self._writing is not None:
            # Sent for servers that do not stream; the text has come, or is coming, in chunks.
            return
        wanted = parsed(SynthesizeShape, event.data)
        await self._begin(lambda: self._speak(wanted.text, wanted.config(self._program)))

    async def _synthesize_start(self, event: Event) -> None:
        if self._writing is not None:
            raise Conflict("A text is being written already.")
        self._writing = Writing(parsed(SpeakShape, event.data).config(self._program))

    async def _synthesize_chunk(self, event: Event) -> None:
        writing = self._written()
        part = parsed(TextShape, event.data).text
        limit = self._settings().limits.text_characters
        if writing.text.characters + len(part) > limit:
            raise TextTooLong(f"The text is longer than the limit of {limit} characters.", param="text")
        if writing.begun:  # before that nobody makes room
            await writing.text.room()
        writing.text.write(part)
        if part.strip() and not writing.begun:
            await self._begin(lambda: self._speak_live(writing))
            writing.begun = True

    async def _synthesize_stop(self, event: Event) -> None:
        writing, self._writing = self._written(), None
        writing.text.close()
        if not writing.begun:
            await self._begin(lambda: self._outbox.send(Event("synthesize-stopped")))

    def _written(self) -> Writing:
        if self._writing is None:
            raise Conflict("No text was begun.")
        return self._writing

    async def _speak(self, text: str | LiveText, config: SynthesisConfig) -> None:
        context = self._services.context("tts")
        await synthesize(self._services.speak, context, text, config, self._outbox.send)

    async def _speak_live(self, writing: Writing) -> None:
        await self._speak(writing.text, writing.config)
        await self._outbox.send(Event("synthesize-stopped"))


def parsed(shape: type[Shape], data: Mapping[str, Any]) -> Shape:
    """Raises InvalidParameter."""
    try:
        return shape.model_validate(data)
    except ValidationError as error:
        raise invalid(error) from None


def _first(errors: BaseExceptionGroup[STTSError]) -> STTSError:
    error = errors.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
