"""A speech server that answers at once, or when a test lets it: for what is not about speech."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.test_utils import TestServer

ANSWER = {"X-Engine": "hibari", "X-Voice": "heart", "X-Audio-Duration": "1"}


@dataclass
class Stub:
    address: str = ""
    spoken: list[str] = field(default_factory=list)
    """Texts that were spoken, in order."""
    subjects: list[str] = field(default_factory=list)
    heard: str = ""
    """A transcript; empty: how many bytes came."""
    go: asyncio.Event = field(default_factory=asyncio.Event)

    async def speak(self, request: web.Request) -> web.Response:
        await self.go.wait()
        self.spoken.append((await request.json())["text"])
        self.subjects.append(request.headers["X-Subject"])
        return web.Response(body=ogg(), content_type="audio/ogg", headers=ANSWER)

    async def hear(self, request: web.Request) -> web.Response:
        content = (await request.post())["file"]
        assert isinstance(content, web.FileField)
        return web.json_response({"text": self.heard or f"Heard {len(content.file.read())}."})

    async def nothing(self, request: web.Request) -> web.Response:
        return web.json_response([])


def ogg() -> bytes:
    """The least that is a voice note: its head, and a last page at one second."""
    head = b"OggS\0\2" + bytes(20) + b"\1\x13OpusHead\1\1" + bytes(11)
    return head + b"OggS\0\4" + (48_000).to_bytes(8, "little") + bytes(13)


@asynccontextmanager
async def speaking() -> AsyncIterator[Stub]:
    stub = Stub()
    stub.go.set()
    app = web.Application(client_max_size=64 << 20)
    app.router.add_get("/voices", stub.nothing)
    app.router.add_get("/engines", stub.nothing)
    app.router.add_post("/tts", stub.speak)
    app.router.add_post("/stt", stub.hear)
    async with TestServer(app) as server:
        stub.address = str(server.make_url("")).rstrip("/")
        yield stub
