"""Hundreds of live streams that are listened to at once: how long after its frame the news of speech arrives.

Which frame that is, is computed beforehand: the same pure endpointing over the same probabilities says for every
message of the script what the server will say of it. So the delay holds everything: the socket, the queue for the
network of all streams, the batch, and the way back.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.client import fetch
from benchmarks.crowd import PERIOD_SECONDS, Crowd, crowd, run_fast
from benchmarks.result import Row, milliseconds, quantile
from benchmarks.server import Server, running
from benchmarks.talker import wire_frames
from benchmarks.voices import utterances
from engines.registry import Registry
from engines.vad.silero import SileroEngine
from stts.conversation.config import session_config
from stts.conversation.segmenter import SpeechSegmenter
from stts.engine_api import STT_SAMPLE_RATE, Samples
from stts.settings import Settings
from stts.vad.endpointing import Endpoint
from stts.vad.segmenter import audible

SESSIONS = 300
MORE = (450, 600)
"""Tried until it is too many."""
FEWER = (250, 200, 150)
"""Tried until it is few enough, where the first is too many already."""
REACH_SECONDS = 0.016
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
    with running(SETTINGS) as server:
        rows = [_row(SESSIONS, server, frames, cues)]
    met = rows[0].met is True
    for sessions in MORE if met else FEWER:
        with running(SETTINGS) as server:
            rows.append(_row(sessions, server, frames, cues))
        if (rows[-1].met is True) != met:
            break
    first, *others = rows
    return [first, *(Row(f"  {row.what}", "", row.measured, figures=row.figures) for row in others)]


def _row(sessions: int, server: Server, frames: Sequence[bytes], cues: Sequence[Sequence[Cue]]) -> Row:
    busy = server.process.cpu_times()
    found = run_fast(lambda: _listened_to(sessions, server.port, frames))
    used = server.process.cpu_times()
    told = [(member, cues[member.wait % GRID]) for member in found.members]
    delays = [delay for member, own in told for delay in _delays(member.sent, member.heard, own)]
    wanted = sum(len(own) for _, own in told)
    p99 = quantile(delays, 0.99)
    cores = (used.user + used.system - busy.user - busy.system) / ((len(frames) + SPREAD) * PERIOD_SECONDS)
    own = quantile(found.late, 0.99)
    return Row(
        f"{sessions} live VAD sessions, 60 ms frames in real time: frame to event, p99",
        "< 16 ms",
        f"{milliseconds(p99)} (p50 {milliseconds(quantile(delays, 0.5))}; {len(delays)} of {wanted} events; "
        f"server {cores:.2f} cores; generator late by {milliseconds(own)} p99)",
        p99 < REACH_SECONDS and len(delays) == wanted,
        {"p99_s": p99, "server_cores": cores, "generator_late_p99_s": own, "events": len(delays)},
    )


async def _listened_to(sessions: int, port: int, frames: Sequence[bytes]) -> Crowd:
    for engine in ("silero", "ear"):
        await fetch(port, "POST", f"/engines/{engine}/load")
    async with crowd(sessions, port, PATH, QUERY) as found:
        await found.play(frames, frames[0], SPREAD)
        await asyncio.sleep(PAUSE_SECONDS)
    return found


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


class _Alone:
    """The voice activity of one stream, judged at once."""

    def __init__(self) -> None:
        engine = Registry().create("silero")
        assert isinstance(engine, SileroEngine)
        engine.load(lambda *_: None)
        self._engine = engine
        self._state = self._engine.new_state()

    def stream(self) -> _Alone:
        return self

    async def probabilities(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        judged = np.zeros(len(frames), np.float32)
        for number in np.flatnonzero(audible(frames)):
            (judged[number],), (self._state,) = self._engine.probabilities(frames[number][np.newaxis], [self._state])
        return judged

    def close(self) -> None:
        return


def _cues(script: Samples, wait: int) -> Iterator[Cue]:
    """Events that the server sends after so many messages of silence, and the earliest message for each."""
    rules = session_config(Settings()).turns
    message = round(PERIOD_SECONDS * STT_SAMPLE_RATE)
    whole = np.concatenate((np.zeros(wait * message, np.float32), script))

    async def judged() -> list[Cue]:
        ear = SpeechSegmenter(_Alone(), rules)
        cues: list[Cue] = []
        position = 0
        for frames in ear.frames(whole):
            for frame, probability in zip(frames, await ear.judge(frames), strict=True):
                position += len(frame)
                signals = ear.signals(frame, probability, over=False)
                number = (position - 1) // message - wait
                cues += [(number, TOLD[signal.kind]) for signal in signals if signal.kind in TOLD]
        return cues

    yield from asyncio.run(judged())
