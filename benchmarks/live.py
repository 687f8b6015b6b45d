"""GPT-Live as its client meets it: how soon a turn is delegated, commentary heard and speech stopped; pace; memory.

PocketSphinx listens and eSpeak NG speaks. All times are the client's: of its own last or first sound, and of arrivals
at its socket. STTS_LIVE_PACE_SECONDS sets how long the pace of twenty sessions is watched (60).
"""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from benchmarks.client import fetch
from benchmarks.crowd import run_fast
from benchmarks.live_server import CONFIRMED
from benchmarks.live_talker import LiveCaller, calling, live_frames, silent_append
from benchmarks.result import Row, milliseconds, quantile
from benchmarks.server import ROOT, Server, running
from benchmarks.voices import Utterance, utterances
from stts.settings import ConversationSettings

EAR, VOICE = "pocketsphinx", "espeak"
SETTINGS = {
    "stt": {"order": [EAR]},
    "tts": {"order": [VOICE]},
    "limits": {"live_sessions": 2000},
    # It would end turns sooner than the window of silence, or up to three seconds later.
    "conversation": {"turn_detector": "none"},
}
ROUNDS = 8
BEFORE_SECONDS = 0.8
"""Seconds of an answer that are heard before it is interrupted."""
ANSWER = "The train to the city leaves at nine, and the next one follows an hour later, and then there is none. " * 2
DELEGATED_P50, DELEGATED_P95, COMMENTARY_P50 = 0.040, 0.120, 0.140
STOPPED_P95, CONFIRMED_P95 = 0.600, 0.060
SESSIONS, LATE_SECONDS, LATE_SHARE, DRIFT_SECONDS = 20, 0.040, 0.001, 0.040
IDLE_SESSIONS, FEW, IDLE_BYTES, SETTLE_SECONDS = 200, 40, 250e3, 1.0
STREAMS, STREAMED_SECONDS, USUAL_RATE, APPENDS_A_SECOND = 60, 4.0, 24_000, 10
"""Silence that each of some sessions is sent, at the rate that clients usually have. With more of them the server could
be behind, and what waits would be measured."""
PROGRAM = (str(ROOT / "benchmarks" / "live_server.py"),)


@dataclass(slots=True)
class Found:
    """Seconds."""

    delegated: list[float] = field(default_factory=list)
    """From the last sound of an utterance to the delegation."""
    spoken: list[float] = field(default_factory=list)
    """From the commentary to its first sound."""
    stopped: list[float] = field(default_factory=list)
    """From the first sound over an answer to the last of the answer."""
    onsets: list[tuple[float, float]] = field(default_factory=list)
    """When a user began to speak over an answer, and when the first silence after the answer came."""


def run() -> list[Row]:
    # Those whose pace is watched send nothing.
    with running({**SETTINGS, "live": {"idle_seconds": 2 * _seconds() + 300}}, PROGRAM) as server:
        found = asyncio.run(_converse(server.port))
        confirmed = _after_confirmation(found, server.log.read_text(encoding="utf-8"))
        late, drift = run_fast(lambda: _pace(server))
        idle = run_fast(lambda: _idle(server))
        streaming = run_fast(lambda: _idle(server, streams=True))
    memory = (
        _memory(f"idle Live session (of {IDLE_SESSIONS})", idle),
        _memory(f"Live session that is sent silence (of {STREAMS})", streaming),
    )
    return [*_turns(found), _confirmed(confirmed), *_streams(late, drift), *memory]


def _after_confirmation(found: Found, log: str) -> list[float]:
    """Seconds from each interruption as the server knows it to the first silence that came."""
    times = [float(line.removeprefix(CONFIRMED)) for line in log.splitlines() if line.startswith(CONFIRMED)]
    return [silent - min(at for at in times if at >= onset) for onset, silent in found.onsets]


def _confirmed(seconds: list[float]) -> Row:
    p50, p95 = quantile(seconds, 0.5), quantile(seconds, 0.95)
    return Row(
        "Live: barge-in: confirmation in the server to the first digital silence at the client: p50 / p95",
        "<= 60 ms",
        f"{milliseconds(p50)} / {milliseconds(p95)} ({len(seconds)} interruptions)",
        p95 <= CONFIRMED_P95,
        {"p50_s": p50, "p95_s": p95},
    )


def _turns(found: Found) -> list[Row]:
    silence = ConversationSettings().silence_seconds
    beyond = [seconds - silence for seconds in found.delegated]
    p50, p95 = quantile(beyond, 0.5), quantile(beyond, 0.95)
    heard, stopped = quantile(found.spoken, 0.5), quantile(found.stopped, 0.95)
    return [
        Row(
            f"Live, {EAR}: end of the words to delegation, beyond the silence window of {milliseconds(silence)}: "
            "p50 / p95",
            "< 40 / 120 ms",
            f"{milliseconds(p50)} / {milliseconds(p95)} ({len(beyond)} turns)",
            p50 < DELEGATED_P50 and p95 < DELEGATED_P95,
            {"p50_s": p50, "p95_s": p95},
        ),
        Row(
            f"Live, {VOICE}: commentary to its first sound: p50",
            "< 140 ms",
            f"{milliseconds(heard)} ({len(found.spoken)} answers)",
            heard < COMMENTARY_P50,
            {"p50_s": heard},
        ),
        Row(
            "Live: barge-in: onset to digital silence p95",
            "<= 600 ms",
            f"{milliseconds(stopped)} ({len(found.stopped)} interruptions)",
            stopped <= STOPPED_P95,
            {"p95_s": stopped},
        ),
    ]


def _streams(late: list[float], drift: float) -> list[Row]:
    share = sum(each > LATE_SECONDS for each in late) / len(late)
    return [
        Row(
            f"Live: output of {SESSIONS} sessions over {_seconds():.0f} s: frames late by more than 40 ms; drift",
            "< 0.1 %; none",
            f"{share:.2%} of {len(late)}; {milliseconds(drift)}",
            share < LATE_SHARE and abs(drift) < DRIFT_SECONDS,
            {"late_share": share, "drift_s": drift},
        )
    ]


def _memory(what: str, each: float) -> Row:
    return Row(
        f"memory of one {what}",
        "< 250 KB",
        f"{each / 1e3:.0f} KB",
        each < IDLE_BYTES,
        {"session_bytes": each},
    )


async def _converse(port: int) -> Found:
    for engine in (EAR, VOICE, "silero"):
        await fetch(port, "POST", f"/engines/{engine}/load")
    found = Found()
    sayings = utterances()
    async with calling(port) as caller:
        for number in range(1 + ROUNDS):
            first, second = sayings[number % len(sayings)], sayings[(number + 1) % len(sayings)]
            await _round(caller, first, second, found if number else Found())
    return found


async def _round(caller: LiveCaller, first: Utterance, second: Utterance, found: Found) -> None:
    """Speaks, is answered, and speaks over the answer."""
    await _delegated(caller, first, found)
    asked = caller.send("session.commentary.append", content=ANSWER, delegation_id=None)
    heard = await caller.sound(asked, lambda piece: not piece.silent)
    found.spoken.append(heard.at - asked)
    await asyncio.sleep(BEFORE_SECONDS)
    began = await _delegated(caller, second, Found())
    onset = began + second.start
    last = max((piece.at for piece in caller.pieces if not piece.silent), default=onset)
    found.stopped.append(last - onset)
    found.onsets.append((onset, (await caller.sound(last, lambda piece: piece.silent)).at))


async def _delegated(caller: LiveCaller, utterance: Utterance, found: Found) -> float:
    """Gives when the utterance began."""
    said = caller.say(live_frames(utterance.samples))
    await said.spoken.wait()
    at = await caller.until("session.delegation.created")
    found.delegated.append(at - said.began - utterance.end)
    return said.began


async def _pace(server: Server) -> tuple[list[float], float]:
    """By how much each frame came after its time, and the drift of the clocks from the first to the last frames."""
    async with AsyncExitStack() as stack:
        callers = [await stack.enter_async_context(calling(server.port, microphone=False)) for _ in range(SESSIONS)]
        for caller in callers:
            caller.pieces.clear()
        await asyncio.sleep(_seconds())
        kept = [list(caller.pieces) for caller in callers]
    late: list[float] = []
    drifts = []
    for pieces in kept:
        sent, offsets = 0.0, []
        for piece in pieces:
            offsets.append(piece.at - pieces[0].at - sent)
            sent += piece.seconds
        tenth = max(1, len(offsets) // 10)
        # Times are of the earliest arrivals: what is on time.
        late += [offset - min(offsets) for offset in offsets]
        drifts.append(min(offsets[-tenth:]) - min(offsets[:tenth]))
    return late, max(drifts, key=abs)


async def _idle(server: Server, *, streams: bool = False) -> float:
    """`streams`: clients send silence, each in its turn."""

    async def rise(count: int) -> int:
        async with AsyncExitStack() as stack:
            opened = [calling(server.port, microphone=False, rate=USUAL_RATE) for _ in range(count)]
            callers = [await stack.enter_async_context(each) for each in opened]
            if streams:
                await _send_silence(callers)
            else:
                await asyncio.sleep(SETTLE_SECONDS)
            return int(server.process.memory_info().rss)

    many, few = (STREAMS, STREAMS // 5) if streams else (IDLE_SESSIONS, FEW)
    await rise(few)
    await asyncio.sleep(SETTLE_SECONDS)
    before = int(server.process.memory_info().rss)
    return (await rise(many) - before) / many


async def _send_silence(callers: list[LiveCaller]) -> None:
    append = silent_append(USUAL_RATE // APPENDS_A_SECOND)
    due = time.monotonic()
    for _ in range(round(STREAMED_SECONDS * APPENDS_A_SECOND)):
        for first in range(APPENDS_A_SECOND):
            for caller in callers[first::APPENDS_A_SECOND]:
                caller.socket.send_frame(append)
                caller.pieces.clear()
            due += 1 / APPENDS_A_SECOND**2
            await asyncio.sleep(max(0.0, due - time.monotonic()))


def _seconds() -> float:
    return float(os.environ.get("STTS_LIVE_PACE_SECONDS", "60"))
