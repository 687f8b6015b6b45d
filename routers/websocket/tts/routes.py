"""WS /ws/tts: speech from text that is still being written. See docs/realtime.md."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.websockets import WebSocket

from routers.http.operation import Speak, spoken_audio
from routers.services import Services
from routers.sockets.messages import Messages
from routers.sockets.socket import Socket, accepted, native_error, until_first
from routers.sockets.utterances import SpeechOptions, Utterance, Utterances
from routers.websocket.tts.schemas import CLIENT_MESSAGES, SpeechCommand, SpeechConfig, SpokenText
from stts.access.policy import Role, policy
from stts.context import RequestContext
from stts.conversation.services import CheckSpeech
from stts.errors import InvalidRequest, STTSError
from stts.settings import CurrentSettings

MESSAGES = Messages[BaseModel](*CLIENT_MESSAGES, half_characters=True)


class SpeechSocketRoutes:
    def __init__(self, services: Services) -> None:
        self._speak = services.speak
        self._check = services.engines.check_speech
        self._limiter = services.limiter
        self._settings = services.settings
        self.router = APIRouter(tags=["speak"])
        self.router.add_api_websocket_route("/ws/tts", self.converse)

    @policy(Role.USE)
    async def converse(self, websocket: WebSocket) -> None:
        async with accepted(websocket, self._limiter) as socket:
            speech = _Speech(socket, self._speak, self._check, self._settings)
            await until_first(speech.listen(), speech.utterances.speak_all())


class _Speech:
    """One connection: what comes in is written, and what is made of it is told."""

    def __init__(self, socket: Socket, speak: Speak, check: CheckSpeech, settings: CurrentSettings) -> None:
        self._socket = socket
        self._check = check
        self._settings = settings
        self.utterances = Utterances(socket, speak, self, SpeechOptions(SpeechConfig().speech()))

    async def listen(self) -> None:
        """Until the client leaves. What is wrong with a message is told, and the connection goes on."""
        async for message in self._socket:
            try:
                if isinstance(message, bytes):
                    raise InvalidRequest("Text comes in JSON messages, not in binary ones.")
                await self._obey(MESSAGES.parse(message))
            except STTSError as error:
                await self._socket.error(error)

    async def begin(self, utterance: Utterance, context: RequestContext) -> None:
        known = context.output_data
        shape = {**asdict(spoken_audio(context)), "engine": known.engine, "voice": known.voice}
        await self._socket.send_json({"type": "audio.start", "utterance": utterance.number, **shape})

    async def piece(self, utterance: Utterance, text: str) -> None:
        start_ms = round(utterance.seconds * 1000)
        message = {"type": "piece", "utterance": utterance.number, "text": text, "start_ms": start_ms}
        await self._socket.send_json(message)

    async def audio(self, utterance: Utterance, data: bytes) -> None:
        await self._socket.send_bytes(data)

    async def end(self, utterance: Utterance) -> None:
        if utterance.error is not None:
            error = native_error(utterance.error, self._socket.request_id, False)
            await self._socket.send_json({**error, "utterance": utterance.number})
        await self._socket.send_json(
            {
                "type": "audio.done",
                "utterance": utterance.number,
                "seconds": round(utterance.seconds, 3),
                "cancelled": utterance.cancelled,
                "failed": utterance.error is not None,
            }
        )

    async def _obey(self, message: BaseModel) -> None:
        match message:
            case SpeechConfig():
                await self._configure(message)
            case SpokenText(text=text):
                await self.utterances.write(text, self._settings().limits.text_characters)
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
        config = fields.speech()
        await self._check(config)
        ahead = self._settings().conversation.ahead_seconds if fields.paced else None
        self.utterances.use(SpeechOptions(config, ahead))
