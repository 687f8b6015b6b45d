"""WS /ws/stt: live transcription. /ws/transcribe is the same, told in the older generation's one message.

See docs/realtime.md.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, aclosing

from pydantic import ValidationError
from starlette.websockets import WebSocket

from adapters.transcription.live_decoders import LiveDecoder, LiveDecoders
from routers.http.deferred_route import deferred_router
from routers.http.engine_fields import engines_named
from routers.services import Services
from routers.sockets.messages import Messages, invalid
from routers.sockets.parts import until_first
from routers.sockets.read_loop import read_messages
from routers.sockets.socket import Socket, accepted
from routers.websocket.stt.encoder import EventEncoder, V1EventEncoder
from routers.websocket.stt.schemas import INPUT_FIELDS, Command, Config, ListenFields
from stts.access.policy import RouteKind, policy
from stts.audio.filters import SILENCE
from stts.audio.pcm import PCMReader
from stts.conversation.config import session_config
from stts.conversation.history import History
from stts.conversation.session import ConversationSession
from stts.errors import Conflict
from stts.settings import CurrentSettings

MESSAGES: Messages[Config | Command] = Messages(Config, Command)


class TranscriptionSocketRoutes:
    def __init__(self, services: Services) -> None:
        self._services_for = services.for_session
        self._decoders = services.live_decoders
        self._limiter = services.limiter
        self._settings = services.settings
        self.router = deferred_router("listen")
        self.router.add_api_websocket_route("/ws/stt", self.transcribe)
        self.router.add_api_websocket_route("/ws/transcribe", self.transcribe_v1)

    @policy(RouteKind.USE)
    async def transcribe(self, websocket: WebSocket) -> None:
        await self._serve(websocket, EventEncoder)

    @policy(RouteKind.USE)
    async def transcribe_v1(self, websocket: WebSocket) -> None:
        await self._serve(websocket, V1EventEncoder)

    async def _serve(self, websocket: WebSocket, encoder: type[EventEncoder]) -> None:
        try:
            fields = ListenFields.model_validate(dict(websocket.query_params))
        except ValidationError as error:
            raise invalid(error) from None
        settings = self._settings()
        # Nobody replies, so nobody reads it.
        history = History(settings.conversation.history_messages, settings.conversation.history_characters)
        named = "stt" if websocket.query_params.keys() & {"stt", "engine"} == {"stt"} else "engine"
        async with accepted(websocket, self._limiter) as socket:
            config = fields.over(session_config(settings))
            services = engines_named(self._services_for(socket.context), stt=named)
            async with (
                AsyncExitStack() as stack,
                ConversationSession(services, config, history) as session,
            ):
                listening = _Listening(socket, session, fields, encoder(socket.request_id), self._settings)
                parts = listening.read(), listening.send_events(), listening.decode(stack, self._decoders)
                await until_first(*parts, socket.quota_end.at_rest(session))


class _Listening:
    """Runs one connection: its audio goes to the session, the session's events go out."""

    def __init__(
        self,
        socket: Socket,
        session: ConversationSession,
        fields: ListenFields,
        encoder: EventEncoder,
        settings: CurrentSettings,
    ) -> None:
        self._socket = socket
        self._session = session
        self._fields = fields
        self._encoder = encoder
        self._settings = settings
        self._reader: PCMReader | None = None
        self._encoded = asyncio.Event()
        """The first audio has come, and it is no PCM."""
        self._decoder: asyncio.Future[LiveDecoder] = asyncio.get_running_loop().create_future()
        self._ended = False

    async def read(self) -> None:
        """Reads messages until the client leaves. An invalid one is answered with an error; the session goes on."""
        await read_messages(self._socket, MESSAGES, self._obey, self._hear, self._hear_now)

    async def send_events(self) -> None:
        """Sends events until the session has ended."""
        for message in self._encoder.created(self._fields):
            await self._socket.send_json(message)
        async with aclosing(self._session.events()) as events:
            async for event in events:
                for message in self._encoder.to_messages(event, self._fields):
                    await self._socket.send_json(message)

    async def decode(self, stack: AsyncExitStack, decoders: LiveDecoders) -> None:
        """Hears audio that comes in a container. Raises Busy, and UndecodableAudio, which nothing can follow."""
        await self._encoded.wait()
        decoder = await stack.enter_async_context(decoders.decoder())
        self._decoder.set_result(decoder)
        async for samples in decoder:
            await self._session.hear(samples)
        self._session.finish()
        await asyncio.Event().wait()

    def _hear_now(self, data: bytes) -> bool:
        reader, session = self._reader, self._session
        if self._ended or reader is None or not reader.reads_now(data) or not session.has_room:
            return False
        session.hear_now(reader.read(data))
        return True

    async def _hear(self, data: bytes) -> None:
        if self._ended:
            raise Conflict("No audio may follow `end`.")
        if self._fields.encoding is not None:
            self._encoded.set()
            await (await asyncio.shield(self._decoder)).write(data)
            return
        if self._reader is None:
            self._reader = PCMReader(self._fields.format, self._fields.rate, self._fields.channels)
            await self._reader.ready()
        for samples in self._reader.slices(data):
            await self._session.hear(samples)

    async def _obey(self, message: Config | Command) -> None:
        match message:
            case Config():
                await self._configure(message)
            case Command(type="commit"):
                self._session.commit()
            case Command(type="clear"):
                self._session.clear()
            case Command():
                await self._end()

    async def _configure(self, message: Config) -> None:
        changes = message.changes()
        if (self._reader is not None or self._encoded.is_set()) and changes.keys() & INPUT_FIELDS:
            raise Conflict("What the audio is cannot change once it has begun.")
        fields = self._fields.model_copy(update=changes)
        await self._session.configure(fields.over(session_config(self._settings())))
        self._fields = fields
        for updated in self._encoder.updated(fields):
            await self._socket.send_json(updated)

    async def _end(self) -> None:
        if self._ended:
            return
        self._ended = True
        if self._encoded.is_set():
            (await asyncio.shield(self._decoder)).end()
        else:
            rest = self._reader.finish() if self._reader is not None else SILENCE
            if len(rest):
                await self._session.hear(rest)
            self._session.finish()
