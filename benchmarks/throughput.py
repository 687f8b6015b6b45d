"""Requests a second of one sentence each, against the engine in a bare loop: by one process, by two, and by one with a
child of the engine for each client, who then waits for no slot."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator

from benchmarks.client import Connection, fetch
from benchmarks.result import Row
from benchmarks.server import running, workers_of
from benchmarks.texts import SENTENCES
from engines.tts.espeak import EspeakEngine
from stts.engine_api import SpeechParams

CLIENTS = 4
SECONDS = 6.0
REACH = 0.65


def run() -> list[Row]:
    bare = _bare_loop(SECONDS / 2)
    with running() as server:
        asyncio.run(fetch(server.port, "POST", "/engines/espeak/load"))
        asyncio.run(_rate(server.port, 1.0))
        before = server.cpu_seconds
        rate, client = asyncio.run(_rate(server.port, SECONDS))
        busy = (server.cpu_seconds - before) / SECONDS
    with running({"server": {"workers": 2}}) as server:
        workers_of(server, 2)
        of_two = _warm_rate(server.port)  # each worker loads the engine for itself
    with running({"engines": {"options": {"espeak": {"processes": CLIENTS}}}}) as server:
        of_children = _warm_rate(server.port)
    bare = (bare + _bare_loop(SECONDS / 2)) / 2
    return [
        Row(
            f"eSpeak, wav, one sentence a request, {CLIENTS} clients: requests/s against the bare engine loop",
            ">= 0.65",
            f"{rate / bare:.2f} ({rate:.0f}/s; of a core: server {busy:.0%}, client {client:.0%})",
            rate / bare >= REACH,
            {"ratio": rate / bare, "requests_per_s": rate, "server_cores": busy, "client_cores": client},
        ),
        Row("  with two workers", "", f"{of_two / bare:.2f} ({of_two:.0f}/s)", figures={"ratio_of_two": of_two / bare}),
        Row(
            f"  with {CLIENTS} children of the engine",
            "",
            f"{of_children / bare:.2f} ({of_children:.0f}/s)",
            figures={"ratio_of_children": of_children / bare},
        ),
        Row("  the bare engine loop", "", f"{bare:.0f}/s", figures={"engine_per_s": bare}),
    ]


def _bare_loop(seconds: float) -> float:
    """Sentences a second of the engine alone."""
    engine = EspeakEngine()
    engine.load(lambda *_: None)
    voice = engine.find_voice("en-us")
    assert voice is not None
    started = time.perf_counter()
    for count, sentence in enumerate(itertools.cycle(SENTENCES)):
        elapsed = time.perf_counter() - started
        if elapsed >= seconds:
            engine.unload()
            return count / elapsed
        for _ in engine.synthesize(sentence, voice, SpeechParams()):
            pass
    raise AssertionError("the sentences never end")


def _warm_rate(port: int) -> float:
    asyncio.run(_rate(port, 2.0))
    return asyncio.run(_rate(port, SECONDS))[0]


async def _rate(port: int, seconds: float) -> tuple[float, float]:
    """Requests a second, and the part of a core that asking took."""
    sentences = itertools.cycle(SENTENCES)
    started, processor = time.monotonic(), time.process_time()
    counts = await asyncio.gather(*(_ask(port, sentences, started + seconds) for _ in range(CLIENTS)))
    elapsed = time.monotonic() - started
    return sum(counts) / elapsed, (time.process_time() - processor) / elapsed


async def _ask(port: int, sentences: Iterator[str], until: float) -> int:
    count = 0
    async with Connection(port) as connection:
        while time.monotonic() < until:
            size = 0
            async for part in connection.speak(next(sentences), "espeak"):
                size += len(part.data)
            if size < 44_100:
                raise ValueError(f"{size} bytes are no sentence")
            count += 1
    return count
