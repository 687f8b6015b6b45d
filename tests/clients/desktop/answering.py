"""A server without a socket: it gives the answers that a test has laid out for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from clients.desktop.model.server import SpeechServer

URL = "http://speech.test"
HEADERS = {"x-request-id": "1"}
SOUND = b"\1\2" * 24_000
"""A second of it."""
VOICES = [
    {"id": "heart", "name": "Heart", "engine": "hibari", "languages": ["en-US"]},
    {"id": "far", "name": "Far", "engine": "absent", "languages": []},
]
ENGINES = [{"name": "hibari", "available": True}, {"name": "absent", "available": False}]


class Blocks(httpx.AsyncByteStream):
    """A body that comes in parts, and may break off or wait for ever."""

    def __init__(self, blocks: list[bytes], end: Exception | None = None, hold: asyncio.Event | None = None) -> None:
        self._blocks, self._end, self._hold = blocks, end, hold

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for block in self._blocks:
            yield block
        if self._hold is not None:
            await self._hold.wait()
        if self._end is not None:
            raise self._end


def spoken(
    *blocks: bytes, end: Exception | None = None, hold: asyncio.Event | None = None, **headers: str
) -> httpx.Response:
    told = {
        **HEADERS,
        "content-type": "audio/pcm",
        "x-sample-rate": "24000",
        "x-voice": "heart",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return httpx.Response(200, headers=told, stream=Blocks(list(blocks or (SOUND,)), end, hold))


def refused(status: int, detail: str, **headers: str) -> httpx.Response:
    told = {**HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return httpx.Response(status, headers=told, json={"detail": detail})


Answer = httpx.Response | Exception | Callable[[httpx.Request], Any]


@dataclass
class Answers:
    """Answers to `POST /tts`, one after the other; then speech."""

    speech: list[Answer] = field(default_factory=list)
    others: dict[str, Answer] = field(default_factory=dict)
    """Path -> answer, for what is to be otherwise."""
    asked: list[tuple[str, str, Any]] = field(default_factory=list)

    def server(self, key: str = "") -> SpeechServer:
        return SpeechServer(URL, key, httpx.MockTransport(self._answer))

    @property
    def texts(self) -> list[str]:
        return [body["text"] for _, path, body in self.asked if path == "/tts"]

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        content = await request.aread()
        is_json = request.headers.get("content-type") == "application/json"
        self.asked.append((request.method, request.url.path, json.loads(content) if is_json else content))
        answer: Answer
        if request.url.path in self.others:
            answer = self.others[request.url.path]
        elif request.url.path == "/tts":
            answer = self.speech.pop(0) if self.speech else spoken()
        else:
            known: dict[str, Any] = {"/health": {"status": "ok"}, "/voices": VOICES, "/engines": ENGINES}
            answer = httpx.Response(200, headers=HEADERS, json=known[request.url.path])
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)
