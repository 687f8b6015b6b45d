"""Encodes utterances as messages of /ws/tts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from routers.http.operation import spoken_audio
from routers.sockets.error_events import native_error
from routers.sockets.shapes import milliseconds
from routers.sockets.socket import Socket
from routers.sockets.utterances import Utterance
from stts.context import RequestContext
from stts.text.timing import timed

AUDIO = ("format", "sample_rate", "channels", "media_type")
"""Members of the encoding that clients are told."""


class EventEncoder:
    """Sends the events of one connection's utterances."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._piece: tuple[str, float] | None = None
        """The text whose audio is sent, and the second at which it begins, where words are wanted."""
        self._measured = False
        """The engine has told words of it."""

    async def begin(self, utterance: Utterance, context: RequestContext) -> None:
        known = context.output_data
        audio = asdict(spoken_audio(context))
        shape = {**{name: audio[name] for name in AUDIO}, "engine": known.engine, "voice": known.voice}
        shape["request_id"] = context.request_id
        start = {"type": "audio.start", "utterance": utterance.number, **shape, **utterance.deviations()}
        await self._socket.send_json(start)

    async def piece(self, utterance: Utterance, text: str) -> None:
        await self._tell_words(utterance)
        if utterance.options.words:
            self._piece, self._measured = (text, utterance.seconds), False
        start_ms = milliseconds(utterance.seconds)
        message = {"type": "piece", "utterance": utterance.number, "text": text, "start_ms": start_ms}
        await self._socket.send_json(message)

    async def audio(self, utterance: Utterance, data: bytes) -> None:
        """Tells of words before their audio: whoever plays it at once still knows them in time."""
        words, utterance.words = utterance.words, ()
        if words and self._piece is not None:
            self._measured = True
            text = self._piece[0]
            await self._words(utterance, [(text[each.place : each.end], each.begins, each.ends) for each in words])
        await self._socket.send_bytes(data)

    async def end(self, utterance: Utterance) -> None:
        await self._tell_words(utterance)
        if utterance.error is not None:
            error = native_error(utterance.error, self._socket.request_id, False)
            await self._socket.send_json({**error, "utterance": utterance.number})
        await self._socket.send_json(
            {
                "type": "audio.done",
                "utterance": utterance.number,
                "seconds": round(utterance.seconds, 3),
                "cancelled": utterance.cancelled,
                "failed": utterance.error is not None,
                **utterance.deviations(),
            }
        )

    async def _tell_words(self, utterance: Utterance) -> None:
        """Works the words out where the engine does not say when they are heard. Those of a piece that is cut off are
        not told."""
        piece, self._piece = self._piece, None
        if piece is None or self._measured or utterance.cancelled or utterance.error is not None:
            return
        text, start = piece
        await self._words(utterance, timed(text, start, utterance.seconds - start).words())

    async def _words(self, utterance: Utterance, words: Sequence[tuple[str, float, float]]) -> None:
        told = [
            {"text": word, "start_ms": milliseconds(begin), "end_ms": milliseconds(end)} for word, begin, end in words
        ]
        message = {"type": "words", "utterance": utterance.number, "measured": self._measured, "words": told}
        await self._socket.send_json(message)
