"""Calls by WebRTC with real speech: what is heard over a bad network, and what the caller hears."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from benchmarks.webrtc import HEARD, begin
from benchmarks.webrtc_caller import RATE, Caller, Network, calling
from stts.audio.resample import Resampler
from stts.engine_api import Samples
from stts.settings import Settings, StorageSettings, TTSSettings
from tests.audio import decoded, speech
from tests.engines.speech import WORDS, share_heard
from tests.server import RunningServer, running

pytestmark = [pytest.mark.socket, pytest.mark.long]

SESSION: dict[str, Any] = {"type": "realtime", "audio": {"input": {"transcription": {"model": "auto"}}}}
STARVED = 0.5
"""Share of frames; a machine that is busy with other tests has some. `make bench` judges how few."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The default settings, but for the voice."""
    storage = StorageSettings(root=str(tmp_path_factory.mktemp("calls") / "data"))
    with running(Settings(tts=TTSSettings(order=("espeak",)), storage=storage)) as server:
        yield server


def recording(name: str) -> Samples:
    samples, rate = decoded(speech(name))
    resampler = Resampler(rate, RATE)
    return np.concatenate((resampler.push(samples), resampler.finish()))


async def answered(server: RunningServer, caller: Caller, name: str) -> str:
    """The words of a recording, as the server heard them."""
    await begin(int(server.url.rpartition(":")[2]), caller, SESSION)
    caller.voice.say(recording(name))
    await caller.until("output_audio_buffer.stopped")
    return str(caller.of(HEARD)[0]["transcript"])


async def test_a_bad_network_loses_hardly_a_word(house: RunningServer) -> None:
    """2 % of the packets are lost each way, and overtake each other within 60 ms."""
    name = "kitchen.flac"
    bad = Network(delay=0.08, jitter=0.03, loss=0.02)
    async with calling() as good, calling(network=bad) as caller:
        clean, heard = await asyncio.gather(answered(house, good, name), answered(house, caller, name))
        assert share_heard(WORDS[name], heard) >= share_heard(WORDS[name], clean) - 0.2, heard
        assert caller.lost_seconds > 0.0
        for audio in (good.audio(), caller.audio()):
            assert np.abs(audio).max() > 0.1
    counts = house.services.calls.counts
    assert counts.spoken > 50 and counts.starved <= STARVED * counts.spoken
