"""Calls by WebRTC against the same turns on a WebSocket, and over a bad network.

One caller, the echo, the default ear and voice. Times are the caller's: from the last sound that it made to the first
sound of the answer. A call adds a frame at each end, the order of packets, and the track's own clock.
"""

from __future__ import annotations

import asyncio
import json
import time
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Any

import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.client import fetch
from benchmarks.result import Row, milliseconds, quantile
from benchmarks.server import HOST, running
from benchmarks.voices import Utterance, utterances
from benchmarks.webrtc_caller import RATE, Caller, Network, calling
from stts.audio.resample import Resampler
from stts.engine_api import STT_SAMPLE_RATE, Samples

TURNS = 8
LOSSY_TURNS = 12
WIRE_RATE, STEP_SECONDS = 24_000, 0.02
SILENT = 0.01
"""Amplitude below which nothing is heard."""
ADDED_P50 = 0.060
HEARD_SHARE, STARVED_SHARE = 0.97, 0.01
BAD: dict[str, Any] = {"delay": 0.080, "jitter": 0.030, "loss": 0.02}
SESSION: dict[str, Any] = {
    "type": "realtime",
    "audio": {
        "input": {
            "transcription": {"model": "auto"},
            "turn_detection": {"type": "server_vad", "silence_duration_ms": 500, "interrupt_response": False},
        }
    },
}
DELTA = "response.output_audio.delta"
HEARD = "conversation.item.input_audio_transcription.completed"


def run() -> list[Row]:
    with running({"limits": {"idle_seconds": 600}}) as server:
        return asyncio.run(_measured(server.port))


async def _measured(port: int, turns: int = TURNS, lossy_turns: int = LOSSY_TURNS) -> list[Row]:
    said = [*utterances()]
    by_socket, by_call = await _turns(port, said, turns)
    added = quantile(by_call, 0.5) - quantile(by_socket, 0.5)
    shares, starved, lost = await _lossy(port, said, lossy_turns)
    return [
        Row(
            "echo turn by WebRTC against a WebSocket: added p50",
            f"< {ADDED_P50 * 1000:.0f} ms",
            f"{milliseconds(added)} ({milliseconds(quantile(by_call, 0.5))} against "
            f"{milliseconds(quantile(by_socket, 0.5))}, {len(by_call)} turns each)",
            added < ADDED_P50,
            {"added_p50_s": added, "call_p50_s": quantile(by_call, 0.5), "socket_p50_s": quantile(by_socket, 0.5)},
        ),
        Row(
            "2 % loss, 80 ms delay, 30 ms jitter: words of the caller recognised against no loss; starved frames",
            f">= {HEARD_SHARE:.0%}; < {STARVED_SHARE:.0%}",
            f"{shares:.1%}; {starved:.2%} (the network kept {lost:.1%} of what was spoken from the caller)",
            shares >= HEARD_SHARE and starved < STARVED_SHARE,
            {"heard_share": shares, "starved_share": starved, "lost_share": lost},
        ),
    ]


async def _turns(port: int, said: Sequence[Utterance], turns: int) -> tuple[list[float], list[float]]:
    """Seconds until the answer of each turn, by socket and by call, in turns: both meet the same machine."""
    by_socket, by_call = list[float](), list[float]()
    async with _socket(port) as socket, calling() as caller:
        await socket.send(json.dumps({"type": "session.update", "session": SESSION}))
        await begin(port, caller, SESSION)
        for number in range(1 + turns):
            utterance = said[number % len(said)]
            first, second = await _socket_turn(socket, utterance), await _call_turn(caller, utterance)
            if number:
                by_socket.append(first)
                by_call.append(second)
    return by_socket, by_call


async def begin(port: int, caller: Caller, session: dict[str, Any]) -> None:
    path, offer = "/v1/realtime/calls?model=gpt-realtime", (await caller.offer()).encode()
    await caller.take((await fetch(port, "POST", path, offer, "application/sdp")).decode())
    await caller.until("session.created")
    await caller.send("session.update", session=session)
    await caller.until("session.updated")


async def _call_turn(caller: Caller, utterance: Utterance) -> float:
    loop = asyncio.get_running_loop()
    before, begun = len(caller.heard), loop.time()
    caller.voice.say(resampled(utterance.samples, RATE))
    await caller.until("output_audio_buffer.stopped")
    for at, samples in caller.heard[before:]:
        audible = np.flatnonzero(np.abs(samples) > SILENT)
        if len(audible):
            return at + float(audible[0] - len(samples)) / WIRE_RATE - begun - utterance.end
    raise AssertionError("nothing was heard")


def _socket(port: int) -> connect:
    return connect(f"ws://{HOST}:{port}/v1/realtime?model=gpt-realtime", max_size=None, max_queue=None)


async def _socket_turn(socket: ClientConnection, utterance: Utterance) -> float:
    begun = time.monotonic()
    speaking = asyncio.create_task(_speak(socket, resampled(utterance.samples, WIRE_RATE), begun))
    found, first, played = None, 0.0, 0.0
    async for data in socket:
        event = json.loads(data)
        if event["type"] == DELTA:
            samples = np.frombuffer(b64decode(event["delta"]), "<i2").astype(np.float32) / 32_768
            audible = np.flatnonzero(np.abs(samples) > SILENT)
            first = time.monotonic() if played == 0.0 else first
            if found is None and len(audible):
                found = first + played + float(audible[0]) / WIRE_RATE - begun - utterance.end
            played += len(samples) / WIRE_RATE
        if event["type"] == "response.done":
            break
    await speaking
    assert found is not None
    return found


async def _speak(socket: ClientConnection, samples: Samples, begun: float) -> None:
    """In real time, and then silence for as long as a turn takes to end."""
    step = round(WIRE_RATE * STEP_SECONDS)
    whole = np.concatenate((samples, np.zeros(round(1.0 * WIRE_RATE), np.float32)))
    for number, start in enumerate(range(0, len(whole), step)):
        await asyncio.sleep(max(0.0, begun + number * STEP_SECONDS - time.monotonic()))
        data = (whole[start : start + step] * 32_767).astype("<i2").tobytes()
        await socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": b64encode(data).decode()}))


async def _lossy(port: int, said: Sequence[Utterance], turns: int) -> tuple[float, float, float]:
    """Share of the words that are recognised over a bad network, of frames that starved, and of audio that was lost."""
    before = await _frames(port)
    async with calling() as good, calling(network=Network(**BAD)) as bad:
        for caller in (good, bad):
            await begin(port, caller, SESSION)
        for number in range(turns):
            await asyncio.gather(*(_heard_out(each, said[number % len(said)]) for each in (good, bad)))
        spoken, starved = (now - then for now, then in zip(await _frames(port), before, strict=True))
        texts = [" ".join(event["transcript"] for event in caller.of(HEARD)) for caller in (good, bad)]
        lost = bad.lost_seconds / max(1e-9, sum(len(samples) for _, samples in bad.heard) / WIRE_RATE)
    return share(*texts), starved / max(1.0, spoken), lost


async def _heard_out(caller: Caller, utterance: Utterance) -> None:
    caller.voice.say(resampled(utterance.samples, RATE))
    await caller.until("output_audio_buffer.stopped")


async def _frames(port: int) -> tuple[float, float]:
    """Frames of speech so far, and those of them that starved."""
    page = (await fetch(port, "GET", "/metrics")).decode()
    values = dict(line.rsplit(" ", 1) for line in page.splitlines() if line.startswith("stts_call_frames"))
    return float(values["stts_call_frames_total"]), float(values["stts_call_frames_starved_total"])


def share(wanted: str, heard: str) -> float:
    """Share of the words of a text that are in another, in their order."""
    words, others = ([word.strip(".,!?").lower() for word in text.split()] for text in (wanted, heard))
    row = [0] * (len(words) + 1)
    for other in others:
        diagonal = 0
        for index, word in enumerate(words, 1):
            row[index], diagonal = max(row[index], row[index - 1], diagonal + (word == other)), row[index]
    return row[-1] / max(1, len(words))


def resampled(samples: Samples, rate: int) -> Samples:
    resampler = Resampler(STT_SAMPLE_RATE, rate)
    return np.concatenate((resampler.push(samples), resampler.finish()))
