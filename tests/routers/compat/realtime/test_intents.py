"""The ways in which official clients open the Realtime socket without a model in its address."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from typing import Any

import pytest

from tests import patient
from tests.patient import PATIENCE
from tests.routers.compat.realtime.conftest import Served
from tests.routers.compat.realtime.talk import Talk, silence, tone

pytestmark = pytest.mark.socket


def options(**query: str) -> dict[str, Any]:
    limits = {"open_timeout": PATIENCE, "ping_timeout": PATIENCE, "close_timeout": PATIENCE, "max_queue": None}
    return {"extra_query": query, "websocket_connection_options": limits}


@pytest.mark.parametrize("model", ["gpt-live-transcribe", "gpt-realtime-whisper"])
async def test_transcription_by_intent_alone_is_committed_by_the_client(served: Served, model: str) -> None:
    async with served.client() as client, client.realtime.connect(**options(intent="transcription")) as connection:
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


async def test_no_query_at_all_is_a_conversation(served: Served) -> None:
    async with served.client() as client, client.realtime.connect(**options()) as connection:
        talk = await Talk.greeted(connection)
        session = talk.events[0]["session"]
        assert (session["type"], session["model"]) == ("realtime", "auto")
        await talk.write("Good morning.")
        await talk.send("response.create")
        assert (await talk.until("response.done"))["response"]["status"] == "completed"


async def test_nobody_attaches_to_a_call(served: Served) -> None:
    async with served.client() as client, client.realtime.connect(call_id="rtc_1", **options()) as connection:
        async with asyncio.timeout(PATIENCE):
            told = json.loads(await connection.recv_bytes())
        assert (told["type"], told["error"]["param"]) == ("error", "call_id")


def test_the_blocking_client_transcribes_by_intent(served: Served) -> None:
    with (
        patient.OpenAI(base_url=f"{served.url}/v1", api_key="none", max_retries=0) as client,
        client.realtime.connect(extra_query={"intent": "transcription"}) as connection,
    ):
        assert connection.recv().type == "session.created"
        connection.input_audio_buffer.append(audio=b64encode(tone(0.65) + silence(1.0)).decode())
        for event in connection:
            if event.type == "conversation.item.input_audio_transcription.completed":
                assert event.transcript == "word0 word1"
                break
