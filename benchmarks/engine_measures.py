"""Every engine that is installed here, measured in the server: words understood, first audio, work, memory."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

import numpy as np
import psutil

from adapters.execution.backends.memory import IDLE_SECONDS
from benchmarks.client import BadAnswer, Connection, fetch, form
from benchmarks.default_voice import VARIED, word_error_rate, words
from benchmarks.ears import core_seconds, wav
from benchmarks.result import quantile
from benchmarks.server import Server, running
from benchmarks.spoken import Spoken, sentences
from stts.audio.decode import Decoder
from stts.audio.wav import HEADER_BYTES
from stts.engine_api import STT_SAMPLE_RATE, EngineInfo

RATE = 24_000
AUDIBLE = 10 ** (-50 / 20) * 32768
READING = (
    "it was the best of times it was the worst of times it was the age of wisdom it was the age of foolishness "
    "it was the epoch of belief it was the epoch of incredulity it was the season of light it was the season of "
    "darkness it was the spring of hope it was the winter of despair we had everything before us we had nothing "
    "before us"
)
"""The first 24 seconds of a person's reading, which the package `moonshine-voice` carries."""
READING_SECONDS = 24
DEFAULT_EAR = "tiny.en"
READY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Measured:
    errors: float | None
    """Wrong words a word said; None where they were not in a language that was to be judged."""
    reading_errors: float | None
    """The same of a person's reading, for what listens."""
    first_s: float
    """Until a sentence is heard, or the answer to three seconds of speech: p50."""
    work: float
    """Processor seconds of the server and its processes for a second of speech."""
    memory: float
    """Bytes (PSS) of the engine's largest process after use; 0 where it runs in the server."""


def measure(info: EngineInfo, ear: str) -> Measured | None:
    """None where the engine cannot be used here. `ear`: the model of `faster_whisper` that judges what is spoken."""
    model = ear if info.kind == "tts" else DEFAULT_EAR
    with running({"engines": {"options": {"faster_whisper": {"model": model}}}}) as server:
        _await_ready(server)
        try:
            asyncio.run(fetch(server.port, "POST", f"/engines/{info.name}/load"))
        except BadAnswer:
            return None
        return _voice(server, info) if info.kind == "tts" else _ear(server, info)


def _await_ready(server: Server) -> None:
    """Models that installed packages carry in parts are joined at the start."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            asyncio.run(fetch(server.port, "GET", "/ready"))
        except BadAnswer:
            time.sleep(0.1)
        else:
            return


def _voice(server: Server, info: EngineInfo) -> Measured:
    asyncio.run(_speak(server.port, VARIED[0], info.name))
    before = core_seconds(server.process)
    spoken = [asyncio.run(_speak(server.port, text, info.name)) for text in VARIED]
    work = core_seconds(server.process) - before
    memory = _memory(server)
    errors = _wrong(
        (text, _heard(server, file, "faster_whisper", language="en"))
        for text, (_, file) in zip(VARIED, spoken, strict=True)
    )
    seconds = sum((len(file) - HEADER_BYTES) / 2 / RATE for _, file in spoken)
    return Measured(errors, None, quantile([first for first, _ in spoken], 0.5), work / seconds, memory)


async def _speak(port: int, text: str, engine: str) -> tuple[float, bytes]:
    """Seconds until the first sample that can be heard came, and the whole WAV file."""
    received, first = b"", 0.0
    async with Connection(port) as connection:
        started = time.monotonic()
        async for part in connection.speak(text, engine, format="wav", sample_rate=RATE):
            received += part.data
            if not first and _audible(received[HEADER_BYTES:]):
                first = part.at - started
    assert first, f"{engine} was silent"
    return first, received


def _audible(pcm: bytes) -> bool:
    return bool((np.abs(np.frombuffer(pcm[: len(pcm) // 2 * 2], np.int16).astype(np.int32)) > AUDIBLE).any())


def _ear(server: Server, info: EngineInfo) -> Measured:
    speech = sentences()[: len(sentences()) // 2]
    _heard(server, wav(speech[0].samples), info.name)
    before, took, texts = core_seconds(server.process), [], []
    for each in speech:
        started = time.monotonic()
        texts.append(_heard(server, wav(each.samples), info.name))
        took.append(time.monotonic() - started)
    work = core_seconds(server.process) - before
    person = reading()
    heard = None if person is None else _heard(server, wav(person.samples), info.name)
    english = not info.languages or any(each.split("-")[0] == "en" for each in info.languages)
    return Measured(
        _wrong(zip((each.words for each in speech), texts, strict=True)) if english else None,
        _wrong([(READING, heard)]) if english and heard is not None else None,
        quantile(took, 0.5),
        work / sum(len(each.samples) / STT_SAMPLE_RATE for each in speech),
        _memory(server),
    )


def _heard(server: Server, file: bytes, engine: str, **fields: str) -> str:
    body, kind = form(file, engine=engine, **fields)
    return str(json.loads(asyncio.run(fetch(server.port, "POST", "/stt", body, kind)))["text"])


def _wrong(pairs: Iterable[tuple[str, str]]) -> float:
    """Word error rate over all of it."""
    counted = [(word_error_rate(said, heard) * len(words(said)), len(words(said))) for said, heard in pairs]
    return sum(wrong for wrong, _ in counted) / sum(said for _, said in counted)


def _memory(server: Server) -> float:
    """When nothing has been asked for a moment."""
    time.sleep(IDLE_SECONDS + 0.5)
    children: Sequence[psutil.Process] = server.process.children(recursive=True)
    return float(max((each.memory_full_info().pss for each in children), default=0))


def reading() -> Spoken | None:
    """A person's, where `moonshine-voice` is installed. The package is not imported."""
    try:
        found = [each for each in files("moonshine-voice") or () if each.name == "two_cities.wav"]
    except PackageNotFoundError:
        return None
    if not found:
        return None
    with Path(str(found[0].locate())).open("rb") as file:
        samples = np.concatenate(list(Decoder(file, max_seconds=60)))
    return Spoken(READING, samples[: READING_SECONDS * STT_SAMPLE_RATE])
