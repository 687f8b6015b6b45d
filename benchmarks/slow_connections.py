"""Whether the server is seen to be alive while hundreds of connections say nothing, or little, very slowly."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from benchmarks.client import HOST, BadAnswer, fetch
from benchmarks.result import Row, milliseconds, quantile
from benchmarks.server import Server, running

SLOW = 600
FILES = 256
"""The file limit of the server, less than the connections need."""
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
"""What each sends at first, and then again and again."""


def run() -> list[Row]:
    with running(program=("-m", "benchmarks.few_files", str(FILES))) as server:
        alone = asyncio.run(_health(server.port))
        found = {name: asyncio.run(_under(server.port, *kind)) for name, kind in KINDS.items()}
        warnings = _warnings(server)
    worst = {name: max(seconds) for name, seconds in found.items()}
    told = ", ".join(f"{name} {milliseconds(quantile(seconds, 0.5))}" for name, seconds in found.items())
    return [
        Row(
            f"GET /health under {SLOW} slow connections and a limit of {FILES} files: slowest of {LOOKS} each",
            "< 50 ms",
            f"{milliseconds(max(worst.values()))}; p50 {told}; alone {milliseconds(quantile(alone, 0.5))}",
            max(worst.values()) < REACH_SECONDS,
            {f"{name}_worst_s": seconds for name, seconds in worst.items()},
        ),
        Row("warnings about them in the log", "1", str(warnings), warnings == 1, {"warnings": warnings}),
    ]


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
    writers: list[asyncio.StreamWriter] = []
    for _ in range(SLOW):
        with suppress(OSError):
            writers.append((await asyncio.open_connection(HOST, port))[1])
            writers[-1].write(start)
    dripping = asyncio.create_task(_drip(writers, drop))
    try:
        yield
    finally:
        dripping.cancel()
        for writer in writers:
            writer.transport.abort()


async def _drip(writers: list[asyncio.StreamWriter], drop: bytes) -> None:
    while True:
        for writer in writers:
            if not writer.is_closing():
                writer.write(drop)
        await asyncio.sleep(DRIP_SECONDS)


def _warnings(server: Server) -> int:
    return server.log.read_text(encoding="utf-8").count('"connections_cut"')
