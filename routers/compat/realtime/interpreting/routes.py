"""Routes of translation sessions: the socket, and the short-lived secrets with which browsers come to it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import HTTPConnection, Request
from starlette.websockets import WebSocket

from adapters.hosted_names import ModelCatalogue
from middleware.listener import listener_of
from routers.compat.realtime.connection import EventIds, within
from routers.compat.realtime.event_encoder import error_event
from routers.compat.realtime.interpreting.connection import InterpretingConnection
from routers.compat.realtime.interpreting.interpreter import AUDIO, Interpreters
from routers.compat.realtime.interpreting.schemas import Secret
from routers.compat.realtime.interpreting.session_object import KIND, SessionObject, new_session
from routers.compat.realtime.microphone import Microphone
from routers.http.deferred_route import deferred_router
from routers.http.operation import principal_of
from routers.sockets.connection_limiter import ConnectionLimiter
from routers.sockets.socket import accepted
from routers.sockets.socket_dialect import SocketDialect
from stts.access.client_secrets import ClientSecrets, Door
from stts.access.policy import RouteKind, policy
from stts.conversation.history import History
from stts.conversation.services import ServicesFor
from stts.conversation.session import ConversationSession
from stts.errors import Forbidden, InvalidParameter, STTSError
from stts.settings import CurrentSettings

PATH = "/v1/realtime/translations"
USUAL_MODEL = "gpt-realtime-translate"


class TranslationSecret(BaseModel):
    value: str
    expires_at: int = Field(description="Unix time.")
    session: dict[str, Any]


class TranslationRoutes:
    def __init__(
        self,
        services_for: ServicesFor,
        limiter: ConnectionLimiter,
        secrets: ClientSecrets,
        models: ModelCatalogue,
        settings: CurrentSettings,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`clock` gives Unix time."""
        self._services_for, self._limiter, self._secrets = services_for, limiter, secrets
        self._settings, self._clock = settings, clock
        self._interpreters = Interpreters(models, settings)
        self.router = deferred_router("OpenAI")
        self.router.add_api_websocket_route(PATH, self.translate)
        self.router.add_api_route(
            f"{PATH}/client_secrets",
            self.create_secret,
            methods=["POST"],
            response_model=TranslationSecret,
            summary="A short-lived key for a browser that translates",
        )

    @policy(RouteKind.USE, client_secrets=True)
    async def translate(self, websocket: WebSocket) -> None:
        ids = EventIds()

        def as_event(error: STTSError, request_id: str, fatal: bool) -> dict[str, Any]:
            return {"event_id": ids.next(), **error_event(error)}

        settings = self._settings()
        async with (
            accepted(websocket, self._limiter, SocketDialect(error_event=as_event)) as socket,
            within(settings.realtime.session_minutes),
        ):
            object = self._opened(websocket)
            services = self._services_for(socket.context)
            output = listener_of(websocket.scope).output
            interpret = partial(self._interpreters.interpretation, services=services, output=output)
            interpretation = await interpret(object)
            talk = settings.conversation
            history = History(talk.history_messages, talk.history_characters)
            async with ConversationSession(services, interpretation.config, history) as session:
                microphone = Microphone(AUDIO, services, settings.realtime.item_audio_seconds)
                await InterpretingConnection(socket, session, object, interpretation, interpret, microphone, ids).run()

    @policy(RouteKind.USE)
    async def create_secret(self, request: Request, fields: Secret) -> TranslationSecret:
        """Whether somebody translates into its language is told when it is used."""
        object = new_session(fields.session, self._expires_at())
        asked = fields.expires_after.seconds if fields.expires_after is not None else None
        listener = listener_of(request.scope)
        issuer, door = principal_of(request), Door(listener.name, listener.security)
        seconds = asked or self._settings().realtime.secret_seconds
        issued = await self._secrets.issue_for_all(object.shape.model_dump(), seconds, issuer, door)
        return TranslationSecret(value=issued.value, expires_at=issued.expires_at, session=object.wire())

    def _opened(self, connection: HTTPConnection) -> SessionObject:
        """Raises Forbidden for a client secret of another kind of session."""
        model = connection.query_params.get("model")
        secret = connection.scope["state"].get("realtime_session")
        if secret is None:
            return new_session({"model": model or USUAL_MODEL}, self._expires_at())
        if secret.get("type") != KIND:
            raise Forbidden("This client secret is one of another kind of session: make one at .../translations.")
        if model not in (None, secret["model"]):
            raise InvalidParameter("The client secret was made for another model.", param="model")
        return new_session(secret, self._expires_at())

    def _expires_at(self) -> int:
        return int(self._clock() + self._settings().realtime.session_minutes * 60)
