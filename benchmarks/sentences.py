"""A text that shares sentences with earlier ones: its time against speaking all of it, and what keeping them costs.

Each round speaks with a seed of its own, so that nothing of it is known at first; then one sentence of ten is another.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from statistics import fmean, median
from typing import NamedTuple

from benchmarks.client import Connection
from benchmarks.result import Row, milliseconds
from benchmarks.server import Server, running
from benchmarks.texts import SENTENCES, TEN_SENTENCES

FRESH = "Somebody had painted the old boat a cheerful yellow."
NINE_KNOWN = " ".join([*SENTENCES[:4], FRESH, *SENTENCES[5:]])
ROUNDS = 15
ENGINE = "hibari"
FORMATS = ("wav", "mp3")
REACH_RATIO = 0.2
REACH_COST = 1.02


class Answer(NamedTuple):
    first: float
    """Seconds to the first audio."""
    whole: float
    """Seconds to the last."""
    processor: float
    """Seconds of processor time of the server and its children."""


def run() -> list[Row]:
    kept, without = {"enabled": True, "disk_bytes": 0}, {"enabled": True, "disk_bytes": 0, "sentences": False}
    with running({"cache": kept}) as server, running({"cache": without}) as plain:
        for each in (server, plain):
            _speak(each, "The first words of the day.", seed=0)
        rows = [row for format in FORMATS for row in _known(server, format)]
        return [*rows, *_cost(server, plain)]


def _known(server: Server, format: str) -> list[Row]:
    """Nine of ten sentences are known, against none of them."""
    new, known = [], []
    for seed in range(1, ROUNDS + 1):
        new.append(_speak(server, TEN_SENTENCES, seed=_seed(format, seed), format=format))
        known.append(_speak(server, NINE_KNOWN, seed=_seed(format, seed), format=format))
    spoken, shared = _typical(new), _typical(known)
    ratio = shared.whole / spoken.whole
    # What is known is encoded all the same, and a codec may cost more than a fast engine.
    reach = format == "wav"
    return [
        Row(
            f"ten sentences of which nine are known, {format}: time against speaking all, p50",
            f"<= {REACH_RATIO}" if reach else "",
            f"{ratio:.2f} ({milliseconds(shared.whole)} for {milliseconds(spoken.whole)})",
            ratio <= REACH_RATIO if reach else None,
            {"ratio": ratio, "known_s": shared.whole, "new_s": spoken.whole},
        ),
        Row(
            f"  first audio of it, {format}",
            "",
            f"{milliseconds(shared.first)} for {milliseconds(spoken.first)}",
            figures={"known_s": shared.first, "new_s": spoken.first},
        ),
        Row(
            f"  processor time of it, {format}, mean",
            "",
            f"{milliseconds(shared.processor)} for {milliseconds(spoken.processor)}",
            figures={"known_s": shared.processor, "new_s": spoken.processor},
        ),
    ]


def _cost(server: Server, plain: Server) -> list[Row]:
    """Ten new sentences where they are kept, against where none is, in turn."""
    keeping: list[Answer] = []
    not_keeping: list[Answer] = []
    for seed in range(1, ROUNDS + 1):
        for found, each in ((keeping, server), (not_keeping, plain)):
            found.append(_speak(each, TEN_SENTENCES, seed=_seed("cost", seed), format="wav"))
    kept, plainly = _typical(keeping), _typical(not_keeping)
    ratio = kept.processor / plainly.processor
    return [
        Row(
            "ten new sentences: processor time where sentences are kept, against where none is",
            f"<= {REACH_COST}",
            f"{ratio:.3f} ({milliseconds(kept.processor)} for {milliseconds(plainly.processor)})",
            ratio <= REACH_COST,
            {"ratio": ratio, "kept_s": kept.processor, "plain_s": plainly.processor},
        ),
        Row(
            "  first audio of them, and the whole",
            "",
            f"{milliseconds(kept.first)} for {milliseconds(plainly.first)}, "
            f"{milliseconds(kept.whole)} for {milliseconds(plainly.whole)}",
            figures={
                "first_kept_s": kept.first,
                "first_plain_s": plainly.first,
                "whole_kept_s": kept.whole,
                "whole_plain_s": plainly.whole,
            },
        ),
    ]


def _seed(purpose: str, number: int) -> int:
    """A seed that no other part of the run has."""
    return (*FORMATS, "cost").index(purpose) * 1000 + number


def _typical(answers: Sequence[Answer]) -> Answer:
    """The medians, but the mean of processor time, which is told in steps of 10 ms."""
    first, whole, processor = zip(*answers, strict=True)
    return Answer(median(first), median(whole), fmean(processor))


def _speak(server: Server, text: str, *, seed: int, format: str = "wav") -> Answer:
    worked = _processor(server)
    first, whole = asyncio.run(_times(server.port, text, seed, format))
    return Answer(first, whole, _processor(server) - worked)


async def _times(port: int, text: str, seed: int, format: str) -> tuple[float, float]:
    first = 0.0
    async with Connection(port) as connection:
        started = time.monotonic()
        async for part in connection.speak(text, ENGINE, seed=seed, format=format):
            first = first or part.at - started
        return first, time.monotonic() - started


def _processor(server: Server) -> float:
    times = [each.cpu_times() for each in (server.process, *server.process.children(recursive=True))]
    return float(sum(each.user + each.system for each in times))
