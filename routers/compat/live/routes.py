"""Routes of OpenAI's GPT-Live: the socket of a session, those that are attached to it, and its end."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from adapters.hosted_names import ModelCatalogue
from middleware.edge.problem import plain_name
from middleware.listener import listener_of
from routers.compat.live.command_schemas import COMMANDS, Start
from routers.compat.live.commands import parsed
from routers.compat.live.errors import error_event
from routers.compat.live.opening import Opening, Openings, in_dialect
from routers.compat.live.session import LiveSession
from routers.compat.live.session_object import check_known
from routers.compat.live.sideband import Sideband
from routers.compat.live.socket_link import SocketLink
from routers.compat.live.state import LiveState
from routers.http.deferred_route import deferred_router
from routers.http.operation import principal_of
from routers.sockets.connection_limiter import ConnectionLimiter
from routers.sockets.running_sessions import NO_SESSION, RunningSessions
from routers.sockets.socket import Socket, accepted
from routers.sockets.socket_dialect import SocketDialect
from stts.access.policy import RouteKind, policy
from stts.access.principal import Principal
from stts.conversation.services import NewContext, SessionServices
from stts.errors import InvalidRequest, NotFound, ShuttingDown, STTSError
from stts.settings import CurrentSettings

Event = dict[str, Any]
PATH = "/v1/live/sessions"


class LiveServices(Protocol):
    """The services that sessions of this dialect take."""

    @property
    def settings(self) -> CurrentSettings: ...

    @property
    def limiter(self) -> ConnectionLimiter: ...

    @property
    def models(self) -> ModelCatalogue: ...

    @property
    def running_sessions(self) -> RunningSessions: ...

    def for_session(self, context: NewContext) -> SessionServices: ...


class LiveRoutes:
    def __init__(self, services: LiveServices) -> None:
        self._services = services
        self._openings = Openings(services.models, services.settings)
        self.router = deferred_router("OpenAI")
        self.router.add_api_websocket_route(PATH, self.converse)
        self.router.add_api_websocket_route(f"{PATH}/{{session_id}}/attach", self.attach)
        self.router.add_api_websocket_route(f"{PATH}/{{session_id}}/fork", self.fork)
        add = self.router.add_api_route
        add(
            f"{PATH}/{{session_id}}/hangup",
            self.hang_up,
            methods=["POST"],
            summary="Ends a Live session",
            response_class=Response,
        )
        add(f"{PATH}/{{session_id}}/fork", self.refuse_stored, methods=["POST"], include_in_schema=False)
        add(f"{PATH}/{{session_id}}/content", self.refuse_stored, methods=["GET"], include_in_schema=False)

    @policy(RouteKind.USE)
    async def converse(self, websocket: WebSocket) -> None:
        primary = _Primary(self._services)
        dialect = SocketDialect(error_event=primary.error, farewell=primary.farewell, answers_keys=True)
        async with accepted(websocket, self._services.limiter, dialect) as socket:
            output = listener_of(websocket.scope).output
            await primary.run(socket, lambda session: self._openings.open(session, output))

    @policy(RouteKind.USE)
    async def attach(self, websocket: WebSocket, session_id: str) -> None:
        principal = principal_of(websocket)
        self._find(session_id, principal)
        async with accepted(websocket, self._services.limiter, _DIALECT) as socket:
            # It may have waited for its place for longer than the session has lasted.
            state = self._find(session_id, principal)
            await Sideband(socket, state).run()

    @policy(RouteKind.USE)
    async def hang_up(self, request: Request, session_id: str) -> Response:
        """Ends the session at once, as whoever began it."""
        await self._services.running_sessions.hang_up_anywhere(session_id, principal_of(request).viewer)
        return Response()

    @policy(RouteKind.USE)
    async def fork(self, websocket: WebSocket, session_id: str) -> None:
        async with accepted(websocket, self._services.limiter, _DIALECT):
            raise _not_stored()

    @policy(RouteKind.USE)
    async def refuse_stored(self, session_id: str) -> None:
        raise _not_stored()

    def _find(self, id: str, principal: Principal) -> LiveState:
        session = self._services.running_sessions.find(id, principal.viewer)
        if not isinstance(session, LiveState):
            raise NotFound(NO_SESSION)
        return session


class _Primary:
    """The connection that begins a session, and how it is told of errors."""

    def __init__(self, services: LiveServices) -> None:
        self._services = services
        self._event_id: str | None = None
        """Id of `session.start`, until the session has started."""
        self._state: LiveState | None = None
        """None until it has started."""

    async def run(self, socket: Socket, open: Callable[[Event], Opening]) -> None:
        link, services = SocketLink(socket), self._services
        command = await self._first(link)
        check_known([plain_name(name) for name in command.model_extra or ()], strict=services.settings().live.strict)
        try:
            opening = open(command.session)
            if opening.object.format is not None:
                link.use(opening.object.format)
            await link.ready()
            async with LiveSession(opening, link, services.for_session, services.settings) as session:
                self._state, event_id, self._event_id = session.state, self._event_id, None
                with services.running_sessions.running(opening.object.id, session.state):
                    await session.run(event_id)
                await socket.close()
        except STTSError as error:
            raise in_dialect(error) from None

    async def _first(self, link: SocketLink) -> Start:
        """The command that begins the session. Raises for any other: a client that has lost its first connection goes
        on with what it had not sent yet."""
        async for data in link.messages():
            message, self._event_id = parsed(data)
            command = COMMANDS.check(message)
            if not isinstance(command, Start):
                raise InvalidRequest("A session begins with `session.start`; nothing else counts before it.")
            return command
        raise InvalidRequest("A session begins with `session.start`.")

    def error(self, error: STTSError, request_id: str, fatal: bool) -> Event:
        return _error(error, request_id, fatal, self._event_id)

    def farewell(self, error: STTSError, request_id: str) -> Sequence[Event]:
        """The last events of a session that ends with an error. That the server stops is none."""
        if self._state is None:
            return [self.error(error, request_id, True)]
        events = [] if isinstance(error, ShuttingDown) else [self.error(error, request_id, True)]
        return [*events, self._state.closed()]


def _error(error: STTSError, request_id: str, fatal: bool, client_event_id: str | None = None) -> Event:
    return {"event_id": f"event_{secrets.token_hex(8)}", **error_event(error, client_event_id)}


_DIALECT = SocketDialect(error_event=_error, answers_keys=True)
"""Sockets that begin no session."""


def _not_stored() -> NotFound:
    return NotFound("Sessions are not stored here: there is nothing of this one to be forked or fetched.")
