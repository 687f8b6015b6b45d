"""Latency from the engine's own first samples to the first audio that decodes at a socket.

Whether bytes decode is found out afterwards, so that looking costs the measured time nothing: PyAV is given what had
come by each arrival. What codecs and pages hold back is audio, not time, and is told apart: how much sound the engine
must have made before the first decodable byte leaves.
"""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Sequence
from typing import get_args

import av
import numpy as np

from benchmarks.client import Connection, Received, fetch
from benchmarks.result import Row, milliseconds, quantile
from benchmarks.server import running
from benchmarks.texts import TEN_SENTENCES
from engines.tts.espeak import EspeakEngine
from stts.audio.formats import audio_output
from stts.audio.speech import SpeechRenderer
from stts.engine_api import SpeechParams, Voice
from stts.scheduling.chunking import ChunkPlanner
from stts.settings import TTSSettings
from stts.speech import AudioFormat, EffectSettings, SynthesisConfig
from stts.text.sentences import TextCutter

REQUESTS = 15
REACH_SECONDS = 0.010
STEP_SECONDS = 0.005
"""Resolution in seconds at which held-back audio is measured."""


def run() -> list[Row]:
    engine = EspeakEngine()
    engine.load(lambda *_: None)
    own = _engine_first_yield(engine)
    rows = []
    with running() as server:
        asyncio.run(fetch(server.port, "POST", "/engines/espeak/load"))
        for format in get_args(AudioFormat):
            first = quantile(asyncio.run(_first_decodable(server.port, format)), 0.5)
            held = held_back(format, engine.info.sample_rate)
            rows.append(
                Row(
                    f"first decodable audio of ten sentences over the engine's first yield, {format}: p50",
                    "< 10 ms",
                    f"{milliseconds(first - own)} (codec and page hold back {milliseconds(held)} of audio)",
                    first - own < REACH_SECONDS,
                    {"over_engine_s": first - own, "held_back_audio_s": held},
                )
            )
        health = quantile(asyncio.run(_health_times(server.port)), 0.5)
    peers = f"{milliseconds(own)}; GET /health on the same socket {milliseconds(health)}"
    return [*rows, Row("  the engine's own first yield for the same piece: p50", "", peers, figures={"engine_s": own})]


def _engine_first_yield(engine: EspeakEngine) -> float:
    """Seconds until the engine alone yields for the first piece that the server would cut."""
    voice = engine.find_voice("en-us")
    assert voice is not None
    piece = _first_piece(engine, voice)
    times = []
    for _ in range(2 * REQUESTS):
        started = time.perf_counter()
        blocks = engine.synthesize(piece, voice, SpeechParams())
        next(blocks)
        times.append(time.perf_counter() - started)
        sum(map(len, blocks))
    return quantile(times, 0.5)


def _first_piece(engine: EspeakEngine, voice: Voice) -> str:
    started = time.perf_counter()
    samples = sum(map(len, engine.synthesize(TEN_SENTENCES, voice, SpeechParams())))
    real_time_factor = (time.perf_counter() - started) / (samples / engine.info.sample_rate)
    settings = TTSSettings()
    planner = ChunkPlanner(
        engine.info.limits, first_seconds=settings.first_chunk_seconds, growth=settings.chunk_growth, live=True
    )
    piece = TextCutter(TEN_SENTENCES, None).next_piece(planner.budget(real_time_factor), 1)
    assert piece is not None
    return piece


async def _first_decodable(port: int, format: AudioFormat) -> list[float]:
    """Seconds from the request to the first arrival with which a sample decodes."""
    times = []
    async with Connection(port) as connection:
        for _ in range(1 + REQUESTS):
            started = time.monotonic()
            parts = [part async for part in connection.speak(TEN_SENTENCES, "espeak", format=format)]
            times.append(_decodable_at(parts, format) - started)
    return times[1:]


def _decodable_at(parts: Sequence[Received], format: AudioFormat) -> float:
    data = b""
    for part in parts:
        data += part.data
        if decodes(data, format):
            return part.at
    raise ValueError(f"the {format} does not decode")


def decodes(data: bytes, format: AudioFormat) -> bool:
    """True if so much of a file gives at least one sample."""
    if format == "pcm":
        return len(data) >= 2
    try:
        with av.open(io.BytesIO(data), "r") as container:
            return any(frame.samples for frame in container.decode(audio=0))
    except (av.FFmpegError, IndexError):
        return False


def held_back(format: AudioFormat, rate: int) -> float:
    """Seconds of sound that go into the renderer before what has come out decodes."""
    renderer = SpeechRenderer(audio_output(SynthesisConfig(format=format), rate), EffectSettings(), rate)
    step = round(STEP_SECONDS * rate)
    sound = (0.3 * np.sin(np.arange(rate) * 0.06)).astype(np.float32)
    data = b""
    for end in range(step, len(sound), step):
        data += renderer.push(sound[end - step : end]).data
        if decodes(data, format):
            return end / rate
    raise ValueError(f"a second of {format} does not decode")


async def _health_times(port: int) -> list[float]:
    times: list[float] = []
    async with Connection(port) as connection:
        for _ in range(20 * REQUESTS):
            started = time.monotonic()
            times += [part.at - started async for part in connection.request("GET", "/health")]
    return times
