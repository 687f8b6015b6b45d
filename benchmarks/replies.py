"""Processor time that the event loop takes for a spoken reply, and for a frame of one.

Typed messages are answered by the echo engine with eSpeak's voice, so that nothing is heard and no turn is judged: what
is left is the way from the reply's first word to the socket. STTS_BENCHMARK_BASE names the folder of another build,
which is asked in turn.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from pathlib import Path

from benchmarks.client import fetch
from benchmarks.crowd import Crowd, Member, crowd, run_fast
from benchmarks.live_message import BASE, SETTINGS, loop_seconds
from benchmarks.result import Row, quantile
from benchmarks.server import SERVER, Server, running
from benchmarks.talker import PATH
from benchmarks.websocket import Query, frame

REACH = 0.67
SESSIONS = 40
TURNS = 5
TURNS_NAME = "STTS_BENCHMARK_TURNS"
SPREAD_SECONDS = 1.0
"""Within which all begin, so that somebody is always in every part of a reply."""
SETTLE_SECONDS = 0.3
POLL_SECONDS = 0.05
PATIENCE_SECONDS = 120.0
SENTENCE = "The last ferry to the island leaves at nine in the evening, so please be there in time. "
LENGTHS = {"short": "Yes, please do.", "long": SENTENCE}
QUERY: Query = {"stt": "ear", "tts": "espeak", "reply": "echo", "output_rate": 24_000}

Turn = tuple[float, int]
"""Seconds of the loop for all replies, and their frames."""


def run() -> list[Row]:
    base = os.environ.get(BASE)
    programs = [SERVER, *([(str(Path(base) / "server_v2.py"),)] if base else [])]
    turns = int(os.environ.get(TURNS_NAME, TURNS))
    with ExitStack() as stack:
        servers = [stack.enter_context(running(SETTINGS, program)) for program in programs]
        found = run_fast(partial(_talked, servers, turns))
    return [_row(name, [each[name] for each in found]) for name in LENGTHS]


def _row(name: str, turns: Sequence[Sequence[Turn]]) -> Row:
    own, *others = (quantile([seconds / SESSIONS for seconds, _ in each], 0.5) for each in turns)
    frames = quantile([count / SESSIONS for _, count in turns[0]], 0.5)
    figures, met = {"reply_s": own, "frames": frames}, None
    told = f"{own * 1e3:.2f} ms, {own / frames * 1e6:.0f} us a frame"
    if others:
        figures |= {"base_reply_s": others[0], "ratio": own / others[0]}
        told += f" ({own / others[0]:.3f} x the {others[0] * 1e3:.2f} ms of the base)"
        met = own <= REACH * others[0]
    what = f"event loop, one {name} reply of {frames:.0f} frames, p50 of {len(turns[0])} turns"
    return Row(what, f"<= {REACH} x the base" if others else "", told, met, figures, timed=True)


async def _talked(servers: Sequence[Server], turns: int) -> list[dict[str, list[Turn]]]:
    found: list[dict[str, list[Turn]]] = [{name: [] for name in LENGTHS} for _ in servers]
    async with AsyncExitStack() as stack:
        crowds = []
        for server in servers:
            await fetch(server.port, "POST", "/engines/espeak/load")
            await fetch(server.port, "POST", "/engines/ear/load")
            crowds.append(await stack.enter_async_context(crowd(SESSIONS, server.port, PATH, QUERY)))
        for turn in range(-1, turns):
            for name, text in LENGTHS.items():
                for server, callers, turns_of in zip(servers, crowds, found, strict=True):
                    cost = await _turn(server, callers, text)
                    if turn >= 0:  # the first is there to load and to learn what is needed
                        turns_of[name].append(cost)
    return found


async def _turn(server: Server, callers: Crowd, text: str) -> Turn:
    said = frame(json.dumps({"type": "text", "text": text}))
    before = loop_seconds(server)
    for member in callers.members:
        member.heard.clear()
        member.socket.send_frame(said)
        await asyncio.sleep(SPREAD_SECONDS / SESSIONS)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not all(map(_answered, callers.members)):  # noqa: ASYNC110 - an event for each message would cost more
            await asyncio.sleep(POLL_SECONDS)
    await asyncio.sleep(SETTLE_SECONDS)
    frames = sum(isinstance(message, bytes) for member in callers.members for _, message in member.heard)
    return loop_seconds(server) - before, frames


def _answered(member: Member) -> bool:
    return any(isinstance(message, str) and '"reply.done"' in message for _, message in member.heard[-4:])
