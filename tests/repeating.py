"""Requests that come again: a client whose answers tell whether they were routed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from middleware.edge.request_memory import RequestMemory
from middleware.listener import default_listener
from middleware.serving.extensions import WHOLE
from routers.app import build_app
from routers.dialects import DIALECTS
from routers.services import Services

SPOKEN = {"text": "Good evening.", "engine": "tone"}


class WholeRequest:
    """The WholeExchange of a request that was read to its end, and whose answer goes by messages."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    async def rest(self) -> None:
        """All of it is here."""

    def answer(self, head: bytes, body: bytes, status: int = 200) -> bool:
        return False


def read_whole(app: ASGIApp) -> ASGIApp:
    """Reads each request to its end before the app is asked, as the server does with short ones."""

    async def ask(scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        messages = [{"type": "http.request", "body": body, "more_body": False}]

        async def again() -> Any:
            return messages.pop() if messages else await receive()

        scope["extensions"] = {WHOLE: WholeRequest(body)}
        await app(scope, again, send)

    return ask


def memory_of(services: Services) -> RequestMemory:
    assert services.repeating is not None
    return services.repeating.memory


@asynccontextmanager
async def connected(services: Services, **changes: Any) -> AsyncIterator[httpx.AsyncClient]:
    """`changes`: of the listener."""
    app = build_app(services, replace(default_listener(services.settings, tuple(DIALECTS)), **changes))
    transport = httpx.ASGITransport(read_whole(app), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


async def remembered(client: httpx.AsyncClient, services: Services, **wishes: Any) -> httpx.Response:
    """Asks until the request is answered from memory, and tells that answer."""
    for _ in range(3):
        await client.get("/tts", params={**SPOKEN, **wishes})
    before = memory_of(services).answered
    answer = await client.get("/tts", params={**SPOKEN, **wishes})
    assert memory_of(services).answered == before + 1
    assert (answer.status_code, answer.headers["x-cache"]) == (200, "HIT")
    return answer
