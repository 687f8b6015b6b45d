"""WS /ws/conversation/v2 with the engines that come with the server: what a person hears and sees."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

import numpy as np
import pytest

from stts.engine_api import Samples
from tests.engines.speech import DATA, WORDS, read, share_heard, word_error_rate
from tests.routers.websocket.caller import calling, pcm, silence
from tests.server import RunningServer

pytestmark = [pytest.mark.socket, pytest.mark.long]

REAL: dict[str, Any] = {"stt": "pocketsphinx", "tts": "espeak", "language": "en"}
DECODERS = 4
"""Live streams of PocketSphinx at once, by default."""


async def test_a_spoken_turn_is_understood_and_said_back(server: RunningServer) -> None:
    async with calling(server, words="true", **REAL) as caller:
        await caller.say(silence(0.3), read(DATA / "kitchen.flac"), silence(1.2), live=True)
        transcript = await caller.until("transcript")
        done = await caller.until("reply.done")
        metrics = await caller.until("turn_metrics")
    assert word_error_rate(WORDS["kitchen.flac"], transcript["text"]) < 0.5
    assert "".join(partial["stable_delta"] for partial in caller.of("partial")) == transcript["text"]
    assert transcript["start_ms"] < transcript["end_ms"]
    assert done["status"] == "completed"
    assert done["heard"].split() == transcript["text"].split()
    audio = np.frombuffer(b"".join(frame[2] for frame in caller.frames), "<i2")
    assert len(audio) / 24_000 == pytest.approx(done["seconds"], abs=0.01)
    assert np.abs(audio).max() > 3000
    assert metrics["first_byte_ms"] is not None


async def test_a_real_interruption(server: RunningServer) -> None:
    async with calling(server, reply="template", **REAL) as caller:
        await caller.send("text", text="begin")
        first = await caller.audio(0.5)
        await caller.say(read(DATA / "weather.flac"), silence(1.0), live=True)
        interrupted = await caller.until("interrupted")
        done = await caller.until("reply.done")
        await caller.until("reply.start", lambda event: event["generation"] > first)
        await caller.send("cancel")
    heard = [event["text"] for event in caller.of("transcript")]
    assert share_heard(WORDS["weather.flac"], heard[-1]) > 0.5
    assert interrupted["generation"] == done["generation"] == first
    assert done["text"].startswith(done["heard"])
    assert 0 < len(done["heard"]) < len(done["text"])


async def test_telephone_audio(server: RunningServer) -> None:
    async with calling(server, rate=8000, output_rate=8000, mode="text", **REAL) as caller:
        whole = np.concatenate((silence(0.3), read(DATA / "kitchen.flac"), silence(1.2)))
        narrow: Samples = ((whole[0::2] + whole[1::2]) / 2).astype(np.float32)
        data = pcm(narrow)
        for start in range(0, len(data), 320):
            await caller.connection.send(data[start : start + 320])
        transcript = await caller.until("transcript")
        await caller.until("reply.done")
    assert share_heard(WORDS["kitchen.flac"], transcript["text"]) > 0.3


async def test_decoders_are_given_back_however_a_session_ends(server: RunningServer) -> None:
    for number in range(2 * DECODERS):
        async with calling(server, mode="text", **REAL) as caller:
            await caller.say(read(DATA / "kitchen.flac", seconds=0.8))
            if number % 2:
                await caller.until("speech_start")
            caller.connection.transport.abort()
    async with AsyncExitStack() as stack:
        silent = [await stack.enter_async_context(calling(server, mode="text", **REAL)) for _ in range(DECODERS + 1)]
        caller = silent[-1]
        await caller.say(silence(0.3), read(DATA / "kitchen.flac"), silence(1.2))
        assert share_heard(WORDS["kitchen.flac"], (await caller.until("transcript"))["text"]) > 0.5
