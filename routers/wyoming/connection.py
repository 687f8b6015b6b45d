"""One Wyoming client: its events are read while at most one request of it is worked on; the next waits unread.

What goes wrong is told by one `error` event, then the connection is closed: clients wait for an answer or for the end
of the connection, and would wait for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any, TypeVar

import structlog
from pydantic import BaseModel, ValidationError

from routers.schemas.wyoming import (
    AudioShape,
    ProgramShape,
    SpeakShape,
    SynthesizeShape,
    TextShape,
    TranscribeShape,
)
from routers.websocket.messages import invalid
from routers.wyoming.frames import Event, encoded, read_event
from routers.wyoming.info import Describer
from routers.wyoming.synthesize import Writing, synthesize
from routers.wyoming.transcribe import Transcription
from stts.conversation.parts import Parts
from stts.errors import Conflict, ShuttingDown, STTSError, TextTooLong
from stts.live import LiveText
from stts.settings import CurrentSettings
from stts.types import SynthesisConfig

GOODBYE_SECONDS = 1.0
"""For a client to take the error before the connection is closed."""
DISCARD_BYTES = 65_536

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()

Handler = Callable[[Event], Awaitable[None]]
Shape = TypeVar("Shape", bound=BaseModel)


class Connection:
    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        parts: Parts,
        describer: Describer,
        settings: CurrentSettings,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._parts = parts
        self._describer = describer
        self._settings = settings
        self._tasks = asyncio.TaskGroup()
        self._work: asyncio.Task[None] | None = None
        self._draining = False
        self._program: str | None = None
        self._wishes = TranscribeShape()
        self._audio = AudioShape()
        """As audio-start said; a chunk may say otherwise for itself."""
        self._transcription: Transcription | None = None
        """While audio comes."""
        self._writing: Writing | None = None
        """While text comes."""
        self._handlers: Mapping[str, Handler] = {
            "describe": self._describe,
            "ping": self._ping,
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

    async def serve(self) -> None:
        """Until the client leaves or something goes wrong; then nothing of it runs any more."""
        try:
            async with self._tasks:
                await self._read()
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
            self._writer.close()

    async def drain(self) -> None:
        """Hangs up when the request in work is done; another is refused."""
        self._draining = True
        await self._idle()
        self._writer.close()

    async def refuse(self, error: STTSError) -> None:
        """Tells what went wrong and lets the client hang up, lest what it still sends make its end lose the event."""
        log.info("wyoming_refused", code=error.code)
        with suppress(OSError):
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self._send(Event("error", {"text": error.message, "code": error.code}))
                self._writer.write_eof()
                while await self._reader.read(DISCARD_BYTES):
                    pass
        self._writer.close()

    async def _read(self) -> None:
        while (event := await self._next()) is not None:
            if (handler := self._handlers.get(event.type)) is not None:
                await handler(event)
            # Events that are there already come without a pause, and others want their turn.
            await asyncio.sleep(0)

    async def _next(self) -> Event | None:
        """Raises TimeoutError where nothing comes and nothing is worked on."""
        while True:
            limits = self._settings().limits
            try:
                return await read_event(
                    self._reader,
                    data_bytes=limits.json_bytes,
                    idle_seconds=limits.idle_seconds,
                    body_seconds=limits.body_seconds,
                )
            except TimeoutError:
                if not self._busy or self._transcription is not None or self._writing is not None:
                    raise

    async def _send(self, event: Event) -> None:
        """Raises OSError when the client is gone or reads nothing for too long."""
        self._writer.write(encoded(event))
        async with asyncio.timeout(self._settings().limits.idle_seconds):
            await self._writer.drain()

    @property
    def _busy(self) -> bool:
        return self._work is not None and not self._work.done()

    async def _idle(self) -> None:
        if self._work is not None:
            await asyncio.wait([self._work])

    async def _begin(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """When the work before it is done, which must not wait for what is still to be read here."""
        if self._transcription is not None or (self._writing is not None and self._writing.begun):
            raise Conflict("Something else is being sent already; one thing after the other.")
        await self._idle()
        if self._draining:
            raise ShuttingDown("The server is stopping.")
        self._work = self._tasks.create_task(work(), name="wyoming request")

    async def _describe(self, event: Event) -> None:
        await self._send(await self._describer.info())

    async def _ping(self, event: Event) -> None:
        await self._send(Event("pong", {"text": event.data.get("text")}))

    async def _select_program(self, event: Event) -> None:
        self._program = parsed(ProgramShape, event.data).name

    async def _transcribe(self, event: Event) -> None:
        self._wishes = parsed(TranscribeShape, event.data)

    async def _audio_start(self, event: Event) -> None:
        self._audio = parsed(AudioShape, event.data)
        wishes, self._wishes = self._wishes, TranscribeShape()
        transcription = Transcription(wishes, self._parts, self._settings())
        await self._begin(lambda: transcription.run(wishes.config(self._program), self._send))
        self._transcription = transcription

    async def _audio_chunk(self, event: Event) -> None:
        if self._transcription is None:
            # Some clients send no audio-start.
            await self._audio_start(event)
        assert self._transcription is not None
        told = {name: value for name, value in event.data.items() if value is not None}
        await self._transcription.hear(parsed(AudioShape, self._audio.model_dump() | told), event.payload)

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
        await writing.text.room()
        writing.text.write(part)
        if part.strip() and not writing.begun:
            await self._begin(lambda: self._speak_live(writing))
            writing.begun = True

    async def _synthesize_stop(self, event: Event) -> None:
        writing, self._writing = self._written(), None
        writing.text.close()
        if not writing.begun:
            await self._begin(lambda: self._send(Event("synthesize-stopped")))

    def _written(self) -> Writing:
        if self._writing is None:
            raise Conflict("No text was begun.")
        return self._writing

    async def _speak(self, text: str | LiveText, config: SynthesisConfig) -> None:
        context = self._parts.context("tts")
        await synthesize(self._parts.speak, context, text, config, self._send)

    async def _speak_live(self, writing: Writing) -> None:
        await self._speak(writing.text, writing.config)
        await self._send(Event("synthesize-stopped"))


def parsed(shape: type[Shape], data: Mapping[str, Any]) -> Shape:
    """Raises InvalidParameter."""
    try:
        return shape.model_validate(data)
    except ValidationError as error:
        raise invalid(error) from None


def _first(errors: BaseExceptionGroup[STTSError]) -> STTSError:
    error = errors.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
