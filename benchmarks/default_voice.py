"""The default voice: how well it is understood, how early it is heard, how loud it is, and what memory it takes."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Sequence

import numpy as np
import psutil

from adapters.execution.backends.memory import IDLE_SECONDS
from benchmarks.client import Connection, fetch, form
from benchmarks.result import Row, milliseconds, quantile
from benchmarks.server import Server, running
from benchmarks.texts import SENTENCES, TEN_SENTENCES
from stts.audio.level import active_level
from stts.audio.wav import HEADER_BYTES
from stts.engine_api import Samples

VARIED = (
    *SENTENCES,
    "Why did nobody tell me that the museum opens on Mondays?",
    "Dr. Patel asked Mrs. Lee, e.g., whether the results were clear.",
    "Stop! The paint on that bench is still wet.",
    "If it snows tonight, and it may, the buses will run late.",
    "Margaret and Oliver moved from Chicago to Edinburgh last spring.",
    "He whispered the answer, then laughed at his own joke.",
    "The recipe needs butter, flour, three eggs and a pinch of salt.",
    "Could you repeat the last part, please?",
    "Scientists measured the temperature of the lake every hour.",
    "It was the quietest engine that the old mechanic had ever heard.",
)
SPELLINGS = {"harbor": "harbour", "11": "eleven", "3": "three", "key": "quay", "patal": "patel", "mondays": "monday's"}
"""Other spellings of words that sound the same."""
REPEATS = 15
RATE = 24_000
AUDIBLE = 10 ** (-50 / 20)
EAR = "faster_whisper"
REACH_RATIO, REACH_SECONDS = 1.15, 0.040
REACH_ERRORS, REACH_LEVEL, REACH_COLD = 0.01, 1.5, 2.5
REACH_IDLE, REACH_USED = 110e6, 320e6


def run() -> list[Row]:
    with running() as server:
        time.sleep(IDLE_SECONDS)
        idle = memory(server)
        cold, _ = asyncio.run(_first_sound(server.port, "The first words of the day."))
        first, own = _alternating(server)
        time.sleep(IDLE_SECONDS + 0.5)
        voiced = memory(server)
        spoken = {engine: [_speak(server, text, engine) for text in VARIED] for engine in ("hibari", "espeak")}
    with running() as server:
        errors = _errors(server, [_speak(server, text, "hibari") for text in VARIED])
        time.sleep(IDLE_SECONDS + 0.5)
        used = memory(server)
    levels = {engine: _level(files) for engine, files in spoken.items()}
    apart = abs(levels["hibari"] - levels["espeak"])
    ratio = quantile(first, 0.5) / quantile(own, 0.5)
    return [
        Row(
            "default voice, 20 varied sentences heard back by the default ear: word error rate",
            "<= 0.01",
            f"{errors:.3f}",
            errors <= REACH_ERRORS,
            {"word_error_rate": errors},
        ),
        Row(
            "first audible sample of ten sentences, default voice: p50, against the engine's own first sentence",
            "<= 1.15, < 40 ms",
            f"{ratio:.2f}, {milliseconds(quantile(first, 0.5))}",
            ratio <= REACH_RATIO and quantile(first, 0.5) < REACH_SECONDS,
            {"ratio": ratio, "first_s": quantile(first, 0.5)},
        ),
        Row(
            "  the engine's own first sentence: p50",
            "",
            milliseconds(quantile(own, 0.5)),
            figures={"own_s": quantile(own, 0.5)},
        ),
        Row(
            "first request after a cold start: first audible sample",
            "< 2.5 s",
            f"{cold:.2f} s",
            cold < REACH_COLD,
            {"cold_s": cold},
        ),
        Row(
            "levels of hibari and eSpeak in the answers",
            "within 1.5 dB",
            f"{levels['hibari']:.1f} and {levels['espeak']:.1f} dBFS",
            apart < REACH_LEVEL,
            {"apart_db": apart},
        ),
        Row(
            "memory of server and children (PSS): idle",
            "< 110 MB",
            f"{idle / 1e6:.0f} MB",
            idle < REACH_IDLE,
            {"idle_bytes": idle},
        ),
        Row(
            "memory of server and children (PSS): after use, default voice and ear loaded",
            "< 320 MB",
            f"{used / 1e6:.0f} MB ({voiced / 1e6:.0f} MB with the voice alone)",
            used < REACH_USED,
            {"used_bytes": used, "voiced_bytes": voiced},
        ),
    ]


def _level(files: Sequence[bytes]) -> float:
    level = active_level(np.concatenate([_samples(wav) for wav in files]), RATE)
    assert level is not None, "the server was silent"
    return level


def memory(server: Server) -> float:
    """Bytes of the server and its children, shared pages counted once among those who share them."""
    processes = [server.process, *server.process.children(recursive=True)]
    return float(sum(psutil.Process(each.pid).memory_full_info().pss for each in processes))


def word_error_rate(said: str, heard: str) -> float:
    """Substituted, missing and added words, per word said; case and punctuation count for nothing."""
    reference, found = words(said), words(heard)
    row = list(range(len(found) + 1))
    for index, wanted in enumerate(reference, 1):
        diagonal, row[0] = row[0], index
        for position, got in enumerate(found, 1):
            best = min(row[position] + 1, row[position - 1] + 1, diagonal + (wanted != got))
            row[position], diagonal = best, row[position]
    return row[-1] / len(reference)


def words(text: str) -> list[str]:
    """The words of a text as they are compared: one spelling of what sounds the same."""
    found = re.findall(r"[a-z0-9']+", text.lower().replace("e.g.", "eg"))
    return [SPELLINGS.get(word, word) for word in found]


def _alternating(server: Server) -> tuple[list[float], list[float]]:
    """Seconds to the first sound, of the server and of the package alone, in turn."""
    from hibari import Hibari

    alone = Hibari(threads=1)
    next(alone.stream(TEN_SENTENCES, seed=0))
    served: list[float] = []
    own: list[float] = []
    for _ in range(REPEATS):
        served.append(asyncio.run(_first_sound(server.port, TEN_SENTENCES))[0])
        started = time.perf_counter()
        next(alone.stream(TEN_SENTENCES, seed=0))
        own.append(time.perf_counter() - started)
    return served, own


async def _first_sound(port: int, text: str) -> tuple[float, int]:
    """Seconds until a sample came that can be heard, and how many came before it."""
    received = b""
    async with Connection(port) as connection:
        started = time.monotonic()
        found: tuple[float, int] | None = None
        async for part in connection.speak(text, "auto", format="wav"):
            received += part.data
            if found is None:
                samples = _samples(received)
                sound = np.flatnonzero(np.abs(samples) > AUDIBLE)
                found = (part.at - started, int(sound[0])) if len(sound) else None
    assert found is not None, "the server was silent"
    return found


def _speak(server: Server, text: str, engine: str) -> bytes:
    """A WAV file."""
    body = json.dumps({"text": text, "engine": engine, "format": "wav", "sample_rate": RATE}).encode()
    return asyncio.run(fetch(server.port, "POST", "/tts", body))


def _samples(wav: bytes) -> Samples:
    data = wav[HEADER_BYTES:]
    samples = np.frombuffer(data[: len(data) // 2 * 2], np.int16).astype(np.float32)
    return samples / np.float32(32768)


def _errors(server: Server, spoken: Sequence[bytes]) -> float:
    wrong = said = 0.0
    for text, wav in zip(VARIED, spoken, strict=True):
        wrong += word_error_rate(text, _heard(server, wav)) * len(words(text))
        said += len(words(text))
    return wrong / said


def _heard(server: Server, wav: bytes) -> str:
    body, content_type = form(wav, engine=EAR)
    answer = asyncio.run(fetch(server.port, "POST", "/stt", body, content_type))
    return str(json.loads(answer)["text"])
