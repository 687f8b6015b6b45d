"""True if everybody hears speech without a gap when many listen at once.

A paced engine takes a known time for its speech. Its speed is set so that all listeners together ask for a given part
of it. A stream is continuous when its audio was never more than 100 ms late for a listener who plays from the first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.client import Connection, fetch
from benchmarks.engines import RATE, SECONDS_PER_CHARACTER
from benchmarks.result import Row, milliseconds, quantile
from benchmarks.server import running
from benchmarks.texts import rotated
from benchmarks.underrun import Arrival, continuous, worst_underrun
from stts.audio.wav import HEADER_BYTES

LISTENERS = 16
LOAD = 0.7
LIMIT_SECONDS = 0.1
REACH = 0.99
SENTENCES = 6
"""Sentences of each listener's text: about twenty seconds."""
SPREAD_SECONDS = 10.0
"""Over which arrivals are spread."""
BLOCK_SECONDS = 0.1
"""Seconds of a block of the engine that streams."""

WHOLE_SENTENCES = {"tts": {"first_chunk_seconds": 60, "chunk_growth": 1}}
"""Pieces up to the engine's own limit: what a server does that hands over text as it comes."""


@dataclass(frozen=True, slots=True)
class Heard:
    first: float
    """Seconds from the request to the first audio."""
    underrun: float
    """Worst, in seconds."""


def run() -> list[Row]:
    rows = []
    for streaming in (False, True):
        for spread in (0.0, SPREAD_SECONDS):
            heard = listen(LISTENERS, LOAD, streaming=streaming, spread=spread)
            rows.append(_row(heard, LISTENERS, LOAD, streaming=streaming, spread=spread))
    heard = listen(LISTENERS, LOAD, streaming=False, spread=0.0, settings=WHOLE_SENTENCES)
    return [*rows, Row("  the same, at once, in pieces up to the engine's limit", "", _measured(heard))]


def run_limits() -> list[Row]:
    """Measures the limits: other numbers of listeners, and loads up to what the engine can do and beyond."""
    cases = [(listeners, 0.9) for listeners in (1, 4, 8, 16, 24, 32)] + [(16, 1.0), (16, 1.1)]
    rows = []
    for listeners, load in cases:
        heard = listen(listeners, load, streaming=False, spread=0.0, sentences=4)
        rows.append(Row(f"{listeners} listeners at once, {load:.0%} of real time", "", _measured(heard)))
    return rows


def listen(
    listeners: int,
    load: float,
    *,
    streaming: bool,
    spread: float,
    sentences: int = SENTENCES,
    settings: Mapping[str, Any] | None = None,
) -> list[Heard]:
    """One server, one round of listeners. `load` is what they ask for together, as a part of the engine's speed."""
    options = {"speed": listeners / load, "block_seconds": BLOCK_SECONDS if streaming else None}
    engines = {"engines": {"options": {"paced": options}}}
    with running({**engines, **(settings or {})}) as server:
        return asyncio.run(_audience(server.port, listeners, spread, sentences))


async def _audience(port: int, listeners: int, spread: float, sentences: int) -> list[Heard]:
    await fetch(port, "POST", "/engines/paced/load")
    return await asyncio.gather(
        *(_listener(port, rotated(number, sentences), number * spread / listeners) for number in range(listeners))
    )


async def _listener(port: int, text: str, delay: float) -> Heard:
    await asyncio.sleep(delay)
    loop = asyncio.get_running_loop()
    async with Connection(port) as connection:
        started = loop.time()
        arrivals = []
        header = HEADER_BYTES
        async for part in connection.speak(text, "paced"):
            skipped = min(header, len(part.data))
            header -= skipped
            arrivals.append(Arrival(part.at, (len(part.data) - skipped) / 2 / RATE))
    check_complete(text, sum(arrival.seconds for arrival in arrivals))
    first = next(arrival.at for arrival in arrivals if arrival.seconds > 0)
    return Heard(first - started, worst_underrun(arrivals))


def check_complete(text: str, seconds: float) -> None:
    """A stream that lost audio would look better than it is."""
    asked = len(text) * SECONDS_PER_CHARACTER
    if not 0.9 * asked < seconds < 1.1 * asked:
        raise ValueError(f"{seconds:.1f} s of audio came for a text of {asked:.1f} s")


def _row(heard: Sequence[Heard], listeners: int, load: float, *, streaming: bool, spread: float) -> Row:
    arrivals = f"spread over {spread:.0f} s" if spread else "at once"
    engine = "streams" if streaming else "yields pieces whole"
    share = continuous((each.underrun for each in heard), LIMIT_SECONDS)
    return Row(
        f"{listeners} listeners {arrivals}, {load:.0%} of real time, engine {engine}: continuous streams",
        ">= 99 %",
        _measured(heard),
        share >= REACH,
        {"continuous": share, "worst_underrun_s": max(each.underrun for each in heard)},
    )


def _measured(heard: Sequence[Heard]) -> str:
    share = continuous((each.underrun for each in heard), LIMIT_SECONDS)
    worst = max(each.underrun for each in heard)
    firsts = [each.first for each in heard]
    return (
        f"{share:.1%}, worst underrun {milliseconds(worst)}; "
        f"first audio p50 {milliseconds(quantile(firsts, 0.5))}, worst {milliseconds(max(firsts))}"
    )
