"""A context: a text that is spoken while it is written, one operation whose audio is one stream."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

from pybase64 import b64encode

from routers.compat.elevenlabs.alignment import in_milliseconds
from routers.compat.elevenlabs.errors import socket_error
from routers.http.timed_speech import TimedAudio, timed_speech
from routers.sockets.socket import Socket
from stts.access.allowances import QuotaExceeded
from stts.context import RequestContext
from stts.errors import STTSError, TextTooLong
from stts.speech import AudioChunk
from stts.streams.live import LiveText

SpeakText = Callable[[RequestContext, LiveText], AsyncGenerator[AudioChunk, None]]
"""Speaks a text as the context of the client was configured."""


class SpeechContext:
    def __init__(self, id: str | None, socket: Socket, limit: int, *, absolute: bool) -> None:
        """`id`: None on a socket that has but one. `limit`: characters of its text. `absolute`: times count from its
        start, not from that of each message."""
        self.id = id
        self._socket = socket
        self._limit = limit
        self._absolute = absolute
        self._text = LiveText(limit)
        self._flushed = True

    def write(self, text: str, *, flush: bool) -> None:
        """Raises TextTooLong."""
        if self._text.characters + len(text) > self._limit:
            raise TextTooLong(f"The text is longer than the limit of {self._limit} characters.", param="text")
        self._text.write(text)
        self._flushed = flush or (self._flushed and not text.strip())
        if flush:
            self._text.flush()

    def close(self) -> None:
        """Nothing more is written; what was is spoken."""
        self._text.close()

    @property
    def is_flushed(self) -> bool:
        """False while the end of its text waits for more of it."""
        return self._flushed

    async def speak(self, speak: SpeakText) -> None:
        """Speaks it to its end, and tells that."""
        context = self._socket.context("tts")
        try:
            async with aclosing(timed_speech(speak(context, self._text), context)) as heard:
                async for item in heard:
                    await self._tell(item)
        except QuotaExceeded:
            return  # The socket ends with it.
        except STTSError as error:
            await self._socket.send_json(self._of(socket_error(error, self._socket.request_id, False)))
        await self.tell_end()

    async def _tell(self, item: TimedAudio) -> None:
        alignment = None
        if item.times is not None:
            alignment = in_milliseconds(item.times, 0.0 if self._absolute else item.times.bounds[0])
        await self._socket.send_json(
            self._of(
                {
                    "audio": b64encode(item.data).decode("ascii") if item.data else None,
                    "isFinal": None,
                    "normalizedAlignment": alignment,
                    "alignment": alignment,
                }
            )
        )

    async def tell_end(self) -> None:
        last = {"audio": None, "isFinal": True, "normalizedAlignment": None, "alignment": None}
        await self._socket.send_json(self._of(last))

    def _of(self, event: dict[str, Any]) -> dict[str, Any]:
        return event if self.id is None else {**event, "contextId": self.id}
