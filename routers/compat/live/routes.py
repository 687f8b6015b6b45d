"""Routes of OpenAI's GPT-Live: the socket of a session."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Any

from starlette.websockets import WebSocket

from adapters.hosted_names import ModelCatalogue
from middleware.listener import listener_of
from routers.compat.live.command_schemas import COMMANDS, Start
from routers.compat.live.commands import parsed
from routers.compat.live.errors import error_event
from routers.compat.live.opening import Opening, Openings, in_dialect
from routers.compat.live.session import LiveSession
from routers.compat.live.socket_link import SocketLink
from routers.http.deferred_route import deferred_router
from routers.sockets.connection_limiter import ConnectionLimiter
from routers.sockets.socket import Socket, accepted
from routers.sockets.socket_dialect import SocketDialect
from stts.access.policy import RouteKind, policy
from stts.conversation.services import ServicesFor
from stts.errors import InvalidRequest, ShuttingDown, STTSError
from stts.settings import CurrentSettings

Event = dict[str, Any]


class LiveRoutes:
    def __init__(
        self,
        services_for: ServicesFor,
        limiter: ConnectionLimiter,
        models: ModelCatalogue,
        settings: CurrentSettings,
    ) -> None:
        self._services_for, self._limiter, self._settings = services_for, limiter, settings
        self._openings = Openings(models, settings)
        self.router = deferred_router("OpenAI")
        self.router.add_api_websocket_route("/v1/live/sessions", self.converse)

    @policy(RouteKind.USE)
    async def converse(self, websocket: WebSocket) -> None:
        primary = _Primary(self._services_for, self._settings)
        dialect = SocketDialect(error_event=primary.error, farewell=primary.farewell)
        async with accepted(websocket, self._limiter, dialect) as socket:
            output = listener_of(websocket.scope).output
            await primary.run(socket, lambda session: self._openings.open(session, output))


class _Primary:
    """The connection that begins a session, and how it is told of errors."""

    def __init__(self, services_for: ServicesFor, settings: CurrentSettings) -> None:
        self._services_for, self._settings = services_for, settings
        self._event_id: str | None = None
        """Id of `session.start`, until the session has started."""
        self._session: LiveSession | None = None
        """None until it has started."""

    async def run(self, socket: Socket, open: Callable[[Event], Opening]) -> None:
        link = SocketLink(socket)
        command = await self._first(link)
        try:
            opening = open(command.session)
            if opening.object.format is not None:
                link.use(opening.object.format)
            await link.ready()
            session = LiveSession(opening, link, self._services_for, self._settings)
            async with session:
                self._session, event_id = session, self._event_id
                self._event_id = None
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
        return {"event_id": f"event_{secrets.token_hex(8)}", **error_event(error, self._event_id)}

    def farewell(self, error: STTSError, request_id: str) -> Sequence[Event]:
        """The last events of a session that ends with an error. That the server stops is none."""
        events = [] if isinstance(error, ShuttingDown) and self._session else [self.error(error, request_id, True)]
        if self._session is not None:
            events.append(self._session.state.closed())
        return events
