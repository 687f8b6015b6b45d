"""WS /ws/tts: speech from text that is still being written. See docs/realtime.md."""

from __future__ import annotations

from dataclasses import replace

from pydantic import BaseModel
from starlette.websockets import WebSocket

from routers.http.deferred_route import deferred_router
from routers.http.listener_speech import text_limit, with_defaults
from routers.http.operation import Speak
from routers.services import Services
from routers.sockets.messages import Messages
from routers.sockets.parts import until_first
from routers.sockets.read_loop import read_messages
from routers.sockets.socket import Socket, accepted
from routers.sockets.utterances import SpeechOptions, Utterances
from routers.websocket.tts.encoder import EventEncoder
from routers.websocket.tts.schemas import CLIENT_MESSAGES, SpeechCommand, SpeechConfig, SpokenText
from stts.access.policy import RouteKind, policy
from stts.conversation.services import PlanSpeech
from stts.settings import CurrentSettings
from stts.speech import SynthesisConfig

MESSAGES = Messages[BaseModel](*CLIENT_MESSAGES, half_characters=True)


class SpeechSocketRoutes:
    def __init__(self, services: Services) -> None:
        self._speak = services.speak
        self._plan_speech = services.selection.plan_speech
        self._limiter = services.limiter
        self._settings = services.settings
        self.router = deferred_router("speak")
        self.router.add_api_websocket_route("/ws/tts", self.converse)

    @policy(RouteKind.USE)
    async def converse(self, websocket: WebSocket) -> None:
        async with accepted(websocket, self._limiter) as socket:
            speech = _Speech(websocket, socket, self._speak, self._plan_speech, self._settings)
            await until_first(speech.listen(), speech.utterances.speak_all())


class _Speech:
    """Reads one connection: text is written into utterances, which are spoken meanwhile."""

    def __init__(
        self, websocket: WebSocket, socket: Socket, speak: Speak, plan_speech: PlanSpeech, settings: CurrentSettings
    ) -> None:
        self._websocket = websocket
        self._socket = socket
        self._plan_speech = plan_speech
        self._settings = settings
        self.utterances = Utterances(socket, speak, EventEncoder(socket), SpeechOptions(self._config(SpeechConfig())))

    async def listen(self) -> None:
        """Reads messages until the client leaves. An invalid one is answered with an error; the connection goes on."""
        await read_messages(self._socket, MESSAGES, self._obey)

    async def _obey(self, message: BaseModel) -> None:
        match message:
            case SpeechConfig():
                await self._configure(message)
            case SpokenText(text=text):
                limit = text_limit(self._websocket, self._settings().limits.text_characters)
                await self.utterances.write(text, limit)
            case SpeechCommand(type="flush"):
                self.utterances.flush()
            case SpeechCommand(type="end"):
                await self.utterances.end()
            case SpeechCommand(type="cancel"):
                await self.utterances.cancel()
            case SpeechCommand(type="close"):
                self.utterances.close()

    async def _configure(self, fields: SpeechConfig) -> None:
        self.utterances.check_between()
        config = self._config(fields)
        plan = await self._plan_speech(config)
        ahead = self._settings().conversation.ahead_seconds if fields.paced else None
        self.utterances.use(SpeechOptions(config, plan, ahead=ahead, words=fields.words))

    def _config(self, fields: SpeechConfig) -> SynthesisConfig:
        """How the listener speaks where the client does not say; the format is that of the socket."""
        config = replace(fields.speech(), permission=self._socket.principal.permission)
        return with_defaults(self._websocket, "", config)
