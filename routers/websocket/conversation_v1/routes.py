"""WS /ws/conversation: the older generation's messages, served by the same sessions as /ws/conversation/v2.

Half duplex: a turn goes in, and its whole answer comes back in one message.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import numpy as np
from pydantic import ValidationError
from starlette.websockets import WebSocket

from routers.http.base64_text import from_base64
from routers.http.deferred_route import deferred_router
from routers.http.listener_speech import spoken_session
from routers.services import Services
from routers.sockets.messages import Messages, invalid
from routers.sockets.parts import until_first
from routers.sockets.read_loop import read_messages
from routers.sockets.socket import Socket, accepted
from routers.websocket.conversation_v1.encoder import EventEncoder
from routers.websocket.conversation_v1.schemas import V1Fields, WholeTurn
from stts.access.policy import RouteKind, policy
from stts.access.roles import Role
from stts.audio.decode import Decoder
from stts.audio.pcm import PCMReader
from stts.conversation.config import session_config
from stts.conversation.events import TurnMetrics
from stts.conversation.history import History
from stts.conversation.session import ConversationSession
from stts.engine_api import Samples
from stts.errors import InvalidParameter
from stts.settings import CurrentSettings
from stts.streams.live import SAMPLE_RATE as HEARD_RATE

FILE_MAGIC = (b"RIFF", b"OggS", b"\x1aE\xdf\xa3", b"ID3", b"fLaC")
"""Beginnings of messages that are files and not bare PCM."""
PIECE = HEARD_RATE
"""Samples handed over at once of a turn that came whole."""

MESSAGES = Messages(WholeTurn)


class ConversationV1Routes:
    def __init__(self, services: Services) -> None:
        self._services_for = services.for_session
        self._limiter = services.limiter
        self._settings = services.settings
        self.router = deferred_router("converse")
        self.router.add_api_websocket_route("/ws/conversation", self.converse)
        self.router.add_api_route("/ws/conversation/status", self.status, summary="How many sockets are open")

    @policy(RouteKind.USE, role=Role.READ)
    async def status(self) -> dict[str, int]:
        limits = self._settings().limits
        return {"active_connections": self._limiter.open, "max_connections": limits.live_sessions}

    @policy(RouteKind.USE)
    async def converse(self, websocket: WebSocket) -> None:
        try:
            fields = V1Fields.model_validate(dict(websocket.query_params))
        except ValidationError as error:
            raise invalid(error) from None
        async with accepted(websocket, self._limiter) as socket:
            limits = self._settings().conversation
            history = History(limits.history_messages, limits.history_characters)
            config = spoken_session(websocket, fields.over(session_config(self._settings())))
            async with ConversationSession(self._services_for(socket.context), config, history) as session:
                talk = _Talk(websocket, socket, session, fields, self._settings)
                await until_first(talk.listen(), talk.send_events(), socket.quota_end.at_rest(session))


class _Talk:
    def __init__(
        self,
        websocket: WebSocket,
        socket: Socket,
        session: ConversationSession,
        fields: V1Fields,
        settings: CurrentSettings,
    ) -> None:
        self._websocket = websocket
        self._socket = socket
        self._session = session
        self._fields = fields
        self._settings = settings
        self._reader = PCMReader("pcm_s16le", HEARD_RATE)
        self._encoder = EventEncoder(socket.request_id)
        self._whole = False
        """Turns come whole, and each gets its answer."""
        self._answered = asyncio.Event()

    async def listen(self) -> None:
        await read_messages(self._socket, MESSAGES, self._whole_turn, self._hear)

    async def _hear(self, data: bytes) -> None:
        if self._whole:
            await self._configure({}, whole=False)
        for samples in self._reader.slices(data):
            await self._session.hear(samples)

    async def _whole_turn(self, turn: WholeTurn) -> None:
        """Works on one message until it is answered; the next one, or its error, comes after that."""
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
        config = spoken_session(self._websocket, fields.over(session_config(self._settings())))
        await self._session.configure(replace(config, turns=None) if whole else config)
        self._fields, self._whole = fields, whole

    def _decoded(self, text: str) -> Samples:
        try:
            data = from_base64(text)
        except ValueError:
            raise InvalidParameter("data: not base64.", param="data") from None
        if data.startswith(FILE_MAGIC):
            return np.concatenate([np.zeros(0, np.float32), *self._blocks(data)])
        return PCMReader("pcm_s16le", HEARD_RATE).read(data)

    def _blocks(self, data: bytes) -> Iterator[Samples]:
        yield from Decoder(io.BytesIO(data), max_seconds=self._settings().conversation.turn_seconds)

    async def send_events(self) -> None:
        """Sends an answer when the session has told all of its turn."""
        async with aclosing(self._session.events()) as events:
            async for event in events:
                for message in self._encoder.to_messages(event, whole=self._whole):
                    await self._socket.send_json(message)
                if isinstance(event, TurnMetrics):
                    self._answered.set()
