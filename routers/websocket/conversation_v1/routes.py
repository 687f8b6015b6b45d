"""WS /ws/conversation: the older generation's messages, served by the same sessions as /ws/conversation/v2.

Half duplex: a turn goes in, and its whole answer comes back in one message.
"""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from fastapi import APIRouter
from pydantic import ValidationError
from starlette.websockets import WebSocket

from routers.services import Services
from routers.sockets.messages import Messages, invalid
from routers.sockets.socket import Socket, accepted, until_first
from routers.websocket.conversation_v1.schemas import SAMPLE_RATE, V1Fields, WholeTurn
from stts.access.policy import Role, policy
from stts.audio.decode import Decoder
from stts.audio.pcm import PCMReader
from stts.audio.wav import sized_header
from stts.conversation.config import session_config
from stts.conversation.events import (
    AudioFrame,
    FinalTranscript,
    ReplyDelta,
    ReplyEnded,
    ReplyStarted,
    SessionEvent,
    TranscriptFailed,
    TurnMetrics,
)
from stts.conversation.history import History
from stts.conversation.session import ConversationSession
from stts.engine_api import Samples
from stts.errors import InvalidParameter, STTSError
from stts.settings import CurrentSettings
from stts.streams.live import SAMPLE_RATE as HEARD_RATE

FILE_MAGIC = (b"RIFF", b"OggS", b"\x1aE\xdf\xa3", b"ID3", b"fLaC")
"""What a message begins with that is a file and not bare PCM."""
PIECE = HEARD_RATE
"""Samples handed over at once of a turn that came whole."""


class ConversationV1Routes:
    def __init__(self, services: Services) -> None:
        self._services_for = services.for_session
        self._limiter = services.limiter
        self._settings = services.settings
        self.router = APIRouter(tags=["converse"])
        self.router.add_api_websocket_route("/ws/conversation", self.converse)
        self.router.add_api_route("/ws/conversation/status", self.status, summary="How many sockets are open")

    @policy(Role.USE)
    async def status(self) -> dict[str, int]:
        limits = self._settings().limits
        return {"active_connections": self._limiter.open, "max_connections": limits.live_sessions}

    @policy(Role.USE)
    async def converse(self, websocket: WebSocket) -> None:
        try:
            fields = V1Fields.model_validate(dict(websocket.query_params))
        except ValidationError as error:
            raise invalid(error) from None
        async with accepted(websocket, self._limiter) as socket:
            told = self._settings().conversation
            history = History(told.history_messages, told.history_characters)
            config = fields.over(session_config(self._settings()))
            async with ConversationSession(self._services_for(socket.context), config, history) as session:
                talk = _Talk(socket, session, fields, self._settings)
                await until_first(talk.listen(), talk.tell())


@dataclass(slots=True)
class _Answer:
    """What is collected of one turn."""

    transcription: str = ""
    text: str = ""
    audio: list[bytes] = field(default_factory=list)
    metrics: TurnMetrics | None = None


class _Talk:
    def __init__(
        self, socket: Socket, session: ConversationSession, fields: V1Fields, settings: CurrentSettings
    ) -> None:
        self._socket = socket
        self._session = session
        self._fields = fields
        self._settings = settings
        self._reader = PCMReader("pcm_s16le", HEARD_RATE)
        self._messages = Messages(WholeTurn)
        self._heard: list[str] = []
        """What was said and is not part of an answer yet."""
        self._answer = _Answer()
        self._whole = False
        """Turns come whole, and each gets its answer."""
        self._answered = asyncio.Event()

    async def listen(self) -> None:
        async for message in self._socket:
            try:
                if isinstance(message, bytes):
                    await self._hear(message)
                else:
                    await self._whole_turn(self._messages.parse(message))
            except STTSError as error:
                await self._socket.error(error)

    async def _hear(self, data: bytes) -> None:
        if self._whole:
            await self._configure({}, whole=False)
        for samples in self._reader.slices(data):
            await self._session.hear(samples)

    async def _whole_turn(self, turn: WholeTurn) -> None:
        """Until it is answered: the next one, and what is wrong with it, comes after that."""
        samples = await asyncio.to_thread(self._decoded, turn.data)
        changes = turn.config.model_dump(exclude_none=True) if turn.config is not None else {}
        if not self._whole:
            self._session.clear()
        if changes or not self._whole:
            await self._configure(changes, whole=True)
        for start in range(0, len(samples), PIECE):
            await self._session.hear(samples[start : start + PIECE])
        self._answered.clear()
        self._session.commit()
        await self._answered.wait()

    async def _configure(self, changes: dict[str, Any], *, whole: bool) -> None:
        fields = V1Fields.model_validate({**self._fields.model_dump(), **changes})
        config = fields.over(session_config(self._settings()))
        await self._session.configure(replace(config, turns=None) if whole else config)
        self._fields, self._whole = fields, whole

    def _decoded(self, text: str) -> Samples:
        try:
            data = base64.b64decode(text, validate=True)
        except ValueError:
            raise InvalidParameter("data: not base64.", param="data") from None
        if data.startswith(FILE_MAGIC):
            return np.concatenate([np.zeros(0, np.float32), *self._blocks(data)])
        return PCMReader("pcm_s16le", HEARD_RATE).read(data)

    def _blocks(self, data: bytes) -> Iterator[Samples]:
        yield from Decoder(io.BytesIO(data), max_seconds=self._settings().conversation.turn_seconds)

    async def tell(self) -> None:
        async with aclosing(self._session.events()) as events:
            async for event in events:
                await self._collect(event)

    async def _collect(self, event: SessionEvent) -> None:
        answer = self._answer
        match event:
            case FinalTranscript() if event.text:
                self._heard.append(event.text)
            case ReplyStarted():
                answer.transcription = " ".join(self._heard)
                self._heard.clear()
            case TranscriptFailed(error=error):
                await self._socket.error(error)
            case ReplyDelta(text=text):
                answer.text += text
            case AudioFrame(data=data):
                answer.audio.append(data)
            case ReplyEnded(error=STTSError() as error):
                await self._socket.error(error)
            case TurnMetrics():
                answer.metrics = event
                self._answer = _Answer()
                if event.generation or self._whole:
                    await self._send(answer)
                self._answered.set()

    async def _send(self, answer: _Answer) -> None:
        metrics, audio = answer.metrics, b"".join(answer.audio)
        heard = (metrics.transcript if metrics is not None else None) or 0.0
        made = (metrics.first_audio if metrics is not None else None) or heard
        await self._socket.send_json(
            {
                "type": "conversation_response",
                "transcription": answer.transcription,
                "response_text": answer.text.strip(),
                "audio_data": base64.b64encode(_wav(audio)).decode(),
                "timing": {
                    "transcription_time": heard / 1000,
                    "synthesis_time": max(0.0, made - heard) / 1000,
                    "total_time": made / 1000,
                },
            }
        )


def _wav(audio: bytes) -> bytes:
    return sized_header(SAMPLE_RATE, 1, len(audio)) + audio if audio else b""
