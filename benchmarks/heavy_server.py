"""Chatterbox and Whisper of full size behind the server's own socket: several listeners, several copies, two engines.

Texts and weights are those of `heavy`. On a CPU only one listener is measured.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import heavy_ears
from benchmarks.client import BadAnswer, Connection, fetch, form
from benchmarks.ears import wav
from benchmarks.heavy import LONG, checkpoint, lacking, told, weights
from benchmarks.heavy_device import fill, free_bytes, give_back, has_gpu
from benchmarks.result import Row, milliseconds, quantile
from benchmarks.server import Server, running
from engines.tts.chatterbox import longest_speech
from stts.audio.wav import HEADER_BYTES
from stts.engine_api import STT_SAMPLE_RATE

VOICES = tuple(os.environ.get("STTS_HEAVY_SERVED", "chatterbox,chatterbox_turbo").split(","))
COPIED = "chatterbox_turbo"
EAR = "large-v3-turbo"
LISTENERS = (1, 4, 16)
COPIES = (2, 4)
COPIED_LISTENERS = 8
RATE = 24_000
HEALTH_SECONDS = 0.02
LEFT = 8 << 20
EAR_SECONDS = 20
"""So long that the server does not cut it; Whisper works on 30 s in any case."""


@dataclass(frozen=True, slots=True)
class Heard:
    first_s: float
    whole_s: float
    speech_s: float
    """Seconds that its tokens stand for, as in `heavy`."""


@dataclass(frozen=True, slots=True)
class Crowd:
    heard: Sequence[Heard]
    seconds: float
    lags: Sequence[float]
    """Seconds that GET /health took meanwhile."""

    @property
    def factor(self) -> float:
        """Seconds for a second of speech, of all together."""
        return self.seconds / sum(each.speech_s for each in self.heard)


def run() -> list[Row]:
    """No rows where Chatterbox is not installed."""
    if lacking("torch", "chatterbox", "whisper"):
        return []
    with weights() as folder:
        paths = {name: checkpoint(name, folder) for name in {*VOICES, COPIED}}
        rows = _with(paths, _voices)
        if has_gpu():
            rows += _with(paths, _copies, instances=_instances(paths[COPIED]))
            rows += _with(paths, _makes_room, memory_bytes=1_000_000_000)
            rows += _with(paths, _runs_out, device="cuda")
            rows += _with(paths, _ear, model=heavy_ears.checkpoint(EAR, folder))
        return rows


def _with(
    paths: Mapping[str, Path], measure: Any, *, device: str = "auto", model: Path | None = None, **settings: Any
) -> list[Row]:
    options: dict[str, Any] = {name: {"path": str(path), "device": device} for name, path in paths.items()}
    if model is not None:
        options["whisper"] = {"model": str(model), "device": device}
    # All wait as long as they must, and whatever is sent counts as speech.
    waiting = {"limits": {"queue_seconds": 600}, "stt": {"vad_threshold": 1e-6}}
    with running({"engines": {"options": options, **settings}, **waiting}) as server:
        rows: list[Row] = measure(server)
        return rows


def _voices(server: Server) -> list[Row]:
    """One engine after the other; all stay loaded."""
    rows: list[Row] = []
    for name in VOICES:
        before, started = free_bytes(), time.perf_counter()
        asyncio.run(fetch(server.port, "POST", f"/engines/{name}/load"))
        load = time.perf_counter() - started
        for listeners in LISTENERS if has_gpu() else LISTENERS[:1]:
            rows += told([_row(name, asyncio.run(_crowd(server.port, name, listeners)))])
        if has_gpu():
            asyncio.run(_speak(server.port, name, LONG))
        taken = (before - free_bytes()) / 1e9
        what = f"  {name}: load with a first call; memory of the GPU that its process takes after use"
        rows += told([Row(what, "", f"{load:.1f} s; {taken:.2f} GB", figures={"load_s": load, "taken_b": taken * 1e9})])
    return rows + told([_unloaded(server, VOICES)])


def _row(name: str, crowd: Crowd) -> Row:
    firsts, lags = [each.first_s for each in crowd.heard], crowd.lags or [0.0]
    listeners = len(crowd.heard)
    length = quantile([each.speech_s for each in crowd.heard], 0.5)
    return Row(
        f"{name} on a socket, {listeners} at once, {length:.1f} s each: first audio p50, worst; work a second",
        "",
        f"{quantile(firsts, 0.5):.2f}, {max(firsts):.2f} s; {crowd.factor:.2f} s; GET /health meanwhile p50 "
        f"{milliseconds(quantile(lags, 0.5))}, worst {milliseconds(max(lags))}",
        figures={"first_s": quantile(firsts, 0.5), "worst_s": max(firsts), "factor": crowd.factor, "lag_s": max(lags)},
    )


def _unloaded(server: Server, names: Sequence[str]) -> Row:
    before = free_bytes()
    for name in names:
        asyncio.run(fetch(server.port, "POST", f"/engines/{name}/unload"))
    freed = (free_bytes() - before) / 1e9
    return Row(
        "  all unloaded: memory of the GPU that came free", "", f"{freed:.2f} GB", figures={"freed_b": freed * 1e9}
    )


def _instances(path: Path) -> dict[str, Any]:
    return {f"copies_{count}": {"engine": COPIED, "copies": count, "options": {"path": str(path)}} for count in COPIES}


def _copies(server: Server) -> list[Row]:
    """Several processes, each with the weights, on one GPU."""
    rows: list[Row] = []
    for count in COPIES:
        name, before = f"copies_{count}", free_bytes()
        asyncio.run(fetch(server.port, "POST", f"/engines/{name}/load"))
        asyncio.run(_crowd(server.port, name, count))
        rows += told([_row(f"{COPIED}, {count} copies,", asyncio.run(_crowd(server.port, name, COPIED_LISTENERS)))])
        rows += told([Row("  memory of the GPU that they take", "", f"{(before - free_bytes()) / 1e9:.2f} GB")])
        asyncio.run(fetch(server.port, "POST", f"/engines/{name}/unload"))
    return rows


def _makes_room(server: Server) -> list[Row]:
    """Under a bound of host memory that holds one of two, the other makes room, and gives the GPU's back too."""
    first, second = VOICES[0], VOICES[-1]
    begin = free_bytes()
    asyncio.run(fetch(server.port, "POST", f"/engines/{first}/load"))
    one = begin - free_bytes()
    asyncio.run(_speak(server.port, second, LONG))
    both = begin - free_bytes()
    shown = asyncio.run(fetch(server.port, "GET", f"/engines/{first}")).decode()
    cold = '"state":"cold"' in shown.replace(" ", "")
    return told(
        [
            Row(
                f"`engines.memory_bytes` holds one engine: {second} after {first}",
                "the first is unloaded",
                f"{'it is' if cold else 'it stays'}; memory of the GPU {one / 1e9:.2f}, then {both / 1e9:.2f} GB",
                cold,
                {"first_b": one, "then_b": both},
            )
        ]
    )


def _runs_out(server: Server) -> list[Row]:
    """Somebody else takes what the GPU has left."""
    asyncio.run(fetch(server.port, "POST", f"/engines/{COPIED}/load"))
    taken = fill(LEFT)
    said = ""
    try:
        asyncio.run(_speak(server.port, COPIED, LONG))
    except BadAnswer as error:
        said = str(error)
    del taken
    give_back()
    again = asyncio.run(_speak(server.port, COPIED, LONG))
    works = "out of memory" in said and again.first_s > 0
    return told([Row(f"{COPIED}, `device: cuda`, no memory left: the answer", "clear, then works", said, works)])


def _ear(server: Server) -> list[Row]:
    before = free_bytes()
    asyncio.run(fetch(server.port, "POST", "/engines/whisper/load"))
    rows: list[Row] = []
    for count in (1, 4):
        took = asyncio.run(_listen(server.port, count))
        what = f"whisper {EAR} on a socket, {count} regions at once, one decoding each: p50, worst"
        rows.append(Row(what, "", f"{quantile(took, 0.5):.2f}, {max(took):.2f} s", figures={"worst_s": max(took)}))
    taken = (before - free_bytes()) / 1e9
    return told([*rows, Row("  memory of the GPU that its process takes", "", f"{taken:.2f} GB")])


async def _crowd(port: int, engine: str, listeners: int) -> Crowd:
    """Each has a text of its own, as short."""
    done = asyncio.Event()
    watching = asyncio.create_task(_watch(port, done))
    started = time.monotonic()
    heard = await asyncio.gather(*(_speak(port, engine, f"{chr(ord('A') + each)}n.") for each in range(listeners)))
    seconds = time.monotonic() - started
    done.set()
    return Crowd(heard, seconds, await watching)


async def _speak(port: int, engine: str, text: str) -> Heard:
    size, first, last = 0, 0.0, 0.0
    async with Connection(port) as connection:
        started = time.monotonic()
        async for part in connection.speak(text, engine, format="wav", sample_rate=RATE):
            size, last = size + len(part.data), part.at
            first = first or (part.at if size > HEADER_BYTES else 0.0)
    return Heard(first - started, last - started, longest_speech(text, "en"))


async def _watch(port: int, done: asyncio.Event) -> list[float]:
    lags: list[float] = []
    async with Connection(port) as connection:
        while not done.is_set():
            started = time.monotonic()
            lags += [part.at - started async for part in connection.request("GET", "/health")]
            await asyncio.sleep(HEALTH_SECONDS)
    return lags


async def _listen(port: int, count: int) -> list[float]:
    samples = np.clip(heavy_ears.region()[: EAR_SECONDS * STT_SAMPLE_RATE], -1, 1)
    body, kind = form(wav(samples), engine="whisper", language="en", **_plain(heavy_ears.ONCE))

    async def one() -> float:
        started = time.monotonic()
        await fetch(port, "POST", "/stt", body, kind)
        return time.monotonic() - started

    return list(await asyncio.gather(*(one() for _ in range(count))))


def _plain(values: Mapping[str, float]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()}
