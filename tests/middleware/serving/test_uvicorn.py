"""The private classes of uvicorn that are subclassed in middleware/serving, and the version that they were read in."""

from __future__ import annotations

import asyncio
import logging
import re
from importlib.metadata import version
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from tests.middleware.edge.apps import Raw
from tests.patient import PATIENCE
from tests.serving import serving
from tests.stts.analytics.usages import until

READ = (0, 54)
"""Look at the differences of both modules before you raise this: what is overridden there has no promise to stay."""
ROOT = Path(__file__).parents[3]
PRIVATE = re.compile(r"^from uvicorn\.(_\w+|protocols)\b", re.MULTILINE)


def test_this_is_a_version_whose_classes_were_read() -> None:
    assert tuple(map(int, version("uvicorn").split(".")[:2])) <= READ


def test_what_is_overridden_and_called_is_there() -> None:
    for name in (
        "_start_asgi_task",
        "_unset_keepalive_if_required",
        "_should_upgrade",
        "handle_websocket_upgrade",
        "on_headers_complete",
        "on_response_complete",
    ):
        assert callable(getattr(HttpToolsProtocol, name))
    for name in (
        "handle_close",
        "handle_cont",
        "handle_ping",
        "handle_parser_exception",
        "keepalive_timeout",
        "run_asgi",
    ):
        assert callable(getattr(WebSocketsSansIOProtocol, name))
    assert STATUS_LINE[503].startswith(b"HTTP/1.1 503")


def test_only_one_room_knows_them() -> None:
    users = {
        path.relative_to(ROOT).as_posix()
        for room in ("stts", "engines", "adapters", "middleware", "routers")
        for path in (ROOT / room).rglob("*.py")
        if PRIVATE.search(path.read_text(encoding="utf-8"))
    }
    theirs = ("counted_connection", "early", "http_head", "sliced_messages", "websocket_frames", "whole")
    assert users == {f"middleware/serving/{name}.py" for name in theirs}


@pytest.mark.socket
async def test_a_body_that_nobody_reads_goes_with_its_connection() -> None:
    """Not with the next collection of garbage: thousands of clients that leave would have left 64 KiB each."""
    never = asyncio.Event()
    asked: asyncio.Future[RequestResponseCycle] = asyncio.get_running_loop().create_future()

    async def deaf(scope: Scope, receive: Receive, send: Send) -> None:
        asked.set_result(receive.__self__)  # type: ignore[attr-defined]
        await never.wait()

    async with serving(deaf) as port:
        try:
            async with Raw.open(port) as raw:
                await raw.post("/deaf", "Content-Length: 60000", bytes(50_000))
                cycle = await asked
                async with asyncio.timeout(PATIENCE):
                    await until(lambda: len(cycle.body) == 50_000)
            async with asyncio.timeout(PATIENCE):
                await until(lambda: cycle.disconnected)
            assert not cycle.body
        finally:
            never.set()


def test_lines_about_the_whole_process_are_not_logged_for_each_listener() -> None:
    logger = logging.getLogger("uvicorn.error")

    def is_logged(message: str) -> bool:
        return bool(logger.filter(logging.LogRecord(logger.name, logging.INFO, "", 0, message, (), None)))

    assert not is_logged("Finished server process [%d]")
    assert not is_logged("Waiting for connections to close. (CTRL+C to force quit)")
    assert not is_logged("Uvicorn running on socket %s (Press CTRL+C to quit)")  # our own line names the listener
    assert is_logged("ASGI callable returned without starting response.")
