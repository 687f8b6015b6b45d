"""Clients of all kinds, beside the speakers of `traffic.py`: each makes one call, or one visit, at a time."""

from __future__ import annotations

import asyncio
import json
import time
from functools import cache

import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.client import HOST, BadAnswer, Connection, form
from benchmarks.engines import tone
from benchmarks.server import ROOT
from load.ledger import Ledger
from load.traffic import PAUSE_SECONDS, TEXT

HEARD_SECONDS = 1.0
PIECES = 4
"""Messages in which a recording or a text is sent over a socket."""


class BadTalk(OSError):
    """A socket told an error, or ended too early."""


class Client:
    """One connection for each call, made anew."""

    kind: str

    def __init__(self, port: int, key: str) -> None:
        self._port, self._key = port, key

    def leave(self) -> None:
        """Between two calls it holds nothing."""

    def _socket(self, path: str) -> connect:
        headers = {"X-API-Key": self._key}
        return connect(f"ws://{HOST}:{self._port}{path}", additional_headers=headers, ping_timeout=None)


class OpenAISpeaker(Client):
    kind = "OpenAI speech"

    async def call(self, ledger: Ledger) -> None:
        began = time.monotonic()
        body = json.dumps({"model": "tts-1", "input": TEXT, "voice": "alloy", "response_format": "mp3"}).encode()
        async with Connection(self._port, self._key) as connection:
            async for _ in connection.request("POST", "/v1/audio/speech", body):
                pass
        ledger.answered(self.kind, began, len(TEXT))


class Transcriber(Client):
    kind = "transcription"

    async def call(self, ledger: Ledger) -> None:
        began = time.monotonic()
        body, content_type = form(_recording())
        async with Connection(self._port, self._key) as connection:
            async for _ in connection.request("POST", "/stt", body, content_type):
                pass
        ledger.answered(self.kind, began)


class SocketSpeaker(Client):
    kind = "speech socket"

    async def call(self, ledger: Ledger) -> None:
        began = time.monotonic()
        async with self._socket("/ws/tts") as socket:
            for word in TEXT.split():
                await socket.send(json.dumps({"type": "text", "text": word + " "}))
            await socket.send(json.dumps({"type": "end"}))
            await _until(socket, "audio.done")
        ledger.answered(self.kind, began, len(TEXT) + 1)


class Listener(Client):
    kind = "listening socket"

    async def call(self, ledger: Ledger) -> None:
        began = time.monotonic()
        pcm = _pcm(HEARD_SECONDS)
        size = len(pcm) // PIECES
        async with self._socket("/ws/stt?turn_detection=false") as socket:
            for start in range(0, len(pcm), size):
                await socket.send(pcm[start : start + size])
            await socket.send(json.dumps({"type": "commit"}))
            await _until(socket, "final")
        ledger.answered(self.kind, began)


class Converser(Client):
    kind = "conversation"

    async def call(self, ledger: Ledger) -> None:
        began = time.monotonic()
        async with self._socket("/ws/conversation/v2?mode=text&reply=echo") as socket:
            await socket.send(json.dumps({"type": "text", "text": "Hello."}))
            await _until(socket, "reply.done")
        ledger.answered(self.kind, began)


class Refused(Client):
    """Asks for what must be refused; anything but a refusal has failed."""

    kind = "refused request"

    async def call(self, ledger: Ledger) -> None:
        for body, key, right in ((b'{"text": ""}', self._key, (422,)), (b'{"text": "a"}', "wrong", (401, 429))):
            began = time.monotonic()
            async with Connection(self._port, key) as connection:
                await _refused(connection, body, right)
            ledger.answered(self.kind, began)


class Limited(Client):
    """Has a key with few requests a minute, and goes on all the same. Refusals are answers of their own kind."""

    kind = "limited key"
    refused = "limited key, refused"

    async def call(self, ledger: Ledger) -> None:
        began = time.monotonic()
        try:
            async with Connection(self._port, self._key) as connection:
                async for _ in connection.request("GET", "/me"):
                    pass
            ledger.answered(self.kind, began)
        except BadAnswer as error:
            if error.status != 429:
                raise
            ledger.answered(self.refused, began)
            await asyncio.sleep(PAUSE_SECONDS)


class Leaver(Client):
    """Hears a little of a long text and hangs up."""

    kind = "client that leaves"

    async def call(self, ledger: Ledger) -> None:
        began = time.monotonic()
        body = json.dumps({"text": TEXT * 20, "stream": True, "format": "pcm"}).encode()
        async with Connection(self._port, self._key) as connection:
            await anext(connection.request("POST", "/tts", body))
        ledger.answered(self.kind, began)


async def _refused(connection: Connection, body: bytes, right: tuple[int, ...]) -> None:
    try:
        async for _ in connection.request("POST", "/tts", body):
            pass
    except BadAnswer as error:
        if error.status in right:
            return
        raise
    raise BadTalk("what must be refused was answered")


async def _until(socket: ClientConnection, kind: str) -> None:
    """Reads up to an event. Raises BadTalk for an error before it, or an end."""
    async for message in socket:
        event = json.loads(message) if isinstance(message, str) else {"type": "audio"}
        if event["type"] == "error":
            raise BadTalk(f"{event['code']} on a socket")
        if event["type"] == kind:
            return
        await asyncio.sleep(0)
    raise BadTalk(f"a socket ended before {kind}")


@cache
def _recording() -> bytes:
    return (ROOT / "benchmarks" / "data" / "river.flac").read_bytes()


@cache
def _pcm(seconds: float) -> bytes:
    return bytes(np.round(tone(seconds) * 32_767).astype("<i2").tobytes())
