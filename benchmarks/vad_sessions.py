"""Hundreds of live streams that are listened to at once: how long after its frame the news of speech arrives.

Which frame that is, is computed beforehand: the same pure endpointing over the same probabilities says for every
message of the script what the server will say of it. So the delay holds everything: the socket, the queue for the
network of all streams, the batch, and the way back.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from benchmarks.client import Connection, fetch
from benchmarks.crowd import PERIOD_SECONDS, Crowd, crowd, run_fast
from benchmarks.result import Row, milliseconds, quantile
from benchmarks.server import Server, processes, running, workers_of
from benchmarks.talker import wire_frames
from benchmarks.voices import utterances
from engines.registry import Registry
from engines.vad.silero import SileroEngine
from stts.conversation.config import session_config
from stts.conversation.segmenter import FrameCutter, SpeechSegmenter
from stts.engine_api import STT_SAMPLE_RATE, Samples
from stts.settings import Settings
from stts.vad.endpointing import Endpoint
from stts.vad.segmenter import audible, levels

SESSIONS = 300
WORKERS = (1, 2)
MORE = (350, 400, 450, 600)
"""Tried until it is too many."""
FEWER = (250, 200, 150)
"""Tried until it is few enough, where the first is too many already."""
REACH_SECONDS = 0.016
HEALTH_SECONDS = 0.025
LOOK_SECONDS = 0.05
PAUSE_SECONDS = 1.0
"""Around each utterance."""
SPREAD = 50
"""Messages within which all begin."""
TOLD = {Endpoint.CONFIRMED: "speech_start", Endpoint.ENDED: "speech_end"}
SETTINGS = {
    "stt": {"order": ["ear"]},
    "limits": {"live_sessions": 2000},
    "logging": {"level": "warning"},
}
PATH = "/ws/stt"
QUERY: dict[str, str | int] = {"engine": "ear", "partials": "false"}

GRID = 8
"""Messages after which frames begin where messages do: how many were sent before tells where a frame is cut."""

Cue = tuple[int, str]
"""The number of a message and the event that it triggers."""


def run() -> list[Row]:
    script = _script()
    cues = [list(_cues(script, wait)) for wait in range(GRID)]
    frames = wire_frames(script, PERIOD_SECONDS)
    return [row for workers in WORKERS for row in _rows(workers, frames, cues)]


def _rows(workers: int, frames: Sequence[bytes], cues: Sequence[Sequence[Cue]]) -> list[Row]:
    first = _measured(SESSIONS, workers, frames, cues)
    others: list[Row] = []
    for sessions in MORE if first.met else FEWER:
        others.append(_measured(sessions, workers, frames, cues))
        if others[-1].met != first.met:
            break
    more = [Row(f"  {row.what}", "", row.measured, figures=row.figures) for row in others]
    return [first, *more, _health_row(first)]


def _measured(sessions: int, workers: int, frames: Sequence[bytes], cues: Sequence[Sequence[Cue]]) -> Row:
    with running(SETTINGS | {"server": {"workers": workers}}) as server:
        workers_of(server, workers)
        return _row(sessions, workers, server, frames, cues)


def _health_row(row: Row) -> Row:
    p99 = row.figures["health_p99_s"]
    return Row(
        "GET /health meanwhile, p99",
        "< 25 ms",
        milliseconds(p99),
        p99 < HEALTH_SECONDS,
        {"p99_s": p99},
    )


def _row(sessions: int, workers: int, server: Server, frames: Sequence[bytes], cues: Sequence[Sequence[Cue]]) -> Row:
    busy = server.all_cpu_seconds
    health: list[float] = []
    found = run_fast(lambda: _listened_to(sessions, server.port, frames, health))
    used = server.all_cpu_seconds
    told = [(member, cues[member.wait % GRID]) for member in found.members]
    delays = [delay for member, own in told for delay in _delays(member.sent, member.heard, own)]
    wanted = sum(len(own) for _, own in told)
    p99 = quantile(delays, 0.99)
    cores = (used - busy) / ((len(frames) + SPREAD) * PERIOD_SECONDS)
    own = quantile(found.late, 0.99)
    return Row(
        f"{sessions} live VAD sessions ({processes(workers)}), 60 ms frames in real time: frame to event, p99",
        "< 16 ms",
        f"{milliseconds(p99)} (p50 {milliseconds(quantile(delays, 0.5))}; {len(delays)} of {wanted} events; "
        f"server {cores:.2f} cores; generator late by {milliseconds(own)} p99)",
        p99 < REACH_SECONDS and len(delays) == wanted,
        {
            "p99_s": p99,
            "server_cores": cores,
            "generator_late_p99_s": own,
            "events": len(delays),
            "health_p99_s": quantile(health, 0.99),
        },
    )


async def _listened_to(sessions: int, port: int, frames: Sequence[bytes], health: list[float]) -> Crowd:
    """`health`: gets the seconds of each look at the server meanwhile."""
    for engine in ("silero", "ear"):
        await fetch(port, "POST", f"/engines/{engine}/load")
    async with crowd(sessions, port, PATH, QUERY) as found:
        looking = asyncio.create_task(_look(port, health))
        await found.play(frames, frames[0], SPREAD)
        looking.cancel()
        await asyncio.wait([looking])
        await asyncio.sleep(PAUSE_SECONDS)
    return found


async def _look(port: int, health: list[float]) -> None:
    async with Connection(port) as connection:
        while True:
            started = time.monotonic()
            answer = [part async for part in connection.request("GET", "/health")]
            assert answer
            health.append(time.monotonic() - started)
            await asyncio.sleep(LOOK_SECONDS)


def _delays(sent: Sequence[float], heard: Sequence[tuple[float, str | bytes]], cues: Sequence[Cue]) -> Iterator[float]:
    """Delays of one member: from the sending of each cue to the arrival of its event. Raises ValueError for others."""
    came = [(at, json.loads(message)["type"]) for at, message in heard if isinstance(message, str)]
    told = [(at, kind) for at, kind in came if kind in TOLD.values()]
    for (at, kind), (number, wanted) in zip(told, cues, strict=False):
        if kind != wanted:
            raise ValueError(f"{kind} came where {wanted} was due")
        yield at - sent[number]


def _script() -> Samples:
    """Utterances with pauses, a whole number of messages, as exact as 16 bit carry it."""
    pause = np.zeros(round(PAUSE_SECONDS * STT_SAMPLE_RATE), np.float32)
    whole = np.concatenate([part for utterance in utterances() for part in (pause, utterance.samples, pause)])
    whole = np.pad(whole, (0, -len(whole) % round(PERIOD_SECONDS * STT_SAMPLE_RATE)))
    exact: Samples = (np.round(whole * 32_767) / 32_768).astype(np.float32)
    return exact


def _judged(frames: Iterable[Samples]) -> Iterator[tuple[Samples, float, float]]:
    """The frames of one stream, judged at once: each with its probability and its level."""
    engine = Registry().create("silero")
    assert isinstance(engine, SileroEngine)
    engine.load(lambda *_: None)
    states = engine.new_state()[np.newaxis]
    for batch in frames:
        heard = audible(batch)
        for frame, loud, level in zip(batch, heard, levels(batch).tolist(), strict=True):
            probability = 0.0
            if loud:
                (probability,), states = engine.probabilities(frame[np.newaxis], states)
            yield frame, probability, level


def _cues(script: Samples, wait: int) -> Iterator[Cue]:
    """Events that the server sends after so many messages of silence, and the earliest message for each."""
    rules = session_config(Settings()).turns
    message = round(PERIOD_SECONDS * STT_SAMPLE_RATE)
    whole = np.concatenate((np.zeros(wait * message, np.float32), script))

    ear = SpeechSegmenter(rules)
    position = 0
    for frame, probability, level in _judged(FrameCutter().cut(whole)):
        position += len(frame)
        signals = ear.signals(probability, level, over=False)
        number = (position - 1) // message - wait
        yield from ((number, TOLD[signal.kind]) for signal in signals if signal.kind in TOLD)
