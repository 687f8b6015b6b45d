"""Speech out: one audio-start, chunks, one audio-stop, whatever the length of the text."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import aclosing

from routers.http.operation import spoken_audio
from routers.wyoming.encoder import AudioEncoder
from routers.wyoming.frames import Event
from stts.context import RequestContext
from stts.conversation.services import Speak
from stts.plans import SpeechRequest
from stts.speech import SynthesisConfig
from stts.streams.live import LiveText
from stts.text.normalise import clean_piece

Send = Callable[[Event], Awaitable[None]]

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
    encoder: AudioEncoder | None = None
    async with aclosing(speak(context, SpeechRequest(text, config))) as chunks:
        async for chunk in chunks:
            if encoder is None:
                encoder = AudioEncoder(spoken_audio(context).sample_rate)
                await send(encoder.start())
            for event in encoder.to_messages(chunk):
                await send(event)
    if encoder is None:
        await send_silence(send)
    else:
        await send(encoder.stop())


async def send_silence(send: Send) -> None:
    """Sends the start and the stop of an answer without audio."""
    encoder = AudioEncoder()
    await send(encoder.start())
    await send(encoder.stop())
