"""Audio that a client sends: from base64 in its format to samples; the last of it is stored as it came."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from routers.compat.realtime.input_audio_buffer import InputAudioBuffer
from routers.compat.realtime.items import Sound
from routers.compat.realtime.session_schemas import Format
from routers.compat.realtime.voice import bytes_per_second, reader
from routers.http.base64_text import from_base64
from stts.conversation.config import SessionConfig
from stts.conversation.services import SessionServices
from stts.engine_api import Samples
from stts.errors import EngineTimeout, InvalidParameter, PayloadTooLarge
from stts.protocols import HearRequest
from stts.streams.live import LiveAudio
from stts.transcription import TranscriptSegment

MOST_CHARACTERS = 15 * 1024 * 1024
"""Base64 in one message."""
LARGE_CHARACTERS = 262_144
"""Base64 from which on it is decoded beside the event loop."""
SLICE_SECONDS = 0.5
"""Audio that is converted at once."""


class Microphone:
    def __init__(self, format: Format, services: SessionServices, stored_seconds: float) -> None:
        self._services = services
        self._format = format
        self._reader = reader(format)
        self._hold = False
        self.input_audio = InputAudioBuffer(bytes_per_second(format), stored_seconds)

    def follow(self, format: Format, *, hold: bool) -> None:
        """`hold`: the client says where turns end."""
        self._hold = hold
        if format != self._format:
            self._format, self._reader = format, reader(format)
            self.input_audio.follow(bytes_per_second(format))

    async def heard(self, audio: str) -> AsyncGenerator[Samples, None]:
        """Mono float32 at 16 kHz. Raises InvalidParameter and PayloadTooLarge before it gives any."""
        data = await decoded(audio)
        await self.ready()
        for piece in _slices(data, self._format):
            if len(samples := self.read(piece)):
                yield samples

    def heard_now(self, audio: str) -> Samples | None:
        """Returns what `heard` would give in one piece and without a pause; None: it would not. Raises
        InvalidParameter."""
        if len(audio) > LARGE_CHARACTERS:
            return None
        data = _decoded(audio)
        return self.read(data) if self._reader.reads_now(data) else None

    def read(self, piece: bytes) -> Samples:
        """Bytes in the format, some at a time, to mono float32 at 16 kHz."""
        self.input_audio.write(piece, hold=self._hold)
        return self._reader.read(piece)

    async def ready(self) -> None:
        """Returns when `read` will not hold up the event loop."""
        await self._reader.ready()

    def clear(self) -> None:
        self._reader = reader(self._format)
        self.input_audio.drop()

    async def transcribed(self, audio: str, config: SessionConfig) -> tuple[Sound, str]:
        """Returns a recording that came in one piece and its words. Raises EngineTimeout and what hearing raises."""
        data = await decoded(audio)
        convert, rate = reader(self._format), bytes_per_second(self._format)
        await convert.ready()
        live = LiveAudio(limit=SLICE_SECONDS)
        for piece in _slices(data, self._format):
            live.write(convert.read(piece))
            await asyncio.sleep(0)
        live.write(convert.finish())
        live.close()
        session = await self._services.open(config.listen)
        try:
            async with asyncio.timeout(live.seconds + config.transcript_timeout):
                text = await self._words(HearRequest(live, session))
        except TimeoutError:
            raise EngineTimeout("The words of this recording took too long.") from None
        finally:
            await session.aclose()
        return Sound(len(data) / rate, data, rate), text

    async def _words(self, request: HearRequest) -> str:
        text = ""
        async with aclosing(self._services.hear(self._services.context("stt"), request)) as events:
            async for event in events:
                if isinstance(event, TranscriptSegment):
                    text = event.segment.text
        return text


async def decoded(audio: str) -> bytes:
    """Raises InvalidParameter for what is not base64, PayloadTooLarge for too much of it."""
    if len(audio) > MOST_CHARACTERS:
        raise PayloadTooLarge(f"One message carries at most {MOST_CHARACTERS} characters of audio.", param="audio")
    return await asyncio.to_thread(_decoded, audio) if len(audio) > LARGE_CHARACTERS else _decoded(audio)


def _decoded(audio: str) -> bytes:
    try:
        return from_base64(audio)
    except ValueError:
        raise InvalidParameter("This is not base64.", param="audio") from None


def _slices(data: bytes, format: Format) -> list[bytes]:
    size = round(bytes_per_second(format) * SLICE_SECONDS) // 2 * 2
    return [data[start : start + size] for start in range(0, len(data), size)]
