"""The ways in which official clients open the Realtime socket without a model in its address."""

from __future__ import annotations

import pytest

from tests import patient
from tests.routers.compat.realtime.conftest import Served
from tests.routers.compat.realtime.talk import Talk, silence, tone

pytestmark = pytest.mark.socket


@pytest.mark.parametrize("model", ["gpt-live-transcribe", "gpt-realtime-whisper"])
async def test_transcription_by_intent_alone_is_committed_by_the_client(served: Served, model: str) -> None:
    async with (
        served.client() as client,
        patient.realtime(client, extra_query={"intent": "transcription"}) as connection,
    ):
        talk = await Talk.greeted(connection)
        assert talk.events[0]["session"]["type"] == "transcription"
        wanted = {"input": {"transcription": {"model": model, "delay": "low", "language": "en"}}}
        await talk.send("session.update", session={"type": "transcription", "audio": wanted})
        updated = (await talk.until("session.updated"))["session"]
        assert updated["audio"]["input"]["turn_detection"] is None
        assert updated["audio"]["input"]["transcription"]["delay"] == "low"
        for seconds, words in ((0.65, "word0 word1"), (0.95, "word0 word1 word2")):
            await talk.say(tone(seconds), silence(0.2))
            await talk.send("input_audio_buffer.commit")
            completed = await talk.until("conversation.item.input_audio_transcription.completed")
            assert completed["transcript"] == words
        assert not [event for event in talk.events if event["type"].startswith("response.")]


async def test_usage_of_a_turn_is_in_the_unit_of_its_model(served: Served) -> None:
    async with (
        served.client() as client,
        patient.realtime(client, extra_query={"intent": "transcription"}) as connection,
    ):
        talk = await Talk.greeted(connection)
        for model, unit in (("gpt-4o-transcribe", "tokens"), ("whisper-1", "duration")):
            wanted = {"input": {"transcription": {"model": model}, "turn_detection": None}}
            await talk.send("session.update", session={"type": "transcription", "audio": wanted})
            await talk.until("session.updated")
            await talk.say(tone(0.65), silence(0.2))
            await talk.send("input_audio_buffer.commit")
            completed = await talk.until("conversation.item.input_audio_transcription.completed")
            assert completed["usage"]["type"] == unit


async def test_no_query_at_all_is_a_conversation(served: Served) -> None:
    async with served.client() as client, patient.realtime(client) as connection:
        talk = await Talk.greeted(connection)
        session = talk.events[0]["session"]
        assert (session["type"], session["model"]) == ("realtime", "auto")
        await talk.write("Good morning.")
        await talk.send("response.create")
        assert (await talk.until("response.done"))["response"]["status"] == "completed"
