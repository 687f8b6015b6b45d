"""Texts that are spoken while they are written, one after the other: what the sockets that only speak share.

One part of a connection writes, another speaks (`speak_all`), a dialect tells. Writing never waits for audio, so that a
client who wants no more of it is heard at once; what a text may hold is bounded, and how many wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol

from routers.http.operation import Speak
from routers.sockets.socket import Socket
from stts.access.allowances import QuotaExceeded
from stts.audio.pacing import FRAME_SECONDS, PacedSender
from stts.context import RequestContext
from stts.errors import Conflict, STTSError, TextTooLong
from stts.plans import SpeechPlan, SpeechRequest
from stts.speech import AudioChunk, SynthesisConfig
from stts.spoken_words import Words, moved
from stts.streams.channel import Channel
from stts.streams.live import LiveText

WAITING_UTTERANCES = 8
"""Utterances that may wait to be spoken; a client that writes on is read when one has been."""
FRAME_BYTES = 65_536
"""Bytes of one message at most."""
WHOLE_SAMPLES = 4
"""Messages hold a multiple of so many bytes: no sample of s16le is parted, on one channel or two."""


@dataclass(frozen=True, slots=True)
class SpeechOptions:
    """Synthesis configuration, pacing and framing of one utterance."""

    config: SynthesisConfig
    plan: SpeechPlan | None = None
    """The plan of the utterances; None: each is planned by itself."""
    ahead: float | None = None
    """Seconds of audio that may be sent and not yet be played; None: any."""
    whole: bool = False
    """A piece is told in one message."""
    words: bool = False
    """The words of each piece are told with their times, in dialects that can."""


class Utterance:
    def __init__(self, number: int, options: SpeechOptions, limit: int) -> None:
        self.number = number
        self.options = options
        self.text = LiveText(limit)
        self.seconds = 0.0
        """Length of the audio sent."""
        self.cancelled = False
        self.error: STTSError | None = None
        self.words: Words = ()
        """Words that the engine has told and the client was not told: in the text of the piece that is sent, in seconds
        of the utterance."""
        self.over = False
        """Nothing more of it is sent."""
        self.context: RequestContext | None = None
        """The operation that speaks it; None: it was not begun."""
        self.scope: asyncio.Timeout | None = None
        """Task that speaks it."""
        self._told: tuple[str | None, int] = (None, 0)

    def deviations(self) -> dict[str, Any]:
        """Members `fallback` and `warnings`: what is otherwise than asked, as far as it was not taken before."""
        if self.context is None:
            return {}
        fallback, warnings = self.context.output_data.fallback, self.context.warnings
        told, self._told = self._told, (fallback, len(warnings))
        new = {"fallback": None if fallback == told[0] else fallback, "warnings": warnings[told[1] :]}
        return {name: value for name, value in new.items() if value}


class UtteranceEncoder(Protocol):
    """Tells of utterances in a dialect: `begin` if there is audio, its pieces and audio, and always `end`."""

    async def begin(self, utterance: Utterance, context: RequestContext) -> None: ...

    async def piece(self, utterance: Utterance, text: str) -> None: ...

    async def audio(self, utterance: Utterance, data: bytes) -> None: ...

    async def end(self, utterance: Utterance) -> None: ...


class Utterances:
    """Utterances of one connection, written and spoken one after the other."""

    def __init__(self, socket: Socket, speak: Speak, encoder: UtteranceEncoder, options: SpeechOptions) -> None:
        self._socket = socket
        self._speak = speak
        self._encoder = encoder
        self._options = options
        self._count = 0
        self._writing: Utterance | None = None
        self._unfinished: list[Utterance] = []
        self._waiting: Channel[Utterance] = Channel(WAITING_UTTERANCES)
        self._clock = asyncio.get_running_loop().time
        self._quota_end = socket.quota_end
        # What was written until then is spoken.
        self._quota_end.on_exceeded = self.close

    def check_between(self) -> None:
        """Raises Conflict while an utterance is being written."""
        if self._writing is not None:
            raise Conflict("The configuration cannot change within an utterance: end it first.")

    def use(self, options: SpeechOptions) -> None:
        """Sets the options of utterances from now on."""
        self._options = options

    async def write(self, text: str, limit: int) -> None:
        """More of the current utterance; the first text begins one. Raises TextTooLong, and Conflict after `close`."""
        if not text or self._quota_end.error is not None:
            return
        written = 0 if self._writing is None else self._writing.text.characters
        if written + len(text) > limit:
            raise TextTooLong(f"The text is longer than the limit of {limit} characters.", param="text")
        utterance = await self._current(limit)
        if not utterance.over:
            utterance.text.write(text)

    def flush(self) -> None:
        """Flushes the text: speaks what was written, even inside a clause."""
        if self._writing is not None:
            self._writing.text.flush()

    async def end(self) -> None:
        """The current utterance is complete, even if nothing was written."""
        if self._quota_end.error is not None:
            return
        utterance = await self._current(0)
        utterance.text.close()
        self._writing = None

    async def cancel(self) -> None:
        """Drops all that was written and is not yet spoken out."""
        dropped, self._unfinished, self._writing = self._unfinished, [], None
        for utterance in dropped:
            utterance.over = utterance.cancelled = True
            if utterance.scope is not None:
                utterance.scope.reschedule(self._clock())
        for utterance in dropped:
            await self._encoder.end(utterance)

    def close(self) -> None:
        """Ends the text: speaks the rest; then `speak_all` ends."""
        if self._writing is not None:
            self._writing.text.close()
            self._writing = None
        self._waiting.close()

    async def speak_all(self) -> None:
        """Speaks utterance after utterance until it is closed, or a quota is used up."""
        async for utterance in self._waiting:
            if not utterance.over:
                await self._speak_one(utterance)
            if self._quota_end.error is not None:
                return

    async def _current(self, limit: int) -> Utterance:
        if self._writing is None:
            if self._waiting.closed:
                raise Conflict("This connection was said to close.")
            await self._waiting.room()
            self._writing = Utterance(self._count, self._options, limit)
            self._count += 1
            self._unfinished.append(self._writing)
            self._waiting.put(self._writing, 1)
        return self._writing

    async def _speak_one(self, utterance: Utterance) -> None:
        try:
            async with asyncio.timeout(None) as utterance.scope:
                await self._spoken(utterance)
        except TimeoutError:
            if not utterance.over:
                raise
        except QuotaExceeded:
            return  # The socket ends with it.
        except STTSError as error:
            utterance.error = error
        utterance.scope = None
        if not utterance.over:
            utterance.over = True
            self._unfinished.remove(utterance)
            await self._encoder.end(utterance)

    async def _spoken(self, utterance: Utterance) -> None:
        options = utterance.options
        config = options.config
        context = utterance.context = self._socket.context("tts")
        sender = PacedSender(options.ahead, self._clock)
        begun = False
        request = SpeechRequest(utterance.text, config, options.plan)
        async with aclosing(self._speak(context, request)) as chunks:
            async for chunk in chunks:
                if not begun:
                    begun = True
                    await self._encoder.begin(utterance, context)
                await self._send(utterance, chunk, sender)

    async def _send(self, utterance: Utterance, chunk: AudioChunk, sender: PacedSender) -> None:
        text, words = chunk.text, chunk.words
        for data, seconds in frames(chunk, FRAME_SECONDS if sender.paced else None):
            await sender.wait_for_room(seconds)
            if text and not utterance.over:
                await self._encoder.piece(utterance, text)
                text = ""
            if utterance.over:
                return
            if words and utterance.options.words:
                utterance.words += moved(words, seconds=utterance.seconds)
                words = ()
            sender.sent(seconds)
            utterance.seconds += seconds
            await self._encoder.audio(utterance, data)


def frames(chunk: AudioChunk, seconds: float | None) -> Iterator[tuple[bytes, float]]:
    """The chunk in messages that are not too large, each with its length, and no longer than `seconds`."""
    size = FRAME_BYTES
    if seconds is not None and chunk.seconds > seconds:
        size = min(size, int(len(chunk.data) * seconds / chunk.seconds))
    size = max(size - size % WHOLE_SAMPLES, WHOLE_SAMPLES)
    for start in range(0, len(chunk.data), size):
        data = chunk.data[start : start + size]
        yield data, chunk.seconds * len(data) / len(chunk.data)
