"""Live sessions by WebRTC: an offer with the session in, an answer with its id out; events go by the data channel."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any, Protocol

from fastapi import Request
from pydantic import BaseModel

from middleware.listener import listener_of
from routers.compat.live.errors import error_event
from routers.compat.live.line_link import LineLink
from routers.compat.live.opening import Opening, Openings, in_dialect
from routers.compat.live.permissions import DataChannel
from routers.compat.live.routes import PATH, LiveServices
from routers.compat.live.session import LiveSession
from routers.compat.live.state import LiveState
from routers.http.deferred_route import deferred_router
from routers.sockets.socket import Socket
from routers.sockets.socket_dialect import SocketDialect
from routers.webrtc.backlog import RATE
from routers.webrtc.calls import Calls, Line
from routers.webrtc.offers import read_offer
from stts.access.policy import RouteKind, policy
from stts.errors import InvalidParameter, ShuttingDown, STTSError

Event = dict[str, Any]
WEBRTC = "webrtc"


class Transport(BaseModel):
    type: str
    """Always `webrtc`."""
    sdp: str


class CreateSession(BaseModel):
    session: dict[str, Any]
    transport: Transport


class SessionId(BaseModel):
    id: str


class CreatedSession(BaseModel):
    session: SessionId
    transport: Transport


class CallServices(LiveServices, Protocol):
    @property
    def calls(self) -> Calls: ...


class LiveCallRoutes:
    def __init__(self, services: CallServices) -> None:
        self._services = services
        self._openings = Openings(services.models, services.settings)
        self.router = deferred_router("OpenAI")
        self.router.add_api_route(
            PATH,
            self.create,
            methods=["POST"],
            status_code=201,
            response_model=CreatedSession,
            summary="A Live session by WebRTC: an offer in, an answer out",
        )

    @policy(RouteKind.USE)
    async def create(self, request: Request, asked: CreateSession) -> CreatedSession:
        await self._services.calls.require()
        if asked.transport.type != WEBRTC:
            raise InvalidParameter("Sessions are created by WebRTC only.", param="transport.type", allowed=[WEBRTC])
        try:
            offer = read_offer(asked.transport.sdp)
        except STTSError as error:
            error.param = "transport.sdp"
            raise
        try:
            opening = self._openings.open(asked.session, listener_of(request.scope).output, RATE)
        except STTSError as error:
            raise in_dialect(error) from None
        client = opening.object.fields.client
        rights = DataChannel() if client is None else client.data_channel
        told = _Told(rights)

        async def converse(socket: Socket, line: Line) -> None:
            await self._converse(opening, told, socket, line)

        dialect = SocketDialect(error_event=told.error, farewell=told.farewell)
        id, sessions = opening.object.id, self._services.running_sessions
        answer = await self._services.calls.open(id, request, offer, dialect, converse, sessions)
        return CreatedSession(session=SessionId(id=id), transport=Transport(type=WEBRTC, sdp=answer))

    async def _converse(self, opening: Opening, told: _Told, socket: Socket, line: Line) -> None:
        try:
            services, link = self._services, LineLink(socket, line, told.rights)
            async with LiveSession(opening, link, services.for_session, services.settings) as session:
                told.state = session.state
                with services.running_sessions.running(opening.object.id, session.state):
                    await session.run()
        except STTSError as error:
            raise in_dialect(error) from None


class _Told:
    """Errors of one session, as its client is told them."""

    def __init__(self, rights: DataChannel) -> None:
        self.rights = rights
        self.state: LiveState | None = None
        """None until it has started."""

    def error(self, error: STTSError, request_id: str, fatal: bool) -> Event:
        return {"event_id": f"event_{secrets.token_hex(8)}", **error_event(error)}

    def farewell(self, error: STTSError, request_id: str) -> Sequence[Event]:
        """The last events of a session that ends with an error. That the server stops is none."""
        events = [] if isinstance(error, ShuttingDown) and self.state else [self.error(error, request_id, True)]
        if self.state is not None:
            events.append(self.state.closed())
        return [event for event in events if self.rights.may_hear(event)]
