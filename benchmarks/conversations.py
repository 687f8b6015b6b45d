"""A hundred conversations at once: is every frame of every reply there when its time has come?

The callers follow a script: they speak, and are silent while they are answered, again and again. A reply is sent a set
time ahead of its playback: the first frames at once, each later one when the listener will need it that much later. The
frame of a reply that came soonest, beside that schedule, is what the others are measured by.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.client import fetch
from benchmarks.crowd import PERIOD_SECONDS, Crowd, Member, crowd, run_fast
from benchmarks.result import Row, milliseconds, quantile
from benchmarks.server import processes, running, workers_of
from benchmarks.talker import PATH, wire_frames
from benchmarks.voices import utterances
from stts.audio.pacing import FRAME_SECONDS, Pacer
from stts.engine_api import STT_SAMPLE_RATE
from stts.settings import ConversationSettings

CALLERS = 160
WORKERS = (1, 2)
MORE = (200, 240)
"""Tried until it is too many."""
FEWER = (130, 100, 80)
"""Tried until it is few enough, where the first is too many already."""
ROUNDS = 3
LISTEN_SECONDS = 6.0
"""After each utterance: the silence window and the reply."""
SPREAD = 150
"""Messages within which all begin, so that somebody is always in every part of a conversation."""
REACH = 0.999
LATE_SECONDS = 0.020
REPLY = "The last ferry to the island leaves at nine in the evening, so please be there in time."
OUTPUT_RATE = 24_000
HEADER = struct.Struct("<II")
SETTINGS = {
    "stt": {"order": ["ear"]},
    "tts": {"order": ["espeak"]},
    "engines": {"options": {"ear": {"text": REPLY}}},
    "limits": {"live_sessions": 2000, "queue_length": 1000},
    "logging": {"level": "warning"},
}
QUERY: dict[str, str | int] = {"stt": "ear", "tts": "espeak", "reply": "echo", "output_rate": OUTPUT_RATE}


@dataclass(frozen=True, slots=True)
class Frame:
    at: float
    seconds: float
    """Seconds of its audio."""


def run() -> list[Row]:
    return [row for workers in WORKERS for row in _rows(workers)]


def _rows(workers: int) -> list[Row]:
    first = _row(CALLERS, workers)
    others: list[Row] = []
    for callers in MORE if first.met else FEWER:
        others.append(_row(callers, workers))
        if others[-1].met != first.met:
            break
    return [first, *(Row(f"  {row.what}", "", row.measured, figures=row.figures) for row in others)]


def _row(callers: int, workers: int) -> Row:
    frames = _script()
    with running(SETTINGS | {"server": {"workers": workers}}) as server:
        workers_of(server, workers)
        busy = server.all_cpu_seconds
        found = run_fast(lambda: _talked(callers, server.port, frames))
        used = server.all_cpu_seconds
    replies = [reply for member in found.members for reply in _replies(member)]
    late = [seconds for reply in replies for seconds in _lateness(reply)]
    in_time = sum(seconds <= LATE_SECONDS for seconds in late) / len(late)
    sent = sum(seconds <= LATE_SECONDS for seconds in found.late) / len(found.late)
    cores = (used - busy) / ((len(frames) + SPREAD) * PERIOD_SECONDS)
    wanted = callers * ROUNDS
    return Row(
        f"{callers} full conversations ({processes(workers)}): frames of replies within 20 ms of their time",
        ">= 99.9 %",
        f"{in_time:.3%} (p99.9 {milliseconds(quantile(late, 0.999))}, worst {milliseconds(max(late))} late; "
        f"{len(replies)} of {wanted} replies; server {cores:.2f} cores; callers sent {sent:.3%} in time)",
        in_time >= REACH and len(replies) == wanted,
        {
            "in_time": in_time,
            "worst_s": max(late),
            "server_cores": cores,
            "replies": len(replies),
            "sent_in_time": sent,
        },
    )


async def _talked(callers: int, port: int, frames: Sequence[bytes]) -> Crowd:
    for engine in ("silero", "ear", "espeak"):
        await fetch(port, "POST", f"/engines/{engine}/load")
    async with crowd(callers, port, PATH, QUERY) as found:
        await found.play(frames, frames[-1], SPREAD)
    return found


def _script() -> list[bytes]:
    pause = np.zeros(round(LISTEN_SECONDS * STT_SAMPLE_RATE), np.float32)
    said = [part for number in range(ROUNDS) for part in (utterances()[number].samples, pause)]
    return wire_frames(np.concatenate(said), PERIOD_SECONDS)


def _replies(member: Member) -> Iterator[list[Frame]]:
    """Raises ValueError for a frame that is missing."""
    found: dict[int, list[Frame]] = defaultdict(list)
    for at, message in member.heard:
        if isinstance(message, bytes):
            generation, sequence = HEADER.unpack_from(message)
            if sequence != len(found[generation]):
                raise ValueError(f"frame {sequence} came where {len(found[generation])} was due")
            found[generation].append(Frame(at, (len(message) - HEADER.size) / 2 / OUTPUT_RATE))
    yield from found.values()


def _lateness(reply: Sequence[Frame]) -> list[float]:
    """Seconds by which each frame came after its time; the best has none."""
    over = [frame.at - due for frame, due in zip(reply, schedule([frame.seconds for frame in reply]), strict=True)]
    return [seconds - min(over) for seconds in over]


def schedule(lengths: Sequence[float]) -> list[float]:
    """When frames of such lengths are to be sent, in seconds from the first."""
    pacer = Pacer(ConversationSettings().ahead_seconds)
    now = 0.0
    times = []
    for seconds in lengths:
        now += pacer.due(now, FRAME_SECONDS)  # room for a whole frame is waited for, also by a shorter last one
        times.append(now)
        pacer.sent(seconds, now)
    return times
