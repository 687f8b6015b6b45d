"""Three minutes of speech pushed into a connection at once: is it heard as a file is, are pings answered meanwhile?"""

from __future__ import annotations

import asyncio
import io
import json
import time
import wave
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import httpx
import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.result import Row, milliseconds
from benchmarks.server import HOST, free_port, running
from benchmarks.voices import utterances
from routers.wyoming.frames import Event, encoded, read_event
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


ANSWER_SECONDS = 600.0
"""For the next event of Wyoming."""

Push = Callable[[bytes], Awaitable[tuple[str, float]]]
"""Tells the words and the slowest pong."""


def run() -> list[Row]:
    data = _speech()
    rows = []
    wyoming = free_port()
    with running({"wyoming": {"enabled": True, "port": wyoming}}) as server:
        faster = _at_realtime_rate(data)
        whole = {data: _posted(server.port, data, STT_SAMPLE_RATE), faster: _posted(server.port, faster, REALTIME_RATE)}
        pushes: dict[str, Push] = {
            "/ws/stt": partial(_pushed_native, server.port, "/ws/stt"),
            "/ws/transcribe": partial(_pushed_native, server.port, "/ws/transcribe"),
            "/ws/conversation": partial(_pushed_conversation, server.port),
            "/v1/realtime": partial(_pushed_realtime, server.port),
            "Wyoming": partial(_pushed_wyoming, wyoming),
        }
        for name, push in pushes.items():
            audio = faster if name == "/v1/realtime" else data
            heard, slowest = asyncio.run(_pushed(push, audio))
            said, got = whole[audio].split(), heard.split()
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


async def _pushed(push: Push, data: bytes) -> tuple[str, float]:
    return await push(data)


def _speech() -> bytes:
    """s16le mono at 16 kHz."""
    pause = np.zeros(round(PAUSE_SECONDS * STT_SAMPLE_RATE), np.float32)
    parts, length = [pause], 0
    while length < SECONDS * STT_SAMPLE_RATE:
        for each in utterances():
            parts += [each.samples, pause]
        length = sum(map(len, parts))
    return (np.concatenate(parts).clip(-1, 1) * 32767).astype("<i2").tobytes()


def _at_realtime_rate(data: bytes) -> bytes:
    samples = np.frombuffer(data, "<i2")
    places = np.arange(round(len(samples) * REALTIME_RATE / STT_SAMPLE_RATE)) * STT_SAMPLE_RATE / REALTIME_RATE
    faster: bytes = np.interp(places, np.arange(len(samples)), samples).astype("<i2").tobytes()
    return faster


def _posted(port: int, data: bytes, rate: int) -> str:
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setparams((1, 2, rate, 0, "NONE", ""))
        wav.writeframes(data)
    answer = httpx.post(f"http://127.0.0.1:{port}/stt", files={"file": ("a.wav", file.getvalue())}, timeout=600)
    return str(answer.json()["text"])


async def _socket_pong(socket: ClientConnection) -> None:
    await (await socket.ping())


@asynccontextmanager
async def _pinging(pong: Callable[[], Awaitable[None]]) -> AsyncIterator[list[float]]:
    """Waits for pongs, in seconds, one after the other until the end. `pong` asks for one and waits for it."""
    waits: list[float] = []

    async def ping() -> None:
        while True:
            started = time.monotonic()
            await pong()
            waits.append(time.monotonic() - started)
            await asyncio.sleep(PING_SECONDS)

    task = asyncio.create_task(ping())
    try:
        yield waits
    finally:
        task.cancel()
        await asyncio.wait([task])


@asynccontextmanager
async def _connected(address: str) -> AsyncIterator[tuple[ClientConnection, list[float]]]:
    """A socket, and how long each of its pongs took."""
    async with (
        connect(address, ping_interval=None, max_size=None) as socket,
        _pinging(partial(_socket_pong, socket)) as waits,
    ):
        yield socket, waits


async def _pushed_native(port: int, path: str, data: bytes) -> tuple[str, float]:
    words: list[str] = []
    async with _connected(f"{ADDRESS}:{port}{path}") as (socket, waits):
        for start in range(0, len(data), MESSAGE_BYTES):
            await socket.send(data[start : start + MESSAGE_BYTES])
        await socket.send(json.dumps({"type": "end"}))
        async for message in socket:
            event = json.loads(message)
            if event["type"] == "final" or event.get("partial") is False:
                words.append(event["text"])
        return " ".join(words), max(waits)


async def _pushed_conversation(port: int, data: bytes) -> tuple[str, float]:
    words: list[str] = []
    async with _connected(f"{ADDRESS}:{port}/ws/conversation") as (socket, waits):
        for start in range(0, len(data), MESSAGE_BYTES):
            await socket.send(data[start : start + MESSAGE_BYTES])
        try:
            while True:
                event = json.loads(await asyncio.wait_for(socket.recv(), QUIET_SECONDS))
                words.append(event.get("transcription", ""))
        except TimeoutError:
            return " ".join(words), max(waits)


async def _pushed_wyoming(port: int, data: bytes) -> tuple[str, float]:
    reader, writer = await asyncio.open_connection(HOST, port)
    pongs: asyncio.Queue[Event] = asyncio.Queue(1)

    async def pong() -> None:
        writer.write(encoded(Event("ping", {"text": ""})))
        await pongs.get()

    shape = {"rate": STT_SAMPLE_RATE, "width": 2, "channels": 1}
    async with _pinging(pong) as waits:
        hearing = asyncio.create_task(_transcript(reader, pongs))
        writer.write(encoded(Event("audio-start", shape)))
        for start in range(0, len(data), MESSAGE_BYTES):
            writer.write(encoded(Event("audio-chunk", shape, data[start : start + MESSAGE_BYTES])))
            await writer.drain()
        writer.write(encoded(Event("audio-stop")))
        heard = await hearing
        writer.close()
        return heard, max(waits)


async def _transcript(reader: asyncio.StreamReader, pongs: asyncio.Queue[Event]) -> str:
    while True:
        event = await read_event(reader, data_bytes=1 << 20, idle_seconds=ANSWER_SECONDS, body_seconds=ANSWER_SECONDS)
        if event is None or event.type == "error":
            raise ConnectionError("it was not heard to the end")
        if event.type == "pong":
            pongs.put_nowait(event)
        elif event.type == "transcript":
            return str(event.data["text"])


async def _pushed_realtime(port: int, data: bytes) -> tuple[str, float]:
    words: list[str] = []
    address = f"{ADDRESS}:{port}/v1/realtime?intent=transcription&model=whisper-1"
    async with _connected(address) as (socket, waits):
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
