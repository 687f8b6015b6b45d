"""Jobs of many texts: their pace beside the bare engine's, also with two `kill -9`, and what they cost who listens."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.client import Connection, fetch
from benchmarks.engines import PacedEngine, PacedOptions
from benchmarks.result import Row, milliseconds, quantile
from benchmarks.server import Server, running, running_in
from engines.tts.espeak import EspeakEngine
from stts.engine_api import SpeechParams, TTSEngine

COUNT = 1000
SPEED = 200.0
"""Times real time of the paced engine: some 14 ms a sentence."""
KILLS = 2
REACH_PACE = 0.85
REACH_FIRST_AUDIO = 1.3
REQUESTS = 60
PAUSE_SECONDS = 0.3
"""Between two requests of who listens."""
LOOK_SECONDS = 0.1
TEXT = "The birch canoe slid on the smooth planks."
SETTINGS: dict[str, Any] = {
    "engines": {"options": {"paced": {"speed": SPEED}}},
    "jobs": {"lease_seconds": 1},
    "logging": {"level": "warning"},
}


def run() -> list[Row]:
    texts = [f"This is sentence number {number} of the book." for number in range(COUNT)]
    paced = PacedEngine(PacedOptions(speed=SPEED))
    rows = [_pace("paced", paced, texts), _pace("espeak", EspeakEngine(), texts)]
    return [*rows, _killed(texts), *_beside_a_listener()]


def _pace(name: str, engine: TTSEngine, texts: Sequence[str]) -> Row:
    bare = _bare_seconds(engine, texts)
    with running(SETTINGS) as server:
        asyncio.run(fetch(server.port, "POST", f"/engines/{name}/load"))
        # The first job of a server opens the database.
        asyncio.run(_ended(server, asyncio.run(_begun(server, texts[:4], name))))
        began = time.perf_counter()
        job = asyncio.run(_begun(server, texts, name))
        asyncio.run(_ended(server, job))
        seconds = time.perf_counter() - began
    return Row(
        f"job of {len(texts)} sentences, {name}: items a second against the bare engine loop",
        f">= {REACH_PACE}",
        f"{bare / seconds:.2f} ({len(texts) / seconds:.0f}/s; the loop {len(texts) / bare:.0f}/s)",
        bare / seconds >= REACH_PACE,
        {"items_per_second": len(texts) / seconds, "loop_items_per_second": len(texts) / bare},
    )


def _bare_seconds(engine: TTSEngine, texts: Sequence[str]) -> float:
    """Seconds that the engine alone takes, in a loop."""
    engine.load(lambda *_: None)
    voice = next(each for each in engine.info.voices if each.id == engine.info.default_voice)
    began = time.perf_counter()
    for text in texts:
        for _ in engine.synthesize(text, voice, SpeechParams()):
            pass
    return time.perf_counter() - began


def _killed(texts: Sequence[str]) -> Row:
    began, job = time.perf_counter(), ""
    with tempfile.TemporaryDirectory(prefix="benchmark-", ignore_cleanup_errors=True) as name:
        for kill in range(KILLS):
            with running_in(Path(name), SETTINGS) as server:
                job = job or asyncio.run(_begun(server, texts, "paced"))
                asyncio.run(_ended(server, job, at_least=(kill + 1) * len(texts) // (KILLS + 1)))
                server.process.kill()
        with running_in(Path(name), SETTINGS) as server:
            ended = asyncio.run(_ended(server, job))
            seconds = time.perf_counter() - began
            files = [path for path in (server.folder / "data" / "jobs" / job).rglob("*") if path.is_file()]
    lost, doubled = len(texts) - ended["items"]["done"], len(files) - len(texts)
    return Row(
        f"the same job with {KILLS} kill -9: items lost, doubled",
        "0, 0",
        f"{lost}, {doubled} ({len(texts) / seconds:.0f}/s, restarts and leases included)",
        lost == doubled == 0,
        {"lost": lost, "doubled": doubled, "items_per_second": len(texts) / seconds},
    )


def _beside_a_listener() -> list[Row]:
    with running(SETTINGS) as server:
        asyncio.run(fetch(server.port, "POST", "/engines/espeak/load"))
        alone = asyncio.run(_first_audio(server))
        job = asyncio.run(_begun(server, [f"{TEXT} Number {number}." for number in range(50_000)], "espeak"))
        beside = asyncio.run(_first_audio(server))
        done = asyncio.run(_job(server, job))["items"]["done"]
    before, with_job = quantile(alone, 0.95), quantile(beside, 0.95)
    return [
        Row(
            "first audio of a listener while a job fills the machine, against without: p95",
            f"<= {REACH_FIRST_AUDIO} x",
            f"{with_job / before:.2f} x ({milliseconds(with_job)}; without {milliseconds(before)})",
            with_job <= REACH_FIRST_AUDIO * before,
            {"with_job_s": with_job, "without_s": before},
        ),
        Row("  items of the job done meanwhile", "", f"{done}", figures={"done": done}),
    ]


async def _first_audio(server: Server) -> list[float]:
    times: list[float] = []
    for _ in range(REQUESTS):
        await asyncio.sleep(PAUSE_SECONDS)
        async with Connection(server.port) as connection:
            began = time.monotonic()
            first: float | None = None
            async for part in connection.speak(TEXT, "espeak", format="pcm"):
                first = first or part.at
        times.append((first or time.monotonic()) - began)
    return times


async def _begun(server: Server, texts: Sequence[str], engine: str) -> str:
    """The id of a job with these texts."""
    lines = "\n".join(json.dumps({"text": text}) for text in texts).encode()
    begun = await fetch(server.port, "POST", f"/jobs/speech?engine={engine}", lines, "application/jsonl")
    return str(json.loads(begun)["id"])


async def _ended(server: Server, job_id: str, at_least: int | None = None) -> dict[str, Any]:
    """The job when it has ended, or so many items are done."""
    while True:
        job = await _job(server, job_id)
        if job["state"] != "running" or (at_least is not None and job["items"]["done"] >= at_least):
            return job
        await asyncio.sleep(LOOK_SECONDS)


async def _job(server: Server, job_id: str) -> dict[str, Any]:
    job: dict[str, Any] = json.loads(await fetch(server.port, "GET", f"/jobs/{job_id}"))
    return job
