"""Mixed load for as long as one likes: neither the memory of the server nor the time of its slow answers may rise.

`make soak MINUTES=120`. Memory and p99 are looked at each interval, and judged without the first part, in which caches
fill.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.result import Row, milliseconds
from benchmarks.server import Server, running
from load.callers import (
    Converser,
    Leaver,
    Limited,
    Listener,
    OpenAISpeaker,
    Refused,
    SocketSpeaker,
    Transcriber,
)
from load.desk import PLENTY, SETTINGS, Desk, first_key
from load.ledger import Ledger, seconds_of
from load.resources import MIB, held, megabytes
from load.traffic import Caller, Speaker, traffic
from load.trend import HOUR, Bound, trend

WARM_UP = 0.2
"""Part of the time that is not judged."""
SAMPLES = 60
"""Intervals of a run, between a second and a minute each."""
MEMORY = Bound(an_hour=4 * MIB, at_all=24 * MIB)
P99_PART = 0.25
"""Of its middle value, by which p99 may rise, over however long."""
P99_SECONDS = 0.02
"""Beside it, for answers so quick that a busy machine doubles them."""
LIMITS = {"characters_per_month": PLENTY, "audio_seconds_in_per_month": PLENTY, "requests_per_minute": PLENTY}
FEW = 10
"""Requests a minute of the key that is limited."""


@dataclass(frozen=True, slots=True)
class Sample:
    at: float
    """Seconds since the start."""
    memory: int
    """Bytes."""
    p99: float
    """Seconds, of the answers since the sample before."""
    answers: int


def run(minutes: float) -> list[Row]:
    seconds = minutes * 60
    with running(SETTINGS) as server:
        samples, ledger = asyncio.run(_soaked(server, Desk(server.port, first_key(server)), seconds))
    return judge(samples, ledger)


async def _soaked(server: Server, desk: Desk, seconds: float) -> tuple[list[Sample], Ledger]:
    ledger, samples = Ledger(), list[Sample]()
    interval = min(60.0, max(1.0, seconds / SAMPLES))
    began = time.monotonic()
    async with traffic(await _callers(server.port, desk), ledger):
        while (now := time.monotonic() - began) < seconds:
            await asyncio.sleep(interval)
            answers = ledger.take()
            if answers:
                memory = (await asyncio.to_thread(held, server)).memory
                samples.append(Sample(now, memory, seconds_of(answers, 0.99), len(answers)))
                _tell(samples[-1])
    return samples, ledger


async def _callers(port: int, desk: Desk) -> list[Caller]:
    key = (await desk.new_key(limits=LIMITS)).text
    limited = (await desk.new_key(limits={"requests_per_minute": FEW})).text
    return [
        Speaker(port, key, stream=True),
        Speaker(port, key),
        *(
            each(port, key)
            for each in (OpenAISpeaker, Transcriber, SocketSpeaker, Listener, Converser, Refused, Leaver)
        ),
        Limited(port, limited),
    ]


def _tell(sample: Sample) -> None:
    line = f"{sample.at:7.0f} s  {megabytes(sample.memory)}  p99 {milliseconds(sample.p99)}  {sample.answers} answers"
    print(line, file=sys.stderr, flush=True)


def judge(samples: Sequence[Sample], ledger: Ledger) -> list[Row]:
    """The verdict over a series, and over all failures."""
    judged = samples[int(len(samples) * WARM_UP) :]
    memory = trend([(each.at, each.memory) for each in judged])
    p99 = trend([(each.at, each.p99) for each in judged])
    middle = sorted(each.p99 for each in judged)[len(judged) // 2] if judged else 0.0
    most = P99_PART * middle + P99_SECONDS
    count = sum(each.answers for each in samples)
    over = f"over {memory.seconds / 60:.1f} minutes"
    return [
        Row(
            f"memory of the server under mixed load, {over}: certain rise",
            f"at most {megabytes(MEMORY.allowed(memory.seconds))}",
            f"{megabytes(memory.certain_rise)} (slope {megabytes(memory.slope * HOUR)} an hour; "
            f"{megabytes(judged[0].memory)} to {megabytes(judged[-1].memory)})"
            if judged
            else "nothing",
            bool(judged) and MEMORY.holds(memory),
            {"slope_bytes_an_hour": memory.slope * HOUR, "certain_rise_bytes": memory.certain_rise},
        ),
        Row(
            f"p99 of all answers, {over}: certain rise",
            f"at most {milliseconds(most)}",
            f"{milliseconds(p99.certain_rise)} (middle {milliseconds(middle)})",
            bool(judged) and p99.certain_rise <= most,
            {"certain_rise_s": p99.certain_rise, "middle_s": middle},
        ),
        Row("calls that failed", "0", f"{ledger.told()} of {count + ledger.failed_calls}", ledger.failed_calls == 0),
    ]
