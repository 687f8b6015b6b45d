"""Memory and time that an audiobook of eight hours costs: bound as M4B and MP3, and packed into a ZIP file.

Its parts are one file of speech over and over, so that the disk holds half a minute of it and not eight hours.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import psutil

from benchmarks.result import Row
from benchmarks.texts import TEN_SENTENCES
from engines.tts.espeak import EspeakEngine
from stts.audio.encode import Encoder
from stts.audio.filters import FilterChain
from stts.books.binding import BOOK_RATE, BookFormat, bind
from stts.books.book import BookInfo
from stts.books.packing import Entry, zipped
from stts.books.parts import Part
from stts.engine_api import SpeechParams

HOURS = 8
PART_SECONDS = 10.0
PAUSE_SECONDS = 0.5
PARTS_OF_A_CHAPTER = 100
REACH_BYTES = 60e6
FORMATS: Sequence[BookFormat] = ("m4b", "mp3")


@dataclass(frozen=True, slots=True)
class Cost:
    extra_bytes: int
    """Most memory held at once beyond what was held before."""
    cpu_seconds: float
    size_bytes: int


def run(hours: float = HOURS) -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts = book_parts(folder, hours)
        costs = {f"bound as {format}": bound(parts, format, folder / f"book.{format}") for format in FORMATS}
        costs["packed as ZIP"] = packed(parts)
    return [_row(f"{hours:g} hours {how}", cost, hours) for how, cost in costs.items()]


def book_parts(folder: Path, hours: float) -> list[Part]:
    """Parts of so many hours, pauses included, of one file."""
    audio = folder / "part.mp3"
    audio.write_bytes(_speech())
    count = round(hours * 3600 / (PART_SECONDS + PAUSE_SECONDS))
    return [Part(audio, PART_SECONDS, n // PARTS_OF_A_CHAPTER, PAUSE_SECONDS, TEN_SENTENCES) for n in range(count)]


def bound(parts: Sequence[Part], format: BookFormat, target: Path) -> Cost:
    # What a first book brings into memory for good (codecs, PyAV) is no cost of its length.
    _bind(parts[:10], format, target, _Peak())
    peak = _Peak()
    size = _bind(parts, format, target, peak)
    _check(target, len(parts) * (PART_SECONDS + PAUSE_SECONDS))
    target.unlink()
    return peak.cost(size)


def packed(parts: Sequence[Part]) -> Cost:
    _pack(parts[:10], _Peak())
    peak = _Peak()
    return peak.cost(_pack(parts, peak))


class _Peak:
    """Memory and processor time of this process since this was made; looked at whenever work calls it."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._before = self._highest = self._process.memory_info().rss
        self._started = time.process_time()

    def __call__(self) -> None:
        self._highest = max(self._highest, self._process.memory_info().rss)

    def cost(self, size: int) -> Cost:
        self()
        return Cost(self._highest - self._before, time.process_time() - self._started, size)


def _speech() -> bytes:
    engine = EspeakEngine()
    engine.load(lambda *_: None)
    voice = engine.find_voice("en-us")
    assert voice is not None
    speech = np.concatenate(list(engine.synthesize(TEN_SENTENCES, voice, SpeechParams())))
    resampler = FilterChain(engine.info.sample_rate, BOOK_RATE, ())
    speech = np.concatenate([resampler.push(speech), resampler.finish()])
    engine.unload()
    encoder = Encoder("mp3", BOOK_RATE)
    return encoder.encode(np.resize(speech, round(PART_SECONDS * BOOK_RATE))) + encoder.finish()


def _bind(parts: Sequence[Part], format: BookFormat, target: Path, peak: _Peak) -> int:
    titles = [f"Chapter {number + 1}" for number in range(len(parts))]
    bind(parts, titles, BookInfo("A long book"), format, target, peak)
    return target.stat().st_size


def _pack(parts: Sequence[Part], peak: _Peak) -> int:
    async def entries() -> AsyncIterator[Entry]:
        for number, part in enumerate(parts):
            peak()
            yield Entry(f"{number:05}.mp3", part.audio, 0.0)

    async def send() -> int:
        return sum([len(block) async for block in zipped(entries())])

    return asyncio.run(send())


def _check(bound: Path, seconds: float) -> None:
    """A benchmark of a book that is not whole would say nothing."""
    with av.open(str(bound)) as container:
        found = (container.duration or 0) / av.time_base
    if abs(found - seconds) > 1:
        raise ValueError(f"The book lasts {found} s instead of {seconds} s")


def _row(what: str, cost: Cost, hours: float) -> Row:
    return Row(
        f"{what}: extra memory",
        "< 60 MB",
        f"{cost.extra_bytes / 1e6:.0f} MB ({cost.size_bytes / 1e6:.0f} MB, {cost.cpu_seconds:.0f} s of one processor, "
        f"{hours * 3600 / cost.cpu_seconds:.0f} times real time)",
        cost.extra_bytes < REACH_BYTES,
        {"extra_bytes": cost.extra_bytes, "cpu_s": cost.cpu_seconds, "size_bytes": cost.size_bytes},
    )
