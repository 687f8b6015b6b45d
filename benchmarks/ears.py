"""Utterances a second of `faster_whisper` against its peers: wyoming-faster-whisper, and faster-whisper in a bare loop.

All run the same weights, int8, greedily, on the same speech, one after the other. The peers live in an environment of
their own (`pip install faster-whisper wyoming-faster-whisper`), whose Python is named by `EARS_PEERS`; without it the
server is measured alone. `EARS_MODEL` names the folder of the model, else it is `whisper-tiny.en`.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import json
import os
import subprocess
import tempfile
import time
import wave
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import psutil

from benchmarks.client import HOST, Connection, fetch, form
from benchmarks.result import Row
from benchmarks.server import free_port, running
from benchmarks.spoken import Spoken, long_readings, sentences, wrong_words

CLIENTS = 4
SECONDS = float(os.environ.get("EARS_SECONDS", "20"))
ENGINE = "faster_whisper"
LOOP = Path(__file__).parent / "ears_loop.py"
REACH = {"short": {"wyoming": 2.5, "loop": 2.2}, "long": {"wyoming": 1.1, "loop": 0.95}}
START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Measured:
    per_s: float
    """Requests a second."""
    errors: float
    """Wrong words a word."""
    core_s: float
    """Seconds of a processor for one request, in all processes of the server: what counts where others use it too."""


Ask = Callable[[Spoken], Awaitable[str]]


def run() -> list[Row]:
    peers, model = os.environ.get("EARS_PEERS"), os.environ.get("EARS_MODEL", "tiny.en")
    rows: list[Row] = []
    for kind, speech in (("short", sentences()), ("long", long_readings())):
        name = "utterances of 3 s" if kind == "short" else "24 s of speech"
        ours = _server(model, speech)
        what = f"{name}, Whisper {Path(model).name} int8, {CLIENTS} clients: a second"
        rows.append(Row(what, "", _told(ours), None, asdict(ours)))
        if peers is not None:
            theirs = {"wyoming": _wyoming(peers, model, speech), "loop": _loop(peers, model, speech)}
            rows += [_compared(name, peer, ours, each, REACH[kind][peer]) for peer, each in theirs.items()]
    return rows


def _told(measured: Measured) -> str:
    return (
        f"{measured.per_s:.2f} (word error rate {measured.errors:.3f}, {measured.core_s * 1000:.0f} ms of a core each)"
    )


def _compared(name: str, peer: str, ours: Measured, theirs: Measured, reach: float) -> Row:
    ratio, work = ours.per_s / theirs.per_s, theirs.core_s / ours.core_s
    return Row(
        f"  {name}: against {'wyoming-faster-whisper' if peer == 'wyoming' else 'a bare faster-whisper loop'}",
        f">= {reach}, errors within 0.01",
        f"{ratio:.2f}, by processor time {work:.2f}; the peer: {_told(theirs)}",
        ratio >= reach and ours.errors - theirs.errors <= 0.01,
        {"ratio": ratio, "work_ratio": work, **{f"peer_{key}": value for key, value in asdict(theirs).items()}},
    )


def _server(model: str, speech: Sequence[Spoken]) -> Measured:
    settings: Mapping[str, object] = {"engines": {"options": {ENGINE: {"model": model}}}}
    with running(settings) as server:
        asyncio.run(fetch(server.port, "POST", f"/engines/{ENGINE}/load"))
        return asyncio.run(_posted(server.port, server.process, speech))


async def _posted(port: int, process: psutil.Process, speech: Sequence[Spoken]) -> Measured:
    async with AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(Connection(port)) for _ in range(CLIENTS)]
        return await _asked([_post(each) for each in connections], speech, process)


def _post(connection: Connection) -> Ask:
    async def ask(spoken: Spoken) -> str:
        body, kind = form(wav(spoken.samples), engine=ENGINE, language="en")
        parts = [part.data async for part in connection.request("POST", "/stt", body, kind)]
        return str(json.loads(b"".join(parts))["text"])

    return ask


def _wyoming(python: str, model: str, speech: Sequence[Spoken]) -> Measured:
    with _wyoming_server(python, model) as (port, process):
        return asyncio.run(_asked([_converse(port) for _ in range(CLIENTS)], speech, process))


@contextmanager
def _wyoming_server(python: str, model: str) -> Iterator[tuple[int, psutil.Process]]:
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="ears-") as folder:
        options = ["--uri", f"tcp://{HOST}:{port}", "--model", model, "--language", "en", "--data-dir", folder]
        options += ["--compute-type", "int8", "--beam-size", "1", "--stt-library", "faster-whisper"]
        process = subprocess.Popen([python, "-m", "wyoming_faster_whisper", *options], stderr=subprocess.DEVNULL)
        try:
            asyncio.run(_await_port(port, process))
            yield port, psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait()


async def _await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            _, writer = await asyncio.open_connection(HOST, port)
            writer.close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)


def _converse(port: int) -> Ask:
    """One transcription over Wyoming, on a connection of its own, as Home Assistant does it."""

    async def ask(spoken: Spoken) -> str:
        reader, writer = await asyncio.open_connection(HOST, port)
        pcm = (np.clip(spoken.samples, -1, 1) * 32767).astype("<i2").tobytes()
        audio = {"rate": 16_000, "width": 2, "channels": 1}
        _event(writer, "transcribe", {"language": "en"})
        _event(writer, "audio-start", audio)
        for start in range(0, len(pcm), 32_000):
            _event(writer, "audio-chunk", audio, pcm[start : start + 32_000])
        _event(writer, "audio-stop", {})
        try:
            while True:
                head = json.loads(await reader.readline())
                data = json.loads(await reader.readexactly(head.get("data_length") or 0) or b"{}")
                await reader.readexactly(head.get("payload_length") or 0)
                if head["type"] == "transcript":
                    return str((data or head.get("data") or {}).get("text", ""))
        finally:
            writer.close()

    return ask


def _event(writer: asyncio.StreamWriter, kind: str, data: Mapping[str, object], payload: bytes = b"") -> None:
    writer.write(json.dumps({"type": kind, "data": data, "payload_length": len(payload)}).encode() + b"\n" + payload)


def _loop(python: str, model: str, speech: Sequence[Spoken]) -> Measured:
    """The engine alone, in a process of the peers' environment."""
    with tempfile.TemporaryDirectory(prefix="ears-") as folder:
        for number, spoken in enumerate(speech):
            (Path(folder) / f"{number:03}.wav").write_bytes(wav(spoken.samples))
        command = [python, str(LOOP), model, folder, str(SECONDS)]
        told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    texts: list[str] = told["texts"]
    return Measured(float(told["per_s"]), wrong_words(speech, texts), float(told["core_s"]))


async def _asked(asking: Sequence[Ask], speech: Sequence[Spoken], process: psutil.Process) -> Measured:
    """Clients that ask on and on."""
    heard: dict[int, str] = {}
    numbers = itertools.count()
    await asyncio.gather(*(ask(speech[0]) for ask in asking))
    started, before, done = time.perf_counter(), core_seconds(process), 0

    async def client(ask: Ask) -> None:
        nonlocal done
        while (number := next(numbers)) < len(speech) or time.perf_counter() - started < SECONDS:
            heard[number % len(speech)] = await ask(speech[number % len(speech)])
            done += 1

    await asyncio.gather(*map(client, asking))
    spent, worked = time.perf_counter() - started, core_seconds(process) - before
    errors = wrong_words(speech, [heard[number] for number in range(len(speech))])
    return Measured(done / spent, errors, worked / done)


def core_seconds(process: psutil.Process) -> float:
    """Processor time of a process and its children so far."""
    return sum(sum(each.cpu_times()[:2]) for each in (process, *process.children(recursive=True)))


def wav(samples: np.ndarray[tuple[int], np.dtype[np.float32]]) -> bytes:
    """As a file, 16 kHz, 16 bits."""
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setparams((1, 2, 16_000, 0, "NONE", ""))
        written.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return file.getvalue()
