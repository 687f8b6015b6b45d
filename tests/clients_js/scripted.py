"""The talk page before a server whose every word is a script: for what the real one says seldom, or never on time."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from routers.pages.site_routes import SiteRoutes
from tests.audio import tone
from tests.serving import serving

RATE = 24_000
FRAME = RATE // 25


class Line:
    """One connection of the page, spoken by a test."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self.query = dict(websocket.query_params)
        self.protocols = websocket.scope["subprotocols"]
        self.audio: asyncio.Queue[bytes] = asyncio.Queue()
        self.messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.over = asyncio.Event()

    async def create(self, session: str = "s1", resumed: bool = False, history: int = 0) -> None:
        await self.say("session.created", session=session, resumed=resumed, history=history, config={})

    async def say(self, type: str, **members: Any) -> None:
        await self._websocket.send_text(json.dumps({"type": type, **members}))

    async def sound(self, generation: int, seconds: float) -> None:
        """A tone, in frames of 40 ms."""
        samples = (tone(seconds, RATE, 440.0) * 32_767).astype(np.int16)
        for sequence, start in enumerate(range(0, len(samples), FRAME)):
            frame = samples[start : start + FRAME].tobytes()
            await self._websocket.send_bytes(struct.pack("<II", generation, sequence) + frame)

    async def next(self, type: str) -> dict[str, Any]:
        """The next message of this type; others before it are dropped."""
        while (message := await self.messages.get())["type"] != type:
            pass
        return message

    async def hear(self, count: int) -> bytes:
        """So many bytes of audio, or a few more."""
        data = b""
        while len(data) < count:
            data += await self.audio.get()
        return data

    async def drop(self, code: int = 1011) -> None:
        await self._websocket.close(code)
        self.over.set()

    async def listen(self) -> None:
        try:
            while not self.over.is_set():
                message = await self._websocket.receive()
                if message["type"] == "websocket.disconnect":
                    break
                if message.get("text"):
                    self.messages.put_nowait(json.loads(message["text"]))
                else:
                    self.audio.put_nowait(message["bytes"])
        except (WebSocketDisconnect, RuntimeError):
            pass  # dropped by the test, or by the page
        self.over.set()


class ScriptedServer:
    def __init__(self) -> None:
        self.lines: asyncio.Queue[Line] = asyncio.Queue()
        self.app = FastAPI()
        self.app.include_router(SiteRoutes().router)
        self.app.add_api_websocket_route("/ws/conversation/v2", self._converse)
        self.app.add_api_route("/engines", self._engines)
        self.app.add_api_route("/voices", self._voices)
        self.app.add_api_route("/info", self._info)
        self.app.add_api_route("/me", self._me)
        self.info_status = 200
        self.role = "write"
        self.lists_asked = 0
        self.refuses = False

    async def line(self) -> Line:
        return await self.lines.get()

    async def _converse(self, websocket: WebSocket) -> None:
        if self.refuses:
            await websocket.close()
            return
        offered = websocket.scope["subprotocols"]
        await websocket.accept("realtime" if "realtime" in offered else None)
        line = Line(websocket)
        self.lines.put_nowait(line)
        await line.listen()

    async def _engines(self) -> list[dict[str, str]]:
        self.lists_asked += 1
        return [
            {"name": "espeak", "kind": "tts", "state": "ready"},
            {"name": "pocketsphinx", "kind": "stt", "state": "ready"},
            {"name": "whisper", "kind": "stt", "state": "not_installed"},
        ]

    async def _voices(self) -> list[dict[str, Any]]:
        return [
            {"id": "en-us", "name": "English", "engine": "espeak", "languages": ["en-US"]},
            {"id": "de", "name": "Deutsch", "engine": "espeak", "languages": ["de"]},
        ]

    async def _info(self) -> JSONResponse:
        return JSONResponse({}, self.info_status)

    async def _me(self) -> JSONResponse:
        return JSONResponse({"kind": "key", "role": self.role}, self.info_status)


@asynccontextmanager
async def scripted() -> AsyncIterator[tuple[ScriptedServer, int]]:
    """The server and its port."""
    server = ScriptedServer()
    async with serving(server.app, grace=1) as port:
        yield server, port
