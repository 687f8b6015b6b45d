"""A Live session by WebRTC with a real voice and a real ear, through the official client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from benchmarks.webrtc_caller import calling
from stts.settings import Settings, StorageSettings, TTSSettings
from tests import patient
from tests.engines.speech import WORDS, share_heard
from tests.routers.compat.realtime.test_calls_heard import recording
from tests.server import RunningServer, running

pytestmark = [pytest.mark.socket, pytest.mark.long]

NAME = "kitchen.flac"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The default settings, but for the voice."""
    storage = StorageSettings(root=str(tmp_path_factory.mktemp("calls") / "data"))
    with running(Settings(tts=TTSSettings(order=("espeak",)), storage=storage)) as server:
        yield server


async def test_an_application_answers_a_caller(house: RunningServer) -> None:
    session: Any = {"model": "gpt-live-1", "delegation": {"type": "client"}}
    async with (
        calling() as caller,
        patient.AsyncOpenAI(base_url=f"{house.url}/v1", api_key="none", max_retries=0) as client,
    ):
        transport: Any = {"type": "webrtc", "sdp": await caller.offer()}
        created = await client.live.create(session=session, transport=transport)
        await caller.take(created.transport.sdp)
        await caller.until("session.started")
        caller.voice.say(recording(NAME))
        work = (await caller.until("session.delegation.created"))["delegation"]
        words = "".join(event["delta"] for event in caller.of("session.input_transcript.delta"))
        assert share_heard(WORDS[NAME], words) >= 0.5, words  # a turn may end at a pause in it
        assert np.abs(caller.audio()).max() < 0.01
        await caller.send("session.commentary.append", content="The kettle is on.", delegation_id=work["id"])
        await caller.until("session.output_transcript.delta", lambda event: "on" in event["delta"])
        await caller.send("session.close")
        closed = await caller.until("session.closed")
    assert closed["reason"] == "close_requested"
    assert np.abs(caller.audio()).max() > 0.1
