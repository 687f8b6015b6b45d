"""Memory that two hours of MP3 cost, from the upload to the last region of speech."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import psutil

from benchmarks.client import fetch, form
from benchmarks.result import Row
from benchmarks.server import running
from benchmarks.texts import TEN_SENTENCES
from engines.tts.espeak import EspeakEngine
from stts.audio.encode import Encoder
from stts.audio.filters import FilterChain
from stts.engine_api import SpeechParams

HOURS = 2
MINUTE_RATE = 44_100
REACH_BYTES = 150e6
SAMPLE_SECONDS = 0.01


@dataclass(slots=True)
class Peak:
    before: int
    """Bytes resident before."""
    highest: int = 0


def run() -> list[Row]:
    with running() as server:
        recording = server.folder / "recording.mp3"
        _write_recording(recording)
        body, content_type = form(recording.read_bytes(), engine="ear", format="verbose_json")
        with watched(server.process) as peak:
            started = time.perf_counter()
            answer = json.loads(asyncio.run(fetch(server.port, "POST", "/stt", body, content_type)))
            elapsed = time.perf_counter() - started
        bare = _bare_decode(recording)
    duration, regions = answer["duration"], len(answer["segments"])
    if abs(duration - HOURS * 3600) > 10 or regions < HOURS * 60:
        raise ValueError(f"heard {regions} regions in {duration} s")
    extra = peak.highest - peak.before
    return [
        Row(
            "two-hour MP3 through /stt decode and VAD: peak extra memory",
            "< 150 MB",
            f"{extra / 1e6:.0f} MB with onnxruntime's own ({elapsed:.0f} s, {duration / elapsed:.0f} times real time, "
            f"{regions} regions)",
            extra < REACH_BYTES,
            {"extra_bytes": extra, "seconds": elapsed, "real_time_factor": elapsed / duration},
        ),
        Row("  PyAV alone decodes it, without VAD", "", f"{bare:.0f} s", figures={"decode_s": bare}),
    ]


def _write_recording(path: Path) -> None:
    """A minute of speech and pauses over and over: frames that need no other frames may be repeated as they are."""
    minute = _minute()
    with path.open("wb") as file:
        for _ in range(HOURS * 60):
            file.write(minute)


def _minute() -> bytes:
    engine = EspeakEngine()
    engine.load(lambda *_: None)
    voice = engine.find_voice("en-us")
    assert voice is not None
    speech = np.concatenate(list(engine.synthesize(TEN_SENTENCES, voice, SpeechParams())))
    resampler = FilterChain(engine.info.sample_rate, MINUTE_RATE, ())
    speech = np.concatenate([resampler.push(speech), resampler.finish()])
    engine.unload()
    samples = np.zeros(60 * MINUTE_RATE, np.float32)
    samples[: min(len(speech), len(samples))] = speech[: len(samples)]
    encoder = Encoder("mp3", MINUTE_RATE)
    return encoder.encode(samples) + encoder.finish()


@contextmanager
def watched(process: psutil.Process) -> Iterator[Peak]:
    """The most memory that a process and its children hold together while this is entered."""
    peak = Peak(_resident(process))
    done = threading.Event()

    def watch() -> None:
        while not done.wait(SAMPLE_SECONDS):
            peak.highest = max(peak.highest, _resident(process))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()


def _resident(process: psutil.Process) -> int:
    total: int = process.memory_info().rss
    for child in process.children(recursive=True):
        try:
            total += child.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def _bare_decode(path: Path) -> float:
    started = time.perf_counter()
    with av.open(str(path), "r") as container:
        for _ in container.decode(audio=0):
            pass
    return time.perf_counter() - started
