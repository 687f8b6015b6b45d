"""Routes of OpenAI's Realtime API: the socket, and the short-lived secrets with which browsers come to it."""

from __future__ import annotations

import secrets as random
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

from starlette.requests import HTTPConnection, Request
from starlette.websockets import WebSocket

from adapters.hosted_names import ModelCatalogue
from middleware.listener import listener_of
from routers.compat.realtime import beta
from routers.compat.realtime.commands import Commands
from routers.compat.realtime.connection import Connection, EventIds, within
from routers.compat.realtime.event_encoder import EventEncoder, error_event
from routers.compat.realtime.items import Items
from routers.compat.realtime.joining import NO_CALL, Guest, RunningCall, joinable
from routers.compat.realtime.line import LineAudio, LineMicrophone
from routers.compat.realtime.microphone import Microphone
from routers.compat.realtime.rate_limits import CallerLimits
from routers.compat.realtime.session import SessionObject, opened
from routers.compat.realtime.session_schemas import ClientSecret, ClientSecretRequest
from routers.compat.realtime.translation import Translation, in_dialect
from routers.compat.realtime.unset import without_unset
from routers.http.deferred_route import deferred_router
from routers.http.operation import principal_of
from routers.sockets.connection_limiter import ConnectionLimiter
from routers.sockets.running_sessions import RunningSessions
from routers.sockets.socket import Socket, accepted
from routers.sockets.socket_dialect import SocketDialect
from routers.webrtc.calls import Line
from stts.access.client_secrets import ClientSecrets, Door
from stts.access.policy import RouteKind, policy
from stts.access.quotas import QuotaBook
from stts.conversation.config import SessionConfig
from stts.conversation.history import History
from stts.conversation.services import ServicesFor
from stts.conversation.session import ConversationSession
from stts.errors import Forbidden, InvalidParameter, NotFound, STTSError
from stts.settings import CurrentSettings

KINDS = ("realtime", "transcription")


class RealtimeRoutes:
    def __init__(
        self,
        services_for: ServicesFor,
        limiter: ConnectionLimiter,
        secrets: ClientSecrets,
        models: ModelCatalogue,
        settings: CurrentSettings,
        quotas: QuotaBook,
        calls: RunningSessions,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`calls`: those that run, which other connections may join."""
        self._calls = calls
        self._services_for, self._limiter, self._secrets = services_for, limiter, secrets
        self._settings, self._clock = settings, clock
        self._quotas = quotas
        self._models = models
        self.router = deferred_router("OpenAI")
        self.router.add_api_websocket_route("/v1/realtime", self.converse)
        add = self.router.add_api_route
        add(
            "/v1/realtime/client_secrets",
            self.create_secret,
            methods=["POST"],
            response_model=ClientSecret,
            summary="A short-lived key for a browser's socket",
        )

    @policy(RouteKind.USE, client_secrets=True)
    async def converse(self, websocket: WebSocket) -> None:
        ids = EventIds()

        def as_event(error: STTSError, request_id: str, fatal: bool) -> dict[str, Any]:
            return {"event_id": ids.next(), **error_event(error)}

        async with (
            accepted(websocket, self._limiter, SocketDialect(error_event=as_event)) as socket,
            within(self._settings().realtime.session_minutes),
        ):
            if call_id := websocket.query_params.get("call_id"):
                await self._join(websocket, socket, call_id)
                return
            translation = self.translation(websocket)
            await self.run(
                socket, translation, self.opened(websocket, translation), ids, older=_speaks_older(websocket)
            )

    async def _join(self, websocket: WebSocket, socket: Socket, call_id: str) -> None:
        """Joins a call that the same caller began."""
        if "realtime_session" in websocket.scope["state"]:
            raise Forbidden("A client secret opens sessions of its own: join a call with the key.", param="call_id")
        try:
            found = self._calls.find(call_id, socket.principal.viewer)
        except NotFound:
            raise NotFound(NO_CALL, param="call_id") from None
        host = joinable(found).host
        await Guest(socket).run(host.guests, host.greeting())

    async def run(
        self,
        socket: Socket,
        translation: Translation,
        object: SessionObject,
        ids: EventIds,
        *,
        older: bool,
        line: Line | None = None,
        call_id: str = "",
    ) -> None:
        """`line`: the audio of a call, by whose id others find it; None where audio comes and goes in events."""
        settings = self._settings()
        stored_seconds, conversation = settings.realtime.item_audio_seconds, settings.conversation
        history = History(conversation.history_messages, conversation.history_characters)
        services, config = self._services_for(socket.context), await config_of(translation, object)
        async with ConversationSession(services, config, history) as session:
            items = Items(history, stored_seconds)
            microphone = Microphone(object.shape.audio.input.format, services, stored_seconds)
            if line is not None:
                microphone = LineMicrophone(services, stored_seconds)
            name = f"conv_{random.token_hex(10)}"
            limits = CallerLimits(socket, self._quotas, self._settings)
            encoder = EventEncoder(items, microphone.input_audio, name, stored_seconds, limits)
            audio = None if line is None else LineAudio(line, microphone, encoder.responses)
            playback = None if audio is None else audio.playback
            commands = Commands(object, session, translation, items, microphone, encoder, playback)
            connection = Connection(socket, session, commands, encoder, ids, older=older, line=audio)
            found = RunningCall(socket.principal.viewer, connection)
            with self._calls.running(call_id, found) if call_id else nullcontext():
                await connection.run(name)

    @policy(RouteKind.USE)
    async def create_secret(self, request: Request, fields: ClientSecretRequest) -> ClientSecret:
        settings = self._settings().realtime
        asked = fields.expires_after.seconds if fields.expires_after is not None else None
        session = fields.session or {}
        translation = self.translation(request)
        object = self._new(_kind(session.get("type", KINDS[0])), None, translation).updated(session)
        await config_of(translation, object)
        listener = listener_of(request.scope)
        issuer, door = principal_of(request), Door(listener.name, listener.security)
        issued = await self._secrets.issue_for_all(
            object.shape.model_dump(), asked or settings.secret_seconds, issuer, door
        )
        return ClientSecret(value=issued.value, expires_at=issued.expires_at, session=without_unset(object.wire()))

    def translation(self, connection: HTTPConnection, *, line: bool = False) -> Translation:
        return Translation(self._models, self._settings, listener_of(connection.scope).output, line=line)

    def opened(self, connection: HTTPConnection, translation: Translation) -> SessionObject:
        """Configures the session by the client secret, if there is one, else by the address."""
        query = connection.query_params
        secret = connection.scope["state"].get("realtime_session")
        if secret is not None:
            object = self._new(secret["type"], None, translation).updated(secret)
            model = query.get("model")
            return object.updated({"model": model}) if model and not object.named else object
        kind = "transcription" if query.get("intent") == "transcription" else "realtime"
        object = self._new(kind, query.get("model") or None, translation)
        wanted = {"model": query.get("transcription_model"), "language": query.get("language")}
        wanted = {name: value for name, value in wanted.items() if value}
        return object.updated({"audio": {"input": {"transcription": wanted}}}) if wanted else object

    def _new(self, kind: str, model: str | None, translation: Translation) -> SessionObject:
        minutes = self._settings().realtime.session_minutes
        voice = translation.usual_voice(model)
        return opened(kind, model, int(self._clock() + minutes * 60), voice)


async def config_of(translation: Translation, object: SessionObject) -> SessionConfig:
    try:
        return await translation.config(object)
    except STTSError as error:
        raise in_dialect(error) from None


def _kind(value: Any) -> str:
    if value not in KINDS:
        raise InvalidParameter("There is no such type of session.", param="session.type", allowed=KINDS)
    return str(value)


def _speaks_older(websocket: WebSocket) -> bool:
    headers: Mapping[str, str] = websocket.headers
    return beta.HEADER_VALUE in headers.get("openai-beta", "") or (
        beta.SUBPROTOCOL in websocket.scope.get("subprotocols", ())
    )
