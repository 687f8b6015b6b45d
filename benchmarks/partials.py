"""Latency of partial transcripts: from a spoken word to its text, while its speaker goes on.

A word was spoken at the end that the engine itself found for it. It is read when the text so far, stable and tail,
begins with all the words of the final transcript up to it, whatever their case and punctuation.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.client import fetch
from benchmarks.result import Row, milliseconds, quantile
from benchmarks.server import running
from benchmarks.spoken import sentences
from benchmarks.talker import Caller, Heard, wire_frames
from benchmarks.voices import utterances
from engines.registry import Registry
from stts.engine_api import Samples

ROUNDS = 2
PATH = "/ws/stt"
STAGGER_SECONDS = 0.37
"""Time after which the next caller begins: nobody speaks in step with others."""


@dataclass(frozen=True, slots=True)
class Case:
    engine: str
    callers: int
    reach_seconds: float


CASES = (
    Case("pocketsphinx", 1, 0.300),
    Case("faster_whisper", 1, 0.450),
    Case("faster_whisper", 8, 0.900),
)


def run() -> list[Row]:
    return [_row(case) for case in CASES if Registry().create(case.engine).installed()]


def _row(case: Case) -> Row:
    with running({"stt": {"order": [case.engine]}}) as server:
        delays, words = asyncio.run(_heard(server.port, case))
    p50 = quantile(delays, 0.5)
    who = "one session" if case.callers == 1 else f"{case.callers} sessions"
    return Row(
        f"partial text after a word was spoken, {case.engine} live, {who}: p50",
        f"< {milliseconds(case.reach_seconds)}",
        f"{milliseconds(p50)} (p95 {milliseconds(quantile(delays, 0.95))}; "
        f"{len(delays)} of {words} words before the transcript)",
        p50 < case.reach_seconds,
        {"p50_s": p50, "p95_s": quantile(delays, 0.95)},
    )


async def _heard(port: int, case: Case) -> tuple[list[float], int]:
    """Delays of the words that were read early, of all callers, and how many words there were."""
    for engine in ("silero", case.engine):
        await fetch(port, "POST", f"/engines/{engine}/load")
    said = [each.samples for each in (utterances() if case.engine == "pocketsphinx" else sentences()[:4])]
    told = await asyncio.gather(*(_listened(port, case.engine, said * ROUNDS, each) for each in range(case.callers)))
    return [delay for delays, _ in told for delay in delays], sum(words for _, words in told)


async def _listened(port: int, engine: str, said: Sequence[Samples], caller_number: int) -> tuple[list[float], int]:
    delays: list[float] = []
    words = 0
    await asyncio.sleep(caller_number * STAGGER_SECONDS)
    async with Caller(port, {"engine": engine, "words": "true"}, PATH) as caller:
        for samples in said:
            caller.say(wire_frames(samples))
            transcript = await caller.until("final")
            partials = [heard for heard in caller.heard if heard.data.get("turn") == transcript.data["turn"]]
            words += len(transcript.data["words"])
            delays += _delays(partials, transcript, caller.microphone.opened)
    return delays, words


def _delays(told: Sequence[Heard], transcript: Heard, opened: float) -> Iterator[float]:
    """Delays of the words that were read before the transcript came."""
    words = transcript.data["words"]
    final = _plain(" ".join(word["text"] for word in words))
    unread = 0
    stable = ""
    for heard in told:
        if heard.type != "partial":
            continue
        stable += heard.data["stable_delta"]
        shown = _plain(stable + heard.data["tail"])
        while unread < len(final) and shown[: unread + 1] == final[: unread + 1]:
            yield heard.at - opened - words[unread]["end_ms"] / 1000
            unread += 1


def _plain(text: str) -> list[str]:
    return [re.sub(r"[^\w']", "", word).lower() for word in text.split()]
