"""Latency of partial transcripts: from a spoken word to its text, while its speaker goes on (PocketSphinx, live).

A word was spoken at the end that the engine itself found for it. It is read when the text so far, stable and tail,
begins with all the words of the final transcript up to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from benchmarks.client import fetch
from benchmarks.result import Row, milliseconds, quantile
from benchmarks.server import running
from benchmarks.talker import Caller, Heard, wire_frames
from benchmarks.voices import utterances

ROUNDS = 2
REACH_SECONDS = 0.300
SETTINGS = {"stt": {"order": ["pocketsphinx"]}}
PATH = "/ws/stt"
QUERY: dict[str, str | int] = {"engine": "pocketsphinx", "words": "true"}


def run() -> list[Row]:
    with running(SETTINGS) as server:
        delays, words = asyncio.run(_listened(server.port))
    p50 = quantile(delays, 0.5)
    return [
        Row(
            "partial text after a word was spoken, PocketSphinx live: p50",
            "< 300 ms",
            f"{milliseconds(p50)} (p95 {milliseconds(quantile(delays, 0.95))}; "
            f"{len(delays)} of {words} words before the transcript)",
            p50 < REACH_SECONDS,
            {"p50_s": p50, "p95_s": quantile(delays, 0.95)},
        )
    ]


async def _listened(port: int) -> tuple[list[float], int]:
    for engine in ("silero", "pocketsphinx"):
        await fetch(port, "POST", f"/engines/{engine}/load")
    delays: list[float] = []
    words = 0
    async with Caller(port, QUERY, PATH) as caller:
        for utterance in utterances() * ROUNDS:
            caller.say(wire_frames(utterance.samples))
            transcript = await caller.until("final")
            partials = [heard for heard in caller.heard if heard.data.get("turn") == transcript.data["turn"]]
            words += len(transcript.data["words"])
            delays += _delays(partials, transcript, caller.microphone.opened)
    return delays, words


def _delays(told: Sequence[Heard], transcript: Heard, opened: float) -> Iterator[float]:
    """Delays of the words that were read before the transcript came."""
    words = transcript.data["words"]
    final = [word["text"] for word in words]
    unread = 0
    stable = ""
    for heard in told:
        if heard.type != "partial":
            continue
        stable += heard.data["stable_delta"]
        shown = (stable + heard.data["tail"]).split()
        while unread < len(final) and shown[: unread + 1] == final[: unread + 1]:
            yield heard.at - opened - words[unread]["end_ms"] / 1000
            unread += 1
