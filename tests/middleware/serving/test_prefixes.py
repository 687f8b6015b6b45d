"""Listeners at path prefixes of one address, each with its own requests."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from middleware.serving.prefixes import Prefixes, PrefixListener
from tests.patient import PATIENCE


class App:
    """Notes where it was asked, and answers when a test lets it."""

    def __init__(self, *, waits: bool = False) -> None:
        self.asked: list[tuple[str, str]] = []
        self.go_on = asyncio.Event()
        if not waits:
            self.go_on.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append((scope["path"], scope.get("root_path", "")))
        await self.go_on.wait()


async def ask(app: Any, path: str, kind: str = "http") -> None:
    async def nothing(*_: object) -> Any:
        raise AssertionError

    await app({"type": kind, "path": path}, nothing, nothing)


@pytest.mark.parametrize("kind", ["http", "websocket"])
async def test_a_path_below_a_prefix_is_that_listeners(kind: str) -> None:
    main, below = App(), App()
    prefixes = Prefixes(main)
    prefixes.put("/piper", below)
    for path in ("/tts", "/piper", "/piper/tts", "/pipers"):
        await ask(prefixes, path, kind)
    assert main.asked == [("/tts", ""), ("/pipers", "")]
    assert below.asked == [("/piper", "/piper"), ("/piper/tts", "/piper")]


async def test_it_drains_what_is_inside_and_lets_nobody_else_in() -> None:
    main, below = App(), App(waits=True)
    prefixes = Prefixes(main)
    listener = PrefixListener(prefixes, "/piper", below, drain_seconds=PATIENCE)
    ready = asyncio.Event()
    served = asyncio.create_task(listener.serve(ready.set))
    await ready.wait()
    inside = asyncio.create_task(ask(prefixes, "/piper/tts"))
    await asyncio.sleep(0)
    listener.stop(at_once=False)
    await asyncio.sleep(0)
    await ask(prefixes, "/piper/tts")
    assert (len(below.asked), main.asked) == (1, [("/piper/tts", "")])
    assert not served.done()
    below.go_on.set()
    await asyncio.wait_for(served, PATIENCE)
    await inside


async def test_at_once_cuts_off_what_is_inside() -> None:
    below = App(waits=True)
    prefixes = Prefixes(App())
    listener = PrefixListener(prefixes, "/piper", below, drain_seconds=PATIENCE)
    served = asyncio.create_task(listener.serve(lambda: None))
    await asyncio.sleep(0)
    inside = asyncio.create_task(ask(prefixes, "/piper/tts"))
    await asyncio.sleep(0)
    listener.stop(at_once=True)
    await asyncio.wait_for(served, PATIENCE)
    with pytest.raises(asyncio.CancelledError):
        await inside


async def test_whoever_follows_keeps_the_place() -> None:
    main, old, new = App(), App(), App()
    prefixes = Prefixes(main)
    prefixes.put("/piper", old)
    prefixes.put("/piper", new)
    prefixes.remove("/piper", old)
    await ask(prefixes, "/piper/tts")
    assert (len(old.asked), len(new.asked)) == (0, 1)
