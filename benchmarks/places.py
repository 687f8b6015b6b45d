"""Typed conversations, one after the other on each of as many connections as there are places: none may be refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from benchmarks.result import Row
from benchmarks.server import running

CONVERSATIONS = 500
PLACES = 4
SETTINGS = {"limits": {"live_sessions": PLACES}}
PATH = "/ws/conversation/v2?mode=text&reply=echo"


def run() -> list[Row]:
    with running(SETTINGS) as server:
        refused = asyncio.run(_refused(server.port))
    what = f"{CONVERSATIONS} typed conversations, never more than {PLACES} at once, {PLACES} places: refused"
    return [Row(what, "0", str(refused), refused == 0, {"refused": refused})]


async def _refused(port: int) -> int:
    numbers = iter(range(CONVERSATIONS))
    counts = await asyncio.gather(*(_talk(port, numbers) for _ in range(PLACES)))
    return sum(counts)


async def _talk(port: int, numbers: Iterator[int]) -> int:
    """One caller, who hangs up and calls again at once. How often it was refused."""
    refused = 0
    for _ in numbers:
        try:
            async with connect(f"ws://127.0.0.1:{port}{PATH}") as socket:
                await socket.send(json.dumps({"type": "text", "text": "Hello."}))
                async for message in socket:
                    event = json.loads(message)
                    if event["type"] == "reply.done":
                        break
                    refused += event["type"] == "error"
        except InvalidStatus:
            refused += 1
    return refused
