"""Cost of traces: the same short speech with every request traced and with none, in turns, to a receiver here."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from statistics import median

from benchmarks.access import QUIET
from benchmarks.client import Connection
from benchmarks.result import Row
from benchmarks.server import HOST, Server, free_port, running

CONNECTIONS = 4
WARM_UP_SECONDS = 2.0
SECONDS = 0.5
ROUNDS = 16
BODY = json.dumps({"text": "The ferry leaves at nine.", "engine": "paced", "stream": False}).encode()
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


@dataclass(slots=True)
class _Measured:
    rates: list[float] = field(default_factory=list)
    """Requests a second of each round."""
    done: int = 0
    cpu_seconds: float = 0.0
    """Processor time of the server for those."""


class _Receiver:
    """Takes whatever is posted to it, and counts the bytes."""

    def __init__(self) -> None:
        self.bytes = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
                await reader.readexactly(length)
                self.bytes += length
                writer.write(OK)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            # Cancelled with the loop, at the end of the benchmark: nobody waits for it.
            writer.close()


def run() -> list[Row]:
    port = free_port()
    telemetry = {"enabled": True, "endpoint": f"http://{HOST}:{port}"}
    with ExitStack() as servers:
        plain = servers.enter_context(running(QUIET))
        traced = servers.enter_context(running({**QUIET, "telemetry": telemetry}))
        return asyncio.run(_measured(plain, traced, port))


async def _measured(plain: Server, traced: Server, port: int) -> list[Row]:
    receiver = _Receiver()
    measured = {"plain": _Measured(), "traced": _Measured()}
    async with await asyncio.start_server(receiver.serve, HOST, port):
        for server in (plain, traced):
            await _round(server, WARM_UP_SECONDS, _Measured())
        turns = [(plain, measured["plain"]), (traced, measured["traced"])]
        for _ in range(ROUNDS):
            for server, into in turns:
                await _round(server, SECONDS, into)
            # What disturbs one of them for a while is to disturb the other as much.
            turns.reverse()
    return _rows(measured, receiver.bytes)


async def _round(server: Server, seconds: float, measured: _Measured) -> None:
    before, end = server.cpu_seconds, time.perf_counter() + seconds

    async def client(connection: Connection) -> int:
        done = 0
        while time.perf_counter() < end:
            async for _ in connection.request("POST", "/tts", BODY):
                pass
            done += 1
        return done

    async with _connections(server) as connections:
        done = sum(await asyncio.gather(*map(client, connections)))
    measured.rates.append(done / seconds)
    measured.done += done
    measured.cpu_seconds += server.cpu_seconds - before


@asynccontextmanager
async def _connections(server: Server) -> AsyncGenerator[list[Connection], None]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(Connection(server.port)) for _ in range(CONNECTIONS)]


def _rows(measured: Mapping[str, _Measured], received: int) -> list[Row]:
    plain, traced = measured["plain"], measured["traced"]
    share = median(after / before for before, after in zip(plain.rates, traced.rates, strict=True))
    told = f"{share:.2f} ({median(traced.rates):.0f} of {median(plain.rates):.0f} a second)"
    added = traced.cpu_seconds / traced.done - plain.cpu_seconds / plain.done
    figures = {"share": share, "added_cpu_s": added, "bytes_a_request": received / traced.done}
    cost = f"{added * 1e6:.0f} us of {plain.cpu_seconds / plain.done * 1e6:.0f}"
    return [
        Row(
            "tracing on, every request: requests/s of a short answer against off", ">= 0.9", told, share >= 0.9, figures
        ),
        Row(
            "tracing on: processor time added to a short request",
            "< 10%",
            cost,
            added < 0.1 * plain.cpu_seconds / plain.done,
        ),
    ]
