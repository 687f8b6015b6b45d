"""WS /v1/audio/speech/stream: text in as it is written, audio out sentence by sentence. See docs/realtime.md.

Raw PCM is told in sentences. Any other format is one file an utterance, and so one sentence here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.websockets import WebSocket

from routers.compat.openai.errors import openai_error
from routers.compat.openai.models import ModelCatalogue
from routers.compat.openai.speech_stream_schemas import CLIENT_MESSAGES, StreamCommand, StreamConfig, StreamText
from routers.http.operation import Speak, spoken_audio
from routers.services import Services
from routers.sockets.messages import Messages
from routers.sockets.socket import Socket, accepted, until_first
from routers.sockets.utterances import SpeechOptions, Utterance, Utterances
from stts.access.policy import Role, policy
from stts.context import RequestContext
from stts.errors import Conflict, InvalidRequest, STTSError
from stts.settings import CurrentSettings
from stts.speech import SynthesisConfig

MESSAGES = Messages[BaseModel](*CLIENT_MESSAGES, half_characters=True)

MESSAGE_BYTES = 1_000_000
"""Most of one message: what clients take that were not told otherwise. A longer sentence comes in several."""

NAMES = {"engine": "model", "format": "response_format"}
"""What the core calls a field -> what it is called here."""

ConfigFor = Callable[[StreamConfig], Awaitable[SynthesisConfig]]


class SpeechStreamRoutes:
    def __init__(self, services: Services, models: ModelCatalogue) -> None:
        self._speak = services.speak
        self._check = services.engines.check_speech
        self._models = models
        self._limiter = services.limiter
        self._settings = services.settings
        self.router = APIRouter(tags=["OpenAI"])
        self.router.add_api_websocket_route("/v1/audio/speech/stream", self.converse)

    @policy(Role.USE)
    async def converse(self, websocket: WebSocket) -> None:
        async with accepted(websocket, self._limiter, error_event=stream_error) as socket:
            stream = _Stream(socket, self._speak, self._config, self._settings)
            await until_first(stream.listen(), stream.utterances.speak_all())

    async def _config(self, fields: StreamConfig) -> SynthesisConfig:
        """Raises stts.errors for what nobody here can speak."""
        config = fields.config(self._models.engine(fields.model, "tts"))
        await self._check(config)
        return config


class _Stream:
    """One connection: what comes in is written, and what is made of it is told in sentences."""

    def __init__(self, socket: Socket, speak: Speak, config: ConfigFor, settings: CurrentSettings) -> None:
        self._socket = socket
        self._config = config
        self._settings = settings
        self._configured = False
        self.utterances = Utterances(socket, speak, self, SpeechOptions(SynthesisConfig()))
        self._sentences = 0
        """Begun in the utterance that is spoken."""
        self._open = False
        self._bytes = 0
        """Sent of the open sentence."""
        self._held = b""
        self._shape: dict[str, Any] = {}

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
        audio = spoken_audio(context)
        self._shape = {"format": audio.format, "sample_rate": audio.sample_rate, "channels": audio.channels}

    async def piece(self, utterance: Utterance, text: str) -> None:
        if self._open and utterance.manner.config.format != "pcm":
            return
        await self._end_sentence(utterance)
        self._open, self._bytes = True, 0
        await self._tell("audio.start", utterance, sentence_text=text, **self._shape)

    async def audio(self, utterance: Utterance, data: bytes) -> None:
        """Holds what comes before its sentence, as headers do, and a sentence that is to come in one message."""
        self._held += data
        if self._open and (not utterance.manner.whole or len(self._held) + len(data) > MESSAGE_BYTES):
            await self._send_held()

    async def end(self, utterance: Utterance) -> None:
        if utterance.error is not None:
            await self._socket.error(utterance.error)
        await self._end_sentence(utterance)
        done = {"utterance_index": utterance.number, "total_sentences": self._sentences}
        self._sentences, self._held = 0, b""
        await self._socket.send_json({"type": "session.done", **done})

    async def _end_sentence(self, utterance: Utterance) -> None:
        if not self._open:
            return
        await self._send_held()
        self._open = False
        await self._tell("audio.done", utterance, total_bytes=self._bytes, error=utterance.error is not None)
        self._sentences += 1

    async def _send_held(self) -> None:
        data, self._held = self._held, b""
        if data:
            self._bytes += len(data)
            await self._socket.send_bytes(data)

    async def _tell(self, type: str, utterance: Utterance, **fields: Any) -> None:
        place = {"utterance_index": utterance.number, "sentence_index": self._sentences}
        await self._socket.send_json({"type": type, **place, **fields})

    async def _obey(self, message: BaseModel) -> None:
        if isinstance(message, StreamConfig):
            await self._configure(message)
        elif isinstance(message, StreamCommand) and message.type == "session.close":
            self.utterances.close()
        elif not self._configured:
            raise Conflict("session.config comes first.")
        elif isinstance(message, StreamText):
            await self.utterances.write(message.text, self._settings().openai.input_characters)
        else:
            await self.utterances.end()

    async def _configure(self, fields: StreamConfig) -> None:
        self.utterances.check_between()
        self.utterances.use(SpeechOptions(await self._config(fields), whole=not fields.stream_audio))
        self._configured = True


def stream_error(error: STTSError, request_id: str, fatal: bool) -> dict[str, Any]:
    """The message, and what else OpenAI tells of an error."""
    members = openai_error(error)["error"]
    return {
        "type": "error",
        "message": members["message"],
        "code": members["code"],
        "param": NAMES.get(members["param"] or "", members["param"]),
        "request_id": request_id,
    }
