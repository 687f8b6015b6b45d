"""WS /ws/conversation/v2: full-duplex conversation, audio both ways and events beside it. See docs/realtime.md."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

from pydantic import BaseModel, ValidationError
from starlette.datastructures import QueryParams
from starlette.websockets import WebSocket

from middleware.listener import listener_of
from routers.http.deferred_route import deferred_router
from routers.http.engine_fields import engines_named
from routers.http.listener_speech import spoken_session
from routers.services import Services
from routers.sockets.messages import Messages, invalid
from routers.sockets.parts import until_first
from routers.sockets.read_loop import read_messages
from routers.sockets.socket import Socket, accepted
from routers.websocket.conversation.commands import (
    CLIENT_MESSAGES,
    Asked,
    ConnectFields,
    Control,
    Ping,
    Played,
    SessionUpdate,
    ToolOutput,
    TypedMessage,
)
from routers.websocket.conversation.encoder import EventEncoder, audio_message
from stts.access.policy import RouteKind, policy
from stts.audio.pcm import PCMReader
from stts.chat import Message
from stts.conversation.config import ReplyOrder, SessionConfig, session_config
from stts.conversation.events import AudioFrame
from stts.conversation.history import Item, new_item_id
from stts.conversation.session import ConversationSession
from stts.conversation.sessions import StoredSession
from stts.errors import InvalidParameter
from stts.settings import CurrentSettings, Settings

MESSAGES = Messages[BaseModel](*CLIENT_MESSAGES)

PING_CHARACTERS = 4096
"""A longer message is no ping."""


class ConversationSocketRoutes:
    def __init__(self, services: Services) -> None:
        self._services_for = services.for_session
        self._sessions = services.sessions
        self._limiter = services.limiter
        self._settings = services.settings
        self._holders = services.session_holders
        self.router = deferred_router("converse")
        self.router.add_api_websocket_route("/ws/conversation/v2", self.converse)

    @policy(RouteKind.USE)
    async def converse(self, websocket: WebSocket) -> None:
        asked = _asked(websocket)
        async with accepted(websocket, self._limiter) as socket:
            viewer = socket.principal.viewer
            self._sessions.check_began(asked.session, viewer)
            await self._holders.take_over(asked.session)
            # What was left here a moment ago is where all workers look for it.
            await self._sessions.bring(asked.session, viewer, takes_over=True)
            stored = self._sessions.begin(asked.session, viewer)
            async with self._holders.held(stored.id, socket):
                try:
                    await self._run(websocket, socket, asked, stored)
                finally:
                    self._sessions.end(stored)

    async def _run(self, websocket: WebSocket, socket: Socket, asked: Asked, stored: StoredSession) -> None:
        services = engines_named(self._services_for(socket.context))
        config = _config(websocket, asked, self._settings())
        async with ConversationSession(services, config, stored.history) as session:
            talk = Talk(websocket, socket, session, asked, self._settings)
            await talk.greet(stored)
            await until_first(talk.listen(), talk.send_events(), socket.quota_end.at_rest(session))


class Talk:
    """Runs one connection: messages go to the session, the session's events go out."""

    def __init__(
        self,
        websocket: WebSocket,
        socket: Socket,
        session: ConversationSession,
        asked: Asked,
        settings: CurrentSettings,
    ) -> None:
        self._websocket = websocket
        self._socket = socket
        self._session = session
        self._asked = asked
        self._settings = settings
        self._encoder = EventEncoder(socket.request_id)
        self._reader = PCMReader(asked.format, asked.rate)
        self._state = session.state
        socket.incoming.at_once = _pong

    async def greet(self, stored: StoredSession) -> None:
        asked = self._asked
        await self._socket.send_json(
            {
                "type": "session.created",
                "session": stored.id,
                "resumed": stored.resumed,
                "history": len(stored.history.items),
                "config": asked.fields().model_dump(mode="json"),
                "input": {"format": asked.format, "rate": asked.rate},
                "output": {"format": "pcm_s16le", "rate": asked.output_rate},
            }
        )

    async def listen(self) -> None:
        """Reads messages until the client leaves or ends the session. An invalid one is answered with an error."""
        await read_messages(self._socket, MESSAGES, self._obey, self._hear, self._hear_now)

    def _hear_now(self, data: bytes) -> bool:
        if not self._reader.reads_now(data) or not self._session.has_room:
            return False
        self._session.hear_now(self._reader.read(data))
        return True

    async def _hear(self, data: bytes) -> None:
        await self._reader.ready()
        for samples in self._reader.slices(data):
            await self._session.hear(samples)

    async def send_events(self) -> None:
        """Sends the events of the session, each with the change of state that it brings."""
        async with aclosing(self._session.events(self)) as events:
            async for event in events:
                message = self._encoder.to_message(event)
                if isinstance(message, bytes):
                    await self._socket.send_bytes(message)
                elif message is not None:
                    await self._socket.send_json(dict(message))
                await self._tell_state()

    @property
    def takes_now(self) -> bool:
        return self._session.state is self._state and self._socket.sends_now

    def take(self, frame: AudioFrame) -> None:
        self._socket.send_now(audio_message(frame))

    async def _tell_state(self) -> None:
        state = self._session.state
        if state is not self._state:
            self._state = state
            await self._socket.send_json({"type": "state", "state": state})

    async def _obey(self, message: BaseModel) -> bool:
        """False for a goodbye."""
        session = self._session
        match message:
            case Control(type="close"):
                return False
            case Control(type="cancel"):
                session.cancel()
            case Control(type=command):
                await session.room()
                self._control(command)
            case SessionUpdate(config=config):
                await self._update(config)
            case TypedMessage(text=text):
                await session.room()
                if not session.winding_down:
                    session.cancel()
                    session.say(text)
            case ToolOutput(call_id=call_id, output=output):
                self._tool_output(call_id, output)
            case Played(generation=generation, ms=ms):
                session.played(generation, ms / 1000)
        return True

    def _tool_output(self, call_id: str, output: str) -> None:
        history = self._session.history
        if not history.has_call(call_id):
            raise InvalidParameter("The conversation has no tool call with this id.", param="call_id")
        history.append(Item(new_item_id(), Message("tool", output, call_id=call_id)))

    def _control(self, command: str) -> None:
        session = self._session
        if command == "commit":
            session.commit()
        elif command == "clear":
            session.clear()
        elif not session.winding_down:
            session.respond(ReplyOrder())

    async def _update(self, changes: dict[str, Any]) -> None:
        try:
            asked = self._asked.changed(changes)
        except ValidationError as error:
            raise invalid(error) from None
        await self._session.configure(_config(self._websocket, asked, self._settings()))
        self._asked = asked
        await self._socket.send_json({"type": "session.updated", "config": asked.fields().model_dump(mode="json")})


def _asked(websocket: WebSocket) -> Asked:
    """Raises InvalidRequest."""
    # The socket would keep what it has parsed of its query.
    query = QueryParams(websocket.scope["query_string"])
    try:
        fields = ConnectFields.model_validate(dict(query))
    except ValidationError as error:
        raise invalid(error) from None
    return fields.at_rate_of(listener_of(websocket.scope).output().sample_rate).asked()


def _config(websocket: WebSocket, asked: Asked, settings: Settings) -> SessionConfig:
    return spoken_session(websocket, asked.fields().over(session_config(settings), asked.output_rate))


def _pong(message: str | bytes) -> dict[str, Any] | None:
    """To a ping, however much was sent before it and is not worked on yet."""
    if isinstance(message, bytes) or len(message) > PING_CHARACTERS or '"ping"' not in message:
        return None
    try:
        ping = Ping.model_validate_json(message)
    except ValidationError:
        return None
    return {"type": "pong", "text": ping.text}
