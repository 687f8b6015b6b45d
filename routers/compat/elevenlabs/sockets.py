"""WS /v1/text-to-speech/{voice_id}/stream-input and /multi-stream-input: speech from text that is being written."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import Path
from fastapi import Query as QueryOf
from starlette.websockets import WebSocket

from routers.compat.elevenlabs.contexts import SpeakText
from routers.compat.elevenlabs.errors import SOCKET
from routers.compat.elevenlabs.output_formats import read_output_format
from routers.compat.elevenlabs.schemas import VoiceSettings
from routers.compat.elevenlabs.socket_schemas import SocketQuery
from routers.compat.elevenlabs.speaking import Speaking, Wanted
from routers.compat.elevenlabs.speech import PATH
from routers.compat.elevenlabs.speech_session import SpeechSession
from routers.http.deferred_route import deferred_router
from routers.http.names import NAME_CHARACTERS
from routers.services import Services
from routers.sockets.parts import until_first
from routers.sockets.socket import Socket, accepted
from stts.access.policy import RouteKind, policy
from stts.context import RequestContext
from stts.speech import AudioChunk
from stts.streams.live import LiveText

VoiceId = Annotated[str, Path(max_length=NAME_CHARACTERS)]


class SocketRoutes:
    def __init__(self, services: Services, speaking: Speaking) -> None:
        self._speaking = speaking
        self._limiter = services.limiter
        self.router = deferred_router("ElevenLabs")
        self.router.add_api_websocket_route(f"{PATH}/stream-input", self.single)
        self.router.add_api_websocket_route(f"{PATH}/multi-stream-input", self.multi)

    @policy(RouteKind.USE)
    async def single(self, websocket: WebSocket, voice_id: VoiceId, query: Annotated[SocketQuery, QueryOf()]) -> None:
        """One text; an empty one ends it, and the socket once it is spoken."""
        await self._converse(websocket, voice_id, query, is_single=True)

    @policy(RouteKind.USE)
    async def multi(self, websocket: WebSocket, voice_id: VoiceId, query: Annotated[SocketQuery, QueryOf()]) -> None:
        """Several texts side by side, each with its `context_id`."""
        await self._converse(websocket, voice_id, query, is_single=False)

    async def _converse(self, websocket: WebSocket, voice_id: str, query: SocketQuery, *, is_single: bool) -> None:
        async with accepted(websocket, self._limiter, SOCKET) as socket:

            async def prepare(settings: VoiceSettings | None) -> SpeakText:
                return await self._prepared(socket, voice_id, query, settings)

            # An unknown voice is told at once, not only when there is something to say.
            await prepare(None)
            limit = self._speaking.most_characters
            session = SpeechSession(socket, query, prepare, limit, is_single=is_single)
            await until_first(session.serve(), session.failed(), socket.quota_end.at_rest(session))

    async def _prepared(
        self, socket: Socket, voice_id: str, query: SocketQuery, settings: VoiceSettings | None
    ) -> SpeakText:
        wanted = Wanted(
            voice_id=voice_id,
            output_format=query.output_format,
            model_id=query.model_id,
            language=query.language_code,
            settings=settings,
            seed=query.seed,
            parameters={} if settings is None else dict(settings.parameters()),
        )
        config = await self._speaking.config(wanted, socket.principal.permission)
        plan = await self._speaking.plan(config)
        format = read_output_format(query.output_format)

        def speak(context: RequestContext, text: LiveText) -> AsyncGenerator[AudioChunk, None]:
            if not query.enable_logging:
                context.input_data.cache = "none"
            context.input_data.format = config.format
            return self._speaking.speak(context, text, config, format, plan)

        return speak
