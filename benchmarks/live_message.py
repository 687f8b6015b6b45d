"""Processor time that the event loop takes for one live message, beside that of another build where one is named.

STTS_BENCHMARK_BASE names the folder of the other: both servers run at once and are sent to turn by turn, so that
whatever else the machine does is alike for both. Whoever speaks does not pause, and is not answered: what a turn costs
that ends, and a reply, is no part of it.

STTS_BENCHMARK_TALKS picks from TALKS, STTS_BENCHMARK_TURNS says how many turns each has.
"""

from __future__ import annotations

import asyncio
import json
import os
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.client import fetch
from benchmarks.crowd import Crowd, crowd, run_fast
from benchmarks.result import Row, quantile
from benchmarks.server import SERVER, Server, running
from benchmarks.talker import PATH, wire_frames
from benchmarks.voices import utterances
from benchmarks.websocket import Query, frame
from stts.engine_api import STT_SAMPLE_RATE, Samples

BASE = "STTS_BENCHMARK_BASE"
REACH = 0.45
SESSIONS = 40
TURNS = 7
TURN_SECONDS = 0.9
SETTLE_SECONDS = 0.3
"""For the last message of a turn to be done with."""
SETTINGS = {
    "stt": {"order": ["ear"]},
    "tts": {"order": ["espeak"]},
    "limits": {"live_sessions": 2000},
    "logging": {"level": "warning"},
    "conversation": {"turn_detector": "none"},
}
LISTEN: Query = {"engine": "ear", "partials": "false", "silence_ms": 10_000}
CONVERSE: Query = {"stt": "ear", "tts": "espeak", "reply": "echo", "respond": "false", "silence_ms": 10_000}
REALTIME_RATE = 24_000
DETECTION = {"type": "server_vad", "create_response": False, "silence_duration_ms": 10_000}
HEARS_ONLY = {
    "type": "session.update",
    "session": {"type": "realtime", "audio": {"input": {"turn_detection": DETECTION}}},
}


@dataclass(frozen=True, slots=True)
class Talk:
    path: str
    query: Query
    seconds: float
    """Seconds of audio in a message."""
    frames: Callable[[Samples, float], list[bytes]] = wire_frames
    first: bytes | None = None
    """Sent by each session at its begin."""


def appends(samples: Samples, seconds: float) -> list[bytes]:
    """As events of Realtime that carry base64, ready to be sent."""
    at = np.arange(len(samples) * REALTIME_RATE // STT_SAMPLE_RATE) * STT_SAMPLE_RATE / REALTIME_RATE
    data = np.round(np.interp(at, np.arange(len(samples)), samples) * 32_767).astype("<i2").tobytes()
    size = 2 * round(seconds * REALTIME_RATE)
    parts = (data[start : start + size].ljust(size, b"\0") for start in range(0, len(data), size))
    events = ({"type": "input_audio_buffer.append", "audio": b64encode(part).decode()} for part in parts)
    return [frame(json.dumps(event)) for event in events]


TALKS = {
    "stt": Talk("/ws/stt", LISTEN, 0.06),
    "conversation": Talk(PATH, CONVERSE, 0.02),
    "realtime_20": Talk("/v1/realtime", {"model": "gpt-realtime"}, 0.02, appends, frame(json.dumps(HEARS_ONLY))),
    "realtime_60": Talk("/v1/realtime", {"model": "gpt-realtime"}, 0.06, appends, frame(json.dumps(HEARS_ONLY))),
}


def run() -> list[Row]:
    base = os.environ.get(BASE)
    programs = [SERVER, *([(str(Path(base) / "server_v2.py"),)] if base else [])]
    picked = os.environ.get("STTS_BENCHMARK_TALKS", ",".join(TALKS)).split(",")
    turns = int(os.environ.get("STTS_BENCHMARK_TURNS", TURNS))
    rows: list[Row] = []
    for name in picked:
        with ExitStack() as stack:
            servers = [stack.enter_context(running(SETTINGS, program)) for program in programs]
            found = run_fast(partial(_talked, TALKS[name], servers, turns))
        rows += [_row(name, kind, costs) for kind, costs in found.items()]
    return rows


def _row(name: str, kind: str, costs: Sequence[Sequence[float]]) -> Row:
    own, *others = (quantile(each, 0.5) for each in costs)
    figures, told, met = {"message_s": own}, f"{own * 1e6:.1f} us", None
    if others:
        figures |= {"base_message_s": others[0], "ratio": own / others[0]}
        told += f" ({own / others[0]:.3f} x the {others[0] * 1e6:.1f} us of the base)"
        met = own <= REACH * others[0]
    milliseconds = round(TALKS[name].seconds * 1000)
    return Row(
        f"event loop, one message of {milliseconds} ms, {TALKS[name].path}, {kind}, p50 of {len(costs[0])} turns",
        f"<= {REACH} x the base" if others else "",
        told,
        met,
        figures,
        timed=True,
    )


async def _talked(talk: Talk, servers: Sequence[Server], turns: int) -> dict[str, list[list[float]]]:
    """For silence and speech: the seconds that each server took for a message, turn by turn."""
    count = round(TURN_SECONDS / talk.seconds)
    said = (
        each.samples[round(each.start * STT_SAMPLE_RATE) : round(each.end * STT_SAMPLE_RATE)] for each in utterances()
    )
    spoken = talk.frames(np.concatenate(list(said)), talk.seconds)
    silent = talk.frames(np.zeros(round(talk.seconds * STT_SAMPLE_RATE), np.float32), talk.seconds) * len(spoken)
    found: dict[str, list[list[float]]] = {}
    async with AsyncExitStack() as stack:
        crowds = [await stack.enter_async_context(_opened(talk, server)) for server in servers]
        for kind, frames in (("silent", silent), ("spoken", spoken)):
            found[kind] = [[] for _ in servers]
            for turn in range(-1, turns):
                at = (turn + 1) * count % (len(frames) - count)
                for number, (server, talkers) in enumerate(zip(servers, crowds, strict=True)):
                    cost = await _cost(talk, server, talkers, frames[at : at + count])
                    if turn >= 0:  # the first is there to load and to learn what is needed
                        found[kind][number].append(cost)
    return found


@asynccontextmanager
async def _opened(talk: Talk, server: Server) -> AsyncIterator[Crowd]:
    """A crowd at one server, whose engines are loaded."""
    for engine in ("silero", "ear", "espeak"):
        await fetch(server.port, "POST", f"/engines/{engine}/load")
    async with crowd(SESSIONS, server.port, talk.path, talk.query) as found:
        if talk.first is not None:
            for member in found.members:
                member.socket.send_frame(talk.first)
        await asyncio.sleep(SETTLE_SECONDS)
        yield found


async def _cost(talk: Talk, server: Server, talkers: Crowd, frames: Sequence[bytes]) -> float:
    """Seconds of the server's loop for a message."""
    before = loop_seconds(server)
    await talkers.play(frames, frames[-1], period=talk.seconds)
    await asyncio.sleep(SETTLE_SECONDS)
    after = loop_seconds(server)
    for member in talkers.members:
        member.heard.clear()
        member.sent.clear()
    talkers.late.clear()
    return (after - before) / (len(frames) * len(talkers.members))


def loop_seconds(server: Server) -> float:
    """Processor time of the thread of the server's event loop, which is its first."""
    exact = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/schedstat")
    if exact.exists():
        return int(exact.read_text().split()[0]) / 1e9
    (thread,) = (each for each in server.process.threads() if each.id == server.process.pid)
    return thread.user_time + thread.system_time
