"""Probes: the shortest real work of each kind of engine, checked for a real result; and when it is done by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from stts.engine_api import (
    STT_SAMPLE_RATE,
    EngineInfo,
    ListenParams,
    SpeechParams,
    STTEngine,
    TTSEngine,
    TurnEngine,
    VADEngine,
)
from stts.errors import EngineError
from stts.speaker_engine import SpeakerEngine

PROBE_TEXT = "One two three."
PROBE_DELAY_SECONDS = 0.05
"""Between a load and its probe: requests that have waited for the load go first."""

LEAVE_SECONDS = 3.0
"""For a probe that was cancelled to leave its engine."""


class LoadProbes:
    """One background probe after each load. It is the server's own work, and stands in the way of no unload."""

    def __init__(self, probe: Callable[[str], Awaitable[object]]) -> None:
        """`probe` really runs the engine of this name once, and raises nothing of the engine's."""
        self._probe = probe
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, name: str) -> None:
        """This engine has just been loaded."""
        task = asyncio.create_task(self._after_load(name), name=f"probe {name}")
        self._tasks[name] = task
        task.add_done_callback(partial(self._ended, name))

    async def wait(self, name: str) -> bool:
        """Returns when the probe of this engine has ended; False: there was none."""
        if name not in self._tasks:
            return False
        await asyncio.wait([self._tasks[name]])
        return True

    async def end(self, name: str) -> None:
        """Ends the probe, and returns when it has left the engine: it must neither keep it nor load it anew.

        A call that nothing can interrupt is waited for a few seconds only, and the engine is still at work then.
        """
        if name in self._tasks:
            self._tasks[name].cancel()
            await asyncio.wait([self._tasks[name]], timeout=LEAVE_SECONDS)

    def cancel_all(self) -> None:
        for task in self._tasks.values():
            task.cancel()

    async def _after_load(self, name: str) -> None:
        await asyncio.sleep(PROBE_DELAY_SECONDS)
        await self._probe(name)

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(name) is task:
            del self._tasks[name]


def probe_work(info: EngineInfo) -> Callable[[Any], Iterator[object]]:
    """Blocking work for a slot of the engine. Raises EngineError where the result is none."""
    match info.kind:
        case "tts":
            return lambda engine: _speak(engine, info)
        case "stt":
            return _listen
        case "vad":
            return _detect
        case "turn":
            return _judge
        case "speaker":
            return _tell_apart


def _speak(engine: TTSEngine, info: EngineInfo) -> Iterator[object]:
    voices = engine.voices()
    voice = next((voice for voice in voices if voice.id == info.default_voice), None) or next(iter(voices), None)
    if voice is None:
        raise EngineError(f"{info.name} has no voice of its own to try.")
    parameters = engine.Parameters()
    peak = 0.0
    for block in engine.synthesize(PROBE_TEXT, voice, SpeechParams(extra=parameters)):
        peak = max(peak, float(np.max(np.abs(block), initial=0.0)))
        yield None
    if not 0.0 < peak < float("inf"):
        raise EngineError(f"{info.name} made silence.")


def _listen(engine: STTEngine) -> Iterator[object]:
    """Noise: any answer will do, and most engines rightly hear nothing."""
    noise = np.random.default_rng(0).normal(0.0, 0.01, STT_SAMPLE_RATE).astype(np.float32)
    yield from engine.transcribe(noise, ListenParams(extra=engine.Parameters()))


def _detect(engine: VADEngine) -> Iterator[object]:
    frames = np.zeros((1, engine.frame_samples), np.float32)
    yield engine.probabilities(frames, engine.new_state()[np.newaxis])


def _judge(engine: TurnEngine) -> Iterator[object]:
    yield engine.finished(np.zeros(STT_SAMPLE_RATE, np.float32))


def _tell_apart(engine: SpeakerEngine) -> Iterator[object]:
    yield engine.vectors(np.random.default_rng(0).normal(0.0, 0.01, STT_SAMPLE_RATE).astype(np.float32))
