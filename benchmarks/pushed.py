"""Three minutes of speech pushed into a socket at once: is it heard as a file is, are pings answered meanwhile?"""

from __future__ import annotations

import asyncio
import io
import json
import time
import wave
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.result import Row, milliseconds
from benchmarks.server import running
from benchmarks.voices import utterances
from stts.engine_api import STT_SAMPLE_RATE

SECONDS = 180
PAUSE_SECONDS = 1.0
MESSAGE_BYTES = 32_000
PING_SECONDS = 0.1
REACH_SECONDS = 1.0
QUIET_SECONDS = 15.0
"""After the last words: no more will come."""
ADDRESS = "ws://127.0.0.1"
REALTIME_RATE = 24_000


def run() -> list[Row]:
    data = _speech()
    rows = []
    with running() as server:
        whole = _posted(server.port, data)
        for name, push in {"/ws/stt": _pushed_native, "/v1/realtime": _pushed_realtime}.items():
            heard, slowest = asyncio.run(push(server.port, data))
            said, got = whole.split(), heard.split()
            apart = _distance(said, got) / max(1, len(said))
            rows.append(
                Row(
                    f"{SECONDS} s of speech pushed into {name}: slowest pong; words unlike those of the file",
                    "< 1 s; 0",
                    f"{milliseconds(slowest)}; {apart:.1%} of {len(said)}",
                    slowest < REACH_SECONDS and apart == 0,
                    {"slowest_pong_s": slowest, "unlike": apart},
                )
            )
    return rows


def _speech() -> bytes:
    """s16le mono at 16 kHz."""
    pause = np.zeros(round(PAUSE_SECONDS * STT_SAMPLE_RATE), np.float32)
    parts, length = [pause], 0
    while length < SECONDS * STT_SAMPLE_RATE:
        for each in utterances():
            parts += [each.samples, pause]
        length = sum(map(len, parts))
    return (np.concatenate(parts).clip(-1, 1) * 32767).astype("<i2").tobytes()


def _posted(port: int, data: bytes) -> str:
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setparams((1, 2, STT_SAMPLE_RATE, 0, "NONE", ""))
        wav.writeframes(data)
    answer = httpx.post(f"http://127.0.0.1:{port}/stt", files={"file": ("a.wav", file.getvalue())}, timeout=600)
    return str(answer.json()["text"])


@asynccontextmanager
async def _pinging(socket: ClientConnection) -> AsyncIterator[list[float]]:
    """Waits for pongs, in seconds, one after the other until the end."""
    waits: list[float] = []

    async def ping() -> None:
        while True:
            started = time.monotonic()
            await (await socket.ping())
            waits.append(time.monotonic() - started)
            await asyncio.sleep(PING_SECONDS)

    task = asyncio.create_task(ping())
    try:
        yield waits
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _pushed_native(port: int, data: bytes) -> tuple[str, float]:
    words: list[str] = []
    async with connect(f"{ADDRESS}:{port}/ws/stt", ping_interval=None) as socket, _pinging(socket) as waits:
        for start in range(0, len(data), MESSAGE_BYTES):
            await socket.send(data[start : start + MESSAGE_BYTES])
        await socket.send(json.dumps({"type": "end"}))
        async for message in socket:
            event = json.loads(message)
            if event["type"] == "final":
                words.append(event["text"])
        return " ".join(words), max(waits)


async def _pushed_realtime(port: int, data: bytes) -> tuple[str, float]:
    samples = np.frombuffer(data, "<i2")
    places = np.arange(round(len(samples) * REALTIME_RATE / STT_SAMPLE_RATE)) * STT_SAMPLE_RATE / REALTIME_RATE
    data = np.interp(places, np.arange(len(samples)), samples).astype("<i2").tobytes()
    words: list[str] = []
    address = f"{ADDRESS}:{port}/v1/realtime?intent=transcription&model=whisper-1"
    async with connect(address, ping_interval=None, max_size=None) as socket, _pinging(socket) as waits:
        for start in range(0, len(data), MESSAGE_BYTES):
            audio = b64encode(data[start : start + MESSAGE_BYTES]).decode()
            await socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))
        try:
            while True:
                event = json.loads(await asyncio.wait_for(socket.recv(), QUIET_SECONDS))
                if event["type"].endswith("input_audio_transcription.completed"):
                    words.append(event["transcript"])
        except TimeoutError:
            return " ".join(words), max(waits)


def _distance(said: list[str], heard: list[str]) -> int:
    """Words to change, add or leave out (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for index, word in enumerate(said, 1):
        before, row[0] = row[0], index
        for column, other in enumerate(heard, 1):
            before, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, before + (word != other))
    return row[-1]
