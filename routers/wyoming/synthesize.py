"""Speech out: one audio-start, chunks, one audio-stop, whatever the length of the text."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import aclosing

from routers.http.operation import spoken_audio
from routers.wyoming.frames import Event
from stts.context import RequestContext
from stts.conversation.services import Speak
from stts.plans import SpeechRequest
from stts.speech import AudioChunk, SynthesisConfig
from stts.streams.live import LiveText
from stts.text.normalise import clean_piece

Send = Callable[[Event], Awaitable[None]]

CHUNK_BYTES = 8192
"""Bytes of audio in one event: 0.1 to 0.3 s."""
WIDTH = 2
"""Bytes of a sample: s16le, mono."""
SILENCE_RATE = 22_050
"""Hz told of audio that there is none of."""
TEXT_AHEAD = 20_000
"""Characters of a live text that may wait to be spoken; then the client waits."""


class Writing:
    """A text on its way in."""

    def __init__(self, config: SynthesisConfig) -> None:
        self.config = config
        self.text = LiveText(TEXT_AHEAD)
        self.begun = False
        """True once there is text to speak."""


async def synthesize(
    speak: Speak, context: RequestContext, text: str | LiveText, config: SynthesisConfig, send: Send
) -> None:
    """Speaks a text while it is made, and while it is written if it is a live one. Raises stts.errors.

    A text in which nothing can be spoken is a start and a stop: clients wait for the stop.
    """
    if isinstance(text, str) and not clean_piece(text):
        await send_silence(send)
        return
    audio: _Audio | None = None
    async with aclosing(speak(context, SpeechRequest(text, config))) as chunks:
        async for chunk in chunks:
            if audio is None:
                audio = _Audio(spoken_audio(context).sample_rate, send)
                await audio.start()
            await audio.send(chunk)
    if audio is None:
        await send_silence(send)
    else:
        await audio.stop()


async def send_silence(send: Send) -> None:
    """A group of audio without any."""
    audio = _Audio(SILENCE_RATE, send)
    await audio.start()
    await audio.stop()


class _Audio:
    """The events of one answer."""

    def __init__(self, rate: int, send: Send) -> None:
        self._shape = {"rate": rate, "width": WIDTH, "channels": 1}
        self._send = send
        self._bytes = 0

    @property
    def _timestamp(self) -> int:
        """Milliseconds of audio sent."""
        return self._bytes * 1000 // (WIDTH * self._shape["rate"])

    async def start(self) -> None:
        await self._send(Event("audio-start", {**self._shape, "timestamp": 0}))

    async def send(self, chunk: AudioChunk) -> None:
        for start in range(0, len(chunk.data), CHUNK_BYTES):
            part = chunk.data[start : start + CHUNK_BYTES]
            await self._send(Event("audio-chunk", {**self._shape, "timestamp": self._timestamp}, part))
            self._bytes += len(part)

    async def stop(self) -> None:
        await self._send(Event("audio-stop", {"timestamp": self._timestamp}))
