"""One worker against two on the same cores: live sessions that each costs only its socket, until answers come late.

Turns are ended by their client, so that no detector runs, and the ear answers at once: what is shared out among the
workers is the work of the event loop alone. The generator is on the same cores, which bounds what two can reach.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import psutil

from benchmarks.client import fetch
from benchmarks.crowd import PERIOD_SECONDS, Crowd, Member, crowd, run_fast
from benchmarks.result import Row, milliseconds, quantile
from benchmarks.server import Server, processes, running, workers_of
from benchmarks.talker import wire_frames
from benchmarks.websocket import frame
from stts.engine_api import STT_SAMPLE_RATE

FIRST_SESSIONS = 80
STEP = 1.2
MOST_SESSIONS = 1_500
TURN_MESSAGES = 16
TURNS = 4
SPREAD = TURN_MESSAGES
LATE_SECONDS = 0.016
REACH = 1.7
WORDS = "final"
"""Type of the event that tells the words of a turn."""
PATH = "/ws/stt"
QUERY: dict[str, str | int] = {"engine": "ear", "partials": "false", "turn_detection": "false"}
LIMITS = {
    "live_sessions": 2 * MOST_SESSIONS,
    "connections": 2 * MOST_SESSIONS,
    "network_connections": 2 * MOST_SESSIONS,
}


@dataclass(frozen=True, slots=True)
class Tried:
    sessions: int
    p99: float
    """Seconds from the end of a turn to its words."""
    missing: int
    """Turns without words."""
    worker_cores: Sequence[float]
    generator_cores: float
    shares: Sequence[int]
    """Sessions of each worker."""

    @property
    def is_met(self) -> bool:
        return self.p99 < LATE_SECONDS and not self.missing

    @property
    def text(self) -> str:
        cores = " + ".join(f"{each:.2f}" for each in self.worker_cores)
        shares = " + ".join(map(str, self.shares))
        return (
            f"{self.sessions} sessions ({shares}), p99 {milliseconds(self.p99)}, "
            f"workers {cores} cores, generator {self.generator_cores:.2f}"
        )


def run() -> list[Row]:
    found = {workers: _until_late(workers) for workers in (1, 2)}
    best = {workers: _most(tries) for workers, tries in found.items()}
    # By the processor time of a worker for a session, where the generator leaves two workers no two cores.
    each = {workers: _cores_of_a_session(tries) for workers, tries in found.items()}
    ratio = best[2] / best[1] if best[1] else 0.0
    rows = [
        Row(
            "sessions on two workers against one, on the same cores as their generator",
            f">= {REACH}",
            f"{ratio:.2f} ({best[2]} against {best[1]}; each takes {each[2] * 1000:.2f} and {each[1] * 1000:.2f} ms/s)",
            ratio >= REACH,
            {"ratio": ratio, "one_sessions": best[1], "two_sessions": best[2]},
            timed=True,
        )
    ]
    return rows + [
        Row(f"  {processes(workers)}", "", tried.text) for workers, tries in found.items() for tried in tries
    ]


def _most(tries: Sequence[Tried]) -> int:
    return max((each.sessions for each in tries if each.is_met), default=0)


def _cores_of_a_session(tries: Sequence[Tried]) -> float:
    last = next((each for each in reversed(tries) if each.is_met), tries[0])
    return sum(last.worker_cores) / last.sessions


def _until_late(workers: int) -> list[Tried]:
    tries: list[Tried] = []
    sessions = FIRST_SESSIONS
    with running({"server": {"workers": workers}, "stt": {"order": ["ear"]}, "limits": LIMITS}) as server:
        processes = workers_of(server, workers)
        while sessions <= MOST_SESSIONS:
            tries.append(_tried(sessions, server, processes))
            if not tries[-1].is_met:
                break
            sessions = round(sessions * STEP)
    return tries


def _tried(sessions: int, server: Server, workers: Sequence[psutil.Process]) -> Tried:
    return run_fast(lambda: _played(sessions, server, workers))


async def _played(sessions: int, server: Server, workers: Sequence[psutil.Process]) -> Tried:
    await fetch(server.port, "POST", "/engines/ear/load")
    turn = wire_frames(
        np.zeros(round((TURN_MESSAGES - 1) * PERIOD_SECONDS * STT_SAMPLE_RATE), np.float32), PERIOD_SECONDS
    )
    script = [*turn, frame(json.dumps({"type": "commit"}))] * TURNS
    async with crowd(sessions, server.port, PATH, QUERY) as found:
        shares = [_sessions(each, server.port) for each in workers]
        before, started = [_busy(each) for each in workers], time.monotonic()
        own = time.process_time()
        await found.play(script, turn[0], SPREAD)
        took = time.monotonic() - started
        cores = [(_busy(each) - busy) / took for each, busy in zip(workers, before, strict=True)]
        own = (time.process_time() - own) / took
        await asyncio.sleep(1.0)
    delays = _delays(found)
    return Tried(sessions, quantile(delays, 0.99), TURNS * sessions - len(delays), cores, own, shares)


def _busy(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _sessions(process: psutil.Process, port: int) -> int:
    connections = process.net_connections("tcp")
    return Counter(each.status for each in connections if each.laddr.port == port)[psutil.CONN_ESTABLISHED]


def _delays(found: Crowd) -> list[float]:
    return [delay for member in found.members for delay in _delays_of(member)]


def _delays_of(member: Member) -> list[float]:
    ends = member.sent[TURN_MESSAGES - 1 :: TURN_MESSAGES]
    words = [at for at, message in member.heard if isinstance(message, str) and json.loads(message)["type"] == WORDS]
    return [at - end for end, at in zip(ends, words, strict=False)]
