"""WS /v1/speak: Deepgram's speech from text that is still being written."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict
from starlette.websockets import WebSocket

from middleware.listener import ListenerSettings
from routers.compat.deepgram.errors import SOCKET
from routers.compat.deepgram.models import model_uuid, speaker
from routers.compat.deepgram.options import options_of
from routers.compat.deepgram.speak_fields import SpeakFields, SpeakSocketFields, read_speak_query
from routers.http.deferred_route import deferred_router
from routers.http.operation import principal_of
from routers.services import Services
from routers.sockets.messages import Messages
from routers.sockets.parts import until_first
from routers.sockets.read_loop import read_messages
from routers.sockets.socket import Socket, accepted
from routers.sockets.utterances import SpeechOptions, Utterance, Utterances
from stts import __version__
from stts.access.policy import RouteKind, policy
from stts.audio.g711 import encode
from stts.context import RequestContext
from stts.errors import STTSError


class Speak(BaseModel):
    model_config = ConfigDict(extra="ignore")

    type: Literal["Speak"]
    text: str


class Control(BaseModel):
    """Flush: speak what was written. Clear: drop what is not spoken yet. Close: the socket ends when all is spoken."""

    type: Literal["Flush", "Clear", "Close"]


MESSAGES: Messages[Speak | Control] = Messages(Speak, Control, half_characters=True)


class SpeakSocketRoutes:
    def __init__(self, services: Services, listener: ListenerSettings) -> None:
        self._services = services
        self._options = options_of(listener)
        self._output = listener.output
        self.router = deferred_router("Deepgram")
        self.router.add_api_websocket_route("/v1/speak", self.speak)

    @policy(RouteKind.USE)
    async def speak(self, websocket: WebSocket) -> None:
        """Refuses what is wrong with the query before the socket is accepted."""
        fields = read_speak_query(SpeakSocketFields, websocket.query_params)
        asked, output = speaker(fields.model, self._services.models, self._options), self._output()
        config = fields.config(asked, output, principal_of(websocket).permission)
        plan = await self._services.selection.plan_speech(config)
        limit = output.text_characters or self._services.settings().limits.text_characters
        async with accepted(websocket, self._services.limiter, SOCKET) as socket:
            told = SpeechEncoder(socket, fields)
            utterances = Utterances(socket, self._services.speak, told, SpeechOptions(config, plan))
            await told.begun()
            await until_first(SpeechReader(socket, utterances, told, limit).read(), utterances.speak_all())


class SpeechEncoder:
    """Tells of the utterances of one connection. An utterance is all that is written up to a `Flush`."""

    def __init__(self, socket: Socket, fields: SpeakFields) -> None:
        self._socket = socket
        self._fields = fields
        self._sequence = 0

    async def begun(self) -> None:
        model = self._fields.model
        names = {"model_name": model, "model_version": __version__, "model_uuid": model_uuid(model)}
        message = {"type": "Metadata", "request_id": self._socket.request_id, **names, "additional_model_uuids": []}
        await self._socket.send_json(message)

    async def cleared(self) -> None:
        await self._numbered("Cleared")

    async def warning(self, error: STTSError) -> None:
        """Deepgram's word for what goes wrong with one text of a socket that lives on."""
        await self._socket.send_json({"type": "Warning", "code": error.code, "description": error.message})

    async def begin(self, utterance: Utterance, context: RequestContext) -> None:
        return

    async def piece(self, utterance: Utterance, text: str) -> None:
        return

    async def audio(self, utterance: Utterance, data: bytes) -> None:
        law = self._fields.law
        await self._socket.send_bytes(data if law is None else encode(law, np.frombuffer(data, np.int16)))

    async def end(self, utterance: Utterance) -> None:
        if utterance.cancelled:
            return
        if utterance.error is not None:
            await self.warning(utterance.error)
        # Also then: clients wait for it before they go on.
        await self._numbered("Flushed")

    async def _numbered(self, type: str) -> None:
        message: dict[str, Any] = {"type": type, "sequence_id": self._sequence}
        self._sequence += 1
        await self._socket.send_json(message)


class SpeechReader:
    """Reads one connection: text is written into utterances, which are spoken meanwhile."""

    def __init__(self, socket: Socket, utterances: Utterances, told: SpeechEncoder, limit: int) -> None:
        """`limit`: characters of one utterance."""
        self._socket = socket
        self._utterances = utterances
        self._told = told
        self._limit = limit

    async def read(self) -> None:
        """Reads messages until the client leaves. An invalid one is answered with `Error`; the socket lives on."""
        await read_messages(self._socket, MESSAGES, self._obey)

    async def _obey(self, message: Speak | Control) -> None:
        match message:
            case Speak(text=text):
                await self._utterances.write(text, self._limit)
            case Control(type="Flush"):
                await self._utterances.end()
            case Control(type="Clear"):
                await self._utterances.cancel()
                await self._told.cleared()
            case Control():
                self._utterances.close()
