"""WS /v1/audio/speech/stream: text in as it is written, audio out sentence by sentence. See docs/realtime.md.

Raw PCM is told in sentences. Any other format is one file an utterance, and so one sentence here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from pydantic import BaseModel
from starlette.websockets import WebSocket

from routers.compat.openai.listener_defaults import speech_config
from routers.compat.openai.speech_stream_encoder import EventEncoder
from routers.compat.openai.speech_stream_schemas import CLIENT_MESSAGES, StreamCommand, StreamConfig, StreamText
from routers.http.deferred_route import deferred_router
from routers.http.listener_speech import text_limit
from routers.http.openai_errors import openai_error
from routers.http.operation import Speak
from routers.services import Services
from routers.sockets.messages import Messages
from routers.sockets.parts import until_first
from routers.sockets.read_loop import read_messages
from routers.sockets.socket import Socket, accepted
from routers.sockets.socket_dialect import SocketDialect
from routers.sockets.utterances import SpeechOptions, Utterances
from stts.access.policy import RouteKind, policy
from stts.errors import Conflict, STTSError
from stts.settings import CurrentSettings
from stts.speech import SynthesisConfig

MESSAGES = Messages[BaseModel](*CLIENT_MESSAGES, half_characters=True)

NAMES = {"engine": "model", "format": "response_format"}
"""Name of a field in the core -> its name in this dialect."""

OptionsFor = Callable[[StreamConfig], Awaitable[SpeechOptions]]


class SpeechStreamRoutes:
    def __init__(self, services: Services) -> None:
        self._speak = services.speak
        self._plan_speech = services.selection.plan_speech
        self._models = services.models
        self._limiter = services.limiter
        self._settings = services.settings
        self.router = deferred_router("OpenAI")
        self.router.add_api_websocket_route("/v1/audio/speech/stream", self.converse)

    @policy(RouteKind.USE)
    async def converse(self, websocket: WebSocket) -> None:
        async with accepted(websocket, self._limiter, SocketDialect(error_event=stream_error)) as socket:
            options = partial(self._options, websocket)
            stream = _Stream(websocket, socket, self._speak, options, self._settings)
            await until_first(stream.listen(), stream.utterances.speak_all())

    async def _options(self, websocket: WebSocket, fields: StreamConfig) -> SpeechOptions:
        """Raises stts.errors for what nobody here can speak."""
        config = speech_config(websocket, self._models, fields)
        return SpeechOptions(config, await self._plan_speech(config), whole=not fields.stream_audio)


class _Stream:
    """Reads one connection: text is written into utterances, which are spoken meanwhile."""

    def __init__(
        self, websocket: WebSocket, socket: Socket, speak: Speak, options: OptionsFor, settings: CurrentSettings
    ) -> None:
        self._websocket = websocket
        self._socket = socket
        self._options = options
        self._settings = settings
        self._configured = False
        self.utterances = Utterances(socket, speak, EventEncoder(socket), SpeechOptions(SynthesisConfig()))

    async def listen(self) -> None:
        """Reads messages until the client leaves. An invalid one is answered with an error; the connection goes on."""
        await read_messages(self._socket, MESSAGES, self._obey)

    async def _obey(self, message: BaseModel) -> None:
        if isinstance(message, StreamConfig):
            await self._configure(message)
        elif isinstance(message, StreamCommand) and message.type == "session.close":
            self.utterances.close()
        elif not self._configured:
            raise Conflict("session.config comes first.")
        elif isinstance(message, StreamText):
            limit = text_limit(self._websocket, self._settings().openai.input_characters)
            await self.utterances.write(message.text, limit)
        else:
            await self.utterances.end()

    async def _configure(self, fields: StreamConfig) -> None:
        self.utterances.check_between()
        self.utterances.use(await self._options(fields))
        self._configured = True


def stream_error(error: STTSError, request_id: str, fatal: bool) -> dict[str, Any]:
    """The error event: the message, and the other members of OpenAI's errors."""
    members = openai_error(error)["error"]
    return {
        "type": "error",
        "message": members["message"],
        "code": members["code"],
        "param": NAMES.get(members["param"] or "", members["param"]),
        "request_id": request_id,
    }
