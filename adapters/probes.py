"""Probe work: the shortest real work of each kind of engine, checked for a real result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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

PROBE_TEXT = "One two three."


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
    yield engine.probabilities(frames, [engine.new_state()])


def _judge(engine: TurnEngine) -> Iterator[object]:
    yield engine.finished(np.zeros(STT_SAMPLE_RATE, np.float32))
