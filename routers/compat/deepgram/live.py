"""WS /v1/listen: Deepgram's live transcription."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace

from starlette.websockets import WebSocket

from middleware.listener import ListenerSettings
from routers.compat.deepgram.errors import SOCKET
from routers.compat.deepgram.listen_fields import read_query
from routers.compat.deepgram.live_fields import LiveFields
from routers.compat.deepgram.live_stream import Channel, Channels, LiveStream
from routers.compat.deepgram.metadata import StreamFacts
from routers.compat.deepgram.models import listening_engine
from routers.compat.deepgram.options import options_of
from routers.compat.deepgram.result_encoder import ResultEncoder
from routers.http.deferred_route import deferred_router
from routers.http.engine_fields import engine_of, engines_named
from routers.http.operation import principal_of
from routers.services import Services
from routers.sockets.parts import until_first
from routers.sockets.socket import Socket, accepted
from stts.access.policy import RouteKind, policy
from stts.conversation.config import SessionConfig, session_config
from stts.conversation.history import History
from stts.conversation.session import ConversationSession
from stts.transcription import TranscriptionConfig


class LiveListenRoutes:
    def __init__(self, services: Services, listener: ListenerSettings) -> None:
        self._services = services
        self._settings = services.settings
        self._options = options_of(listener)
        self.router = deferred_router("Deepgram")
        self.router.add_api_websocket_route("/v1/listen", self.listen)

    @policy(RouteKind.USE)
    async def listen(self, websocket: WebSocket) -> None:
        """Refuses what is wrong with the query before the socket is accepted."""
        fields = read_query(LiveFields, websocket.query_params)
        fields.check()
        engine = listening_engine(fields.model, self._services.models, self._options)
        listen = fields.config(engine, self._options, partials=fields.interim_results)
        await self._check(websocket, listen)
        config = fields.over(session_config(self._settings()), listen, self._options)
        async with accepted(websocket, self._services.limiter, SOCKET) as socket:
            facts = StreamFacts(socket.request_id, fields, engine)
            async with AsyncExitStack() as stack:
                channels = await self._channels(stack, socket, config, fields, facts)
                stream = LiveStream(socket, channels, fields, facts)
                parts = stream.read(), stream.tell(), stream.decode(stack, self._services.live_decoders)
                await until_first(*parts, socket.quota_end.at_rest(channels))

    async def _check(self, websocket: WebSocket, listen: TranscriptionConfig) -> None:
        """Raises what opening a place for it would raise, but for want of one."""
        permission = principal_of(websocket).permission
        with engine_of("model"):
            await self._services.selection.plan_transcription(replace(listen, permission=permission))

    async def _channels(
        self, stack: AsyncExitStack, socket: Socket, config: SessionConfig, fields: LiveFields, facts: StreamFacts
    ) -> Channels:
        """A session for each channel that is heard by itself."""
        settings, count = self._settings(), fields.heard_apart
        services = engines_named(self._services.for_session(socket.context), stt="model")
        channels: list[Channel] = []
        for index in range(count):
            # Nobody replies, so nobody reads it.
            history = History(settings.conversation.history_messages, settings.conversation.history_characters)
            session = await stack.enter_async_context(ConversationSession(services, config, history))
            encoder = ResultEncoder(index, count, fields.rules(self._options), facts.of_results(), socket.request_id)
            channels.append(Channel(session, encoder))
        return Channels(channels)
