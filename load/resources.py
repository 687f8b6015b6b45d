"""What a server holds: memory, descriptors, threads and children, looked at from outside."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.server import Server
from load.desk import POLL_SECONDS, Desk

MIB = 1024 * 1024
OF_NO_FILE = ("Pss_Anon:", "Pss_Shmem:")
"""Lines of `/proc/PID/smaps_rollup`, in kB."""
OPERATIONS = "stts_operations_in_progress"


@dataclass(frozen=True, slots=True)
class Held:
    memory: int
    """Bytes of the server and its children that are in no file: pages of libraries count for less while other programs
    map them too, so they rise and fall with the neighbours. What they share is counted once, where the system tells."""
    descriptors: int
    threads: int
    children: int


@dataclass(frozen=True, slots=True)
class Busy:
    """What goes on inside, as the server tells it."""

    operations: int
    running: int
    """Slots of engines that are taken."""
    waiting: int
    sessions: int
    files: int

    @property
    def is_idle(self) -> bool:
        return self == Busy(0, 0, 0, 0, 0)


def held(server: Server) -> Held:
    children = server.process.children(recursive=True)
    family = [server.process, *children]
    return Held(sum(map(_memory, family)), server.process.num_fds(), server.process.num_threads(), len(children))


def _memory(process: psutil.Process) -> int:
    """Bytes of one process, its part of what it shares with others; its resident memory where Linux is not."""
    try:
        rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii")
    except FileNotFoundError:
        return int(process.memory_info().rss) if process.is_running() else 0
    except ProcessLookupError:
        return 0
    kilobytes = {name: words[0] for name, *words in map(str.split, rollup.splitlines()) if name in OF_NO_FILE}
    return sum(int(each) for each in kilobytes.values()) * 1024


async def busy(desk: Desk) -> Busy:
    engines = (await desk.ready())["engines"].values()
    metrics = (await desk.text("/metrics")).splitlines()
    sockets = await desk.ask("GET", "/ws/conversation/status")
    return Busy(
        sum(int(float(line.split()[-1])) for line in metrics if line.startswith(OPERATIONS)),
        sum(each["running"] for each in engines),
        sum(each["waiting"] for each in engines),
        sockets["active_connections"],
        (await desk.ask("GET", "/files"))["total"],
    )


async def until_idle(desk: Desk, patience: float) -> Busy:
    """The state as soon as nothing goes on, or the last one when patience has ended."""
    deadline = time.monotonic() + patience
    while True:
        state = await busy(desk)
        if state.is_idle or time.monotonic() > deadline:
            return state
        await asyncio.sleep(POLL_SECONDS)


def megabytes(count: float) -> str:
    return f"{count / MIB:.1f} MiB"


def shown(state: Busy | Held) -> str:
    """Members in words that a table has room for."""
    return json.dumps({name: getattr(state, name) for name in state.__slots__}).strip("{}").replace('"', "")
