"""A conversation as its caller hears it: how soon it is answered, and how soon it stops when it is interrupted.

One caller with the echo, once with PocketSphinx and eSpeak, once with the default voice and ear. He speaks, is
answered, speaks over the answer, and coughs over the next one. All times are his: of the last sound that he made, and
of the arrival at his socket.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.client import fetch
from benchmarks.result import Row, milliseconds, quantile
from benchmarks.server import running
from benchmarks.talker import Caller, Heard, Said, wire_frames
from benchmarks.voices import Utterance, burst, utterances
from stts.settings import ConversationSettings

ROUNDS = 10
BEFORE_SECONDS = 0.8
"""Seconds of a reply that are heard before it is interrupted."""
NOISE_SECONDS, COUGH_SECONDS = 0.06, 0.2
NOTICED_SECONDS = 0.6
"""Within which a reply would have been stopped by a noise."""

DUCK_P95, LAST_P95, AFTER_CONFIRM = 0.150, 0.600, 0.060


@dataclass(frozen=True, slots=True)
class Pair:
    """An ear and a voice."""

    ear: str
    voice: str
    p50: float
    """Seconds to reach from the end of speech to the first byte of the reply, beyond the silence window."""
    p95: float


PAIRS = (Pair("pocketsphinx", "espeak", 0.120, 0.250), Pair("faster_whisper", "hibari", 0.080, 0.250))


@dataclass(slots=True)
class Found:
    """Seconds."""

    answered: list[float] = field(default_factory=list)
    """From the last sound of an utterance to the first byte of the reply."""
    ducked: list[float] = field(default_factory=list)
    """From the first sound over a reply to the `duck` event."""
    stopped: list[float] = field(default_factory=list)
    """From the first sound over a reply to the last byte of it."""
    after_confirm: list[float] = field(default_factory=list)
    """From the `interrupted` event to the last byte of the reply; 0 where none came after it."""
    stale: int = 0
    """Frames of a reply that was over."""
    bursts: int = 0
    cancelled: int = 0
    """Replies that ended by a burst."""


def run() -> list[Row]:
    return [row for pair in PAIRS for row in _rows(pair)]


def _rows(pair: Pair) -> list[Row]:
    with running({"stt": {"order": [pair.ear]}, "tts": {"order": [pair.voice]}}) as server:
        found = asyncio.run(_converse(server.port, pair))
    names = f"{pair.ear}, {pair.voice}"
    silence = ConversationSettings().silence_seconds
    beyond = [seconds - silence for seconds in found.answered]
    p50, p95 = quantile(beyond, 0.5), quantile(beyond, 0.95)
    duck, last = quantile(found.ducked, 0.95), quantile(found.stopped, 0.95)
    after = max(found.after_confirm)
    return [
        Row(
            f"{names}: end of speech to first reply byte, echo, beyond the silence window of {milliseconds(silence)}: "
            "p50 / p95",
            f"< {pair.p50 * 1000:.0f} / {pair.p95 * 1000:.0f} ms",
            f"{milliseconds(p50)} / {milliseconds(p95)} ({len(beyond)} turns)",
            p50 < pair.p50 and p95 < pair.p95,
            {"p50_s": p50, "p95_s": p95},
        ),
        Row(
            f"{names}: barge-in: onset to duck p95; onset to last byte of the old reply p95; confirmation to last "
            "byte, worst",
            "<= 150; 600; 60 ms",
            f"{milliseconds(duck)}; {milliseconds(last)}; {milliseconds(after)} ({len(found.stopped)} interruptions)",
            duck <= DUCK_P95 and last <= LAST_P95 and after <= AFTER_CONFIRM,
            {"duck_p95_s": duck, "last_byte_p95_s": last, "after_confirm_max_s": after},
        ),
        Row(
            f"{names}: stale frames; replies cancelled by a voiced burst of 60 or 200 ms",
            "0; 0",
            f"{found.stale}; {found.cancelled} of {found.bursts}",
            found.stale == 0 and found.cancelled == 0,
            {"stale_frames": found.stale, "cancelled_replies": found.cancelled},
        ),
    ]


async def _converse(port: int, pair: Pair) -> Found:
    for engine in (pair.ear, pair.voice, "silero"):
        await fetch(port, "POST", f"/engines/{engine}/load")
    found = Found()
    sayings = [(saying, wire_frames(saying.samples)) for saying in utterances()]
    async with Caller(port, {"stt": pair.ear, "tts": pair.voice, "reply": "echo"}) as caller:
        for number in range(1 + ROUNDS):
            first, second = sayings[number % len(sayings)], sayings[(number + 1) % len(sayings)]
            await _round(caller, first, second, found if number else Found())
        found.stale = _stale(caller.heard)
    return found


async def _round(
    caller: Caller, first: tuple[Utterance, Sequence[bytes]], second: tuple[Utterance, Sequence[bytes]], found: Found
) -> None:
    """Speak, interrupt the answer, make noises over the next one."""
    reply = await _answered(caller, caller.say(first[1]), first[0], found)
    await asyncio.sleep(BEFORE_SECONDS)
    said = caller.say(second[1])
    interrupted = await caller.until("interrupted", lambda heard: heard.generation == reply)
    found.after_confirm.append(await _interrupted(caller, said, second[0], reply, interrupted, found))
    reply = await _answered(caller, said, second[0], found)
    for seconds in (NOISE_SECONDS, COUGH_SECONDS):
        await caller.say(wire_frames(burst(second[0], seconds))).spoken.wait()
        await asyncio.sleep(NOTICED_SECONDS)
        found.bursts += 1
        found.cancelled += not _goes_on(caller, reply)
    caller.send(type="cancel")
    await caller.until("reply.done", lambda heard: heard.generation == reply)


async def _answered(caller: Caller, said: Said, utterance: Utterance, found: Found) -> int:
    """The generation of the reply that is heard."""
    await said.spoken.wait()
    audio = await caller.until("audio", lambda heard: heard.at > said.began + utterance.end)
    found.answered.append(audio.at - said.began - utterance.end)
    return int(audio.data["generation"])


async def _interrupted(
    caller: Caller, said: Said, utterance: Utterance, reply: int, interrupted: Heard, found: Found
) -> float:
    await said.spoken.wait()
    onset = said.began + utterance.start
    audio = [heard for heard in caller.since(onset, "audio") if heard.generation == reply]
    ducks = [heard for heard in caller.since(onset, "duck") if heard.generation == reply]
    found.ducked.append(ducks[0].at - onset)
    last = max((heard.at for heard in audio), default=onset)
    found.stopped.append(last - onset)
    return max(0.0, last - interrupted.at)


def _goes_on(caller: Caller, reply: int) -> bool:
    """True if it is neither over nor held."""
    last = [heard.type for heard in caller.heard if heard.generation == reply]
    ends = [kind for kind in last if kind in ("interrupted", "resumed", "reply.done")]
    return not ends or ends[-1] == "resumed"


def _stale(heard: Sequence[Heard]) -> int:
    """Frames of a reply that came when it was over, or held."""
    silent: set[int | None] = set()
    count = 0
    for each in heard:
        if each.type in ("interrupted", "reply.done"):
            silent.add(each.generation)
        elif each.type == "resumed":
            silent.discard(each.generation)
        elif each.type == "audio":
            count += each.generation in silent
    return count
