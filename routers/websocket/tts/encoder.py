"""Encodes utterances as messages of /ws/tts."""

from __future__ import annotations

from dataclasses import asdict

from routers.http.operation import spoken_audio
from routers.sockets.error_events import native_error
from routers.sockets.socket import Socket
from routers.sockets.utterances import Utterance
from stts.context import RequestContext

AUDIO = ("format", "sample_rate", "channels", "media_type")
"""Members of the encoding that clients are told."""


class EventEncoder:
    """Sends the events of one connection's utterances."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket

    async def begin(self, utterance: Utterance, context: RequestContext) -> None:
        known = context.output_data
        audio = asdict(spoken_audio(context))
        shape = {**{name: audio[name] for name in AUDIO}, "engine": known.engine, "voice": known.voice}
        start = {"type": "audio.start", "utterance": utterance.number, **shape, **utterance.deviations()}
        await self._socket.send_json(start)

    async def piece(self, utterance: Utterance, text: str) -> None:
        start_ms = round(utterance.seconds * 1000)
        message = {"type": "piece", "utterance": utterance.number, "text": text, "start_ms": start_ms}
        await self._socket.send_json(message)

    async def audio(self, utterance: Utterance, data: bytes) -> None:
        await self._socket.send_bytes(data)

    async def end(self, utterance: Utterance) -> None:
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
