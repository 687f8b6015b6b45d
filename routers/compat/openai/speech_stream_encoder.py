"""Encodes utterances as messages of /v1/audio/speech/stream: sentence by sentence."""

from __future__ import annotations

from typing import Any

from routers.http.operation import spoken_audio
from routers.sockets.socket import Socket
from routers.sockets.utterances import Utterance
from stts.context import RequestContext

MESSAGE_BYTES = 1_000_000
"""Bytes of one message that clients take that were not told otherwise. A longer sentence comes in several."""


class EventEncoder:
    """Sends the events of one connection's utterances."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._sentences = 0
        """Sentences begun in the utterance that is spoken."""
        self._open = False
        self._bytes = 0
        """Bytes sent of the open sentence."""
        self._held = b""
        self._shape: dict[str, Any] = {}

    async def begin(self, utterance: Utterance, context: RequestContext) -> None:
        audio = spoken_audio(context)
        self._shape = {"format": audio.format, "sample_rate": audio.sample_rate, "channels": audio.channels}

    async def piece(self, utterance: Utterance, text: str) -> None:
        if self._open and utterance.options.config.format != "pcm":
            return
        await self._end_sentence(utterance)
        self._open, self._bytes = True, 0
        await self._emit("audio.start", utterance, sentence_text=text, **self._shape)

    async def audio(self, utterance: Utterance, data: bytes) -> None:
        """Holds what comes before its sentence, as headers do, and a sentence that is to come in one message."""
        self._held += data
        if self._open and (not utterance.options.whole or len(self._held) + len(data) > MESSAGE_BYTES):
            await self._send_held()

    async def end(self, utterance: Utterance) -> None:
        if utterance.error is not None:
            await self._socket.error(utterance.error)
        await self._end_sentence(utterance)
        done: dict[str, Any] = {"utterance_index": utterance.number, "total_sentences": self._sentences}
        if otherwise := utterance.deviations():
            done["stts"] = otherwise
        self._sentences, self._held = 0, b""
        await self._socket.send_json({"type": "session.done", **done})

    async def _end_sentence(self, utterance: Utterance) -> None:
        if not self._open:
            return
        await self._send_held()
        self._open = False
        await self._emit("audio.done", utterance, total_bytes=self._bytes, error=utterance.error is not None)
        self._sentences += 1

    async def _send_held(self) -> None:
        data, self._held = self._held, b""
        if data:
            self._bytes += len(data)
            await self._socket.send_bytes(data)

    async def _emit(self, type: str, utterance: Utterance, **fields: Any) -> None:
        place = {"utterance_index": utterance.number, "sentence_index": self._sentences}
        await self._socket.send_json({"type": type, **place, **fields})
