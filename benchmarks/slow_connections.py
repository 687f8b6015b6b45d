"""True if the server is seen to be alive while hundreds of connections say nothing, or little, very slowly."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress

from benchmarks.client import HOST, BadAnswer, fetch
from benchmarks.result import Row, milliseconds, quantile
from benchmarks.server import Server, running

SLOW = 600
FEW_FILES, ENOUGH_FILES = 256, 8192
"""File limits of the server: less than the connections need, and so many that all 600 are let in."""
LOOKS = 40
LOOK_SECONDS = 0.05
"""Between two looks at its health."""
DRIP_SECONDS = 1.0
GIVE_UP_SECONDS = 5.0
REACH_SECONDS = 0.050
HEAD = b"GET /voices HTTP/1.1\r\nhost: 127.0.0.1\r\nx: "
BODY = (
    b"POST /stt HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: multipart/form-data; boundary=x\r\n"
    b"content-length: 1000000\r\n\r\n--x\r\nx: "
)
KINDS = {"silent": (b"", b""), "heads": (HEAD, b"y"), "bodies": (BODY, b"y")}
"""Kind of connection -> bytes sent at first, and bytes sent again and again."""


def run() -> list[Row]:
    few, warnings = _limited(FEW_FILES)
    enough, _ = _limited(ENOUGH_FILES)
    told = Row("warnings in the log of the first", "1", str(warnings), warnings == 1, {"warnings": warnings})
    return [few, told, enough]


def _limited(files: int) -> tuple[Row, int]:
    """Measures a server that may open so many files; returns the row and its number of warnings."""
    with running(program=("-m", "benchmarks.few_files", str(files))) as server:
        alone = asyncio.run(_health(server.port))
        found = {name: asyncio.run(_under(server.port, *kind)) for name, kind in KINDS.items()}
        warnings = _warnings(server)
    worst = {name: max(seconds) for name, seconds in found.items()}
    told = ", ".join(f"{name} {milliseconds(quantile(seconds, 0.5))}" for name, seconds in found.items())
    row = Row(
        f"GET /health under {SLOW} slow connections and a limit of {files} files: slowest of {LOOKS} each",
        "< 50 ms",
        f"{milliseconds(max(worst.values()))}; p50 {told}; alone {milliseconds(quantile(alone, 0.5))}",
        max(worst.values()) < REACH_SECONDS,
        {f"{name}_worst_s": seconds for name, seconds in worst.items()},
    )
    return row, warnings


async def _under(port: int, start: bytes, drop: bytes) -> list[float]:
    async with _slow(port, start, drop):
        return await _health(port)


async def _health(port: int) -> list[float]:
    """Seconds until it was answered, on a new connection each; `GIVE_UP_SECONDS` where it was not."""
    seconds = []
    for _ in range(LOOKS):
        started = time.monotonic()
        try:
            async with asyncio.timeout(GIVE_UP_SECONDS):
                await fetch(port, "GET", "/health")
            seconds.append(time.monotonic() - started)
        except (OSError, EOFError, TimeoutError, BadAnswer):
            seconds.append(GIVE_UP_SECONDS)
        await asyncio.sleep(LOOK_SECONDS)
    return seconds


@asynccontextmanager
async def _slow(port: int, start: bytes, drop: bytes) -> AsyncIterator[None]:
    """They come as fast as the system lets them. Plain sockets, so that nothing here is busy with them meanwhile."""
    with ExitStack() as opened:
        sockets = [opened.enter_context(socket.create_connection((HOST, port))) for _ in range(SLOW)]
        _send(sockets, start)
        dripping = asyncio.create_task(_drip(sockets, drop))
        try:
            yield
        finally:
            dripping.cancel()


async def _drip(sockets: list[socket.socket], drop: bytes) -> None:
    while True:
        await asyncio.sleep(DRIP_SECONDS)
        _send(sockets, drop)


def _send(sockets: list[socket.socket], data: bytes) -> None:
    for each in sockets:
        with suppress(OSError):  # the server has cut it
            each.send(data)


def _warnings(server: Server) -> int:
    return server.log.read_text(encoding="utf-8").count('"level": "warning"')
