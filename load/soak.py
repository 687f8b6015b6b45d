"""Mixed load for as long as one likes: neither the memory of the server nor the time of its slow answers may rise.

`make soak MINUTES=120`. Memory, and p99 of each kind of answers, are looked at each interval, and judged without the
first part, in which caches fill. What gave too few values is not judged, and the table says so.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

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
from load.ledger import Answer, Ledger, seconds_of
from load.resources import MIB, held, megabytes
from load.traffic import Caller, Speaker, traffic
from load.trend import FEWEST, HOUR, Bound, Point, Trend, trend

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
    p99: Mapping[str, float]
    """Seconds, by kind, of the answers since the sample before."""
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
            memory = (await asyncio.to_thread(held, server)).memory
            samples.append(Sample(now, memory, p99_by_kind(answers), len(answers)))
            _tell(samples[-1])
    return samples, ledger


def p99_by_kind(answers: Sequence[Answer]) -> dict[str, float]:
    kinds = sorted({each.kind for each in answers})
    return {kind: seconds_of([each for each in answers if each.kind == kind], 0.99) for kind in kinds}


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
    slowest = milliseconds(max(sample.p99.values(), default=0.0))
    line = f"{sample.at:7.0f} s  {megabytes(sample.memory)}  slowest p99 {slowest}  {sample.answers} answers"
    print(line, file=sys.stderr, flush=True)


def judge(samples: Sequence[Sample], ledger: Ledger) -> list[Row]:
    """The verdict over a series, and over all failures."""
    judged = samples[int(len(samples) * WARM_UP) :]
    kinds = sorted({kind for each in judged for kind in each.p99})
    count = sum(each.answers for each in samples)
    return [
        _memory(judged),
        *(_p99(kind, [(each.at, each.p99[kind]) for each in judged if kind in each.p99]) for kind in kinds),
        Row(
            "calls that failed",
            "0",
            f"{ledger.told()} of {count + ledger.failed_calls}",
            ledger.failed_calls == 0 and count > 0,
        ),
    ]


def _memory(judged: Sequence[Sample]) -> Row:
    memory = trend([(each.at, each.memory) for each in judged])
    what = f"memory of the server under mixed load, over {_minutes(memory)}: certain rise"
    reach = f"at most {megabytes(MEMORY.allowed(memory.seconds))}"
    if len(judged) < FEWEST:
        return Row(what, reach, _too_short(len(judged)))
    return Row(
        what,
        reach,
        f"{megabytes(memory.certain_rise)} (slope {megabytes(memory.slope * HOUR)} an hour; "
        f"{megabytes(judged[0].memory)} to {megabytes(judged[-1].memory)})",
        MEMORY.holds(memory),
        {"slope_bytes_an_hour": memory.slope * HOUR, "certain_rise_bytes": memory.certain_rise},
    )


def _p99(kind: str, points: Sequence[Point]) -> Row:
    """`points`: of the intervals in which such answers came."""
    p99, middle = trend(points), median(value for _, value in points)
    most = P99_PART * middle + P99_SECONDS
    what, reach = f"p99 of {kind}, over {_minutes(p99)}: certain rise", f"at most {milliseconds(most)}"
    if len(points) < FEWEST:
        return Row(what, reach, _too_short(len(points)))
    return Row(
        what,
        reach,
        f"{milliseconds(p99.certain_rise)} (middle {milliseconds(middle)})",
        p99.certain_rise <= most,
        {"certain_rise_s": p99.certain_rise, "middle_s": middle},
        timed=True,
    )


def _minutes(trend: Trend) -> str:
    return f"{trend.seconds / 60:.1f} minutes"


def _too_short(count: int) -> str:
    return f"too short to judge: {count} values, {FEWEST} are needed"
