"""A quota of seconds heard that is used up while somebody speaks: their words, and the answer to them, are told."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed

from tests.keyed import Keyed, keyed_server, keyed_settings
from tests.routers.test_quota_end import Client, is_clear, opened
from tests.routers.websocket.caller import pcm, spoken

pytestmark = pytest.mark.socket

QUOTA = 2
MESSAGE_SECONDS = 0.25
SPEECH = np.tile(spoken(2.5), 4)
WORDS = len(SPEECH) // 16_000
"""The engine hears one a second."""

Message = Callable[[bytes], str | bytes]


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    with keyed_server(keyed_settings(tmp_path_factory.mktemp("quotas"))) as keyed:
        yield keyed


def as_it_is(data: bytes) -> bytes:
    return data


def appended(data: bytes) -> str:
    """At 24 kHz, however it sounds."""
    return json.dumps({"type": "input_audio_buffer.append", "audio": base64.b64encode(data).decode()})


@asynccontextmanager
async def speaking(keyed: Keyed, path: str, message: Message = as_it_is) -> AsyncIterator[Client]:
    """One turn that nobody ends, longer than the quota."""
    async with opened(keyed, path, audio_seconds_in_per_day=QUOTA) as client:
        talk = asyncio.create_task(talking(client, message))
        try:
            yield client
        finally:
            talk.cancel()
            await asyncio.wait([talk])


async def talking(client: Client, message: Message) -> None:
    step = round(MESSAGE_SECONDS * 16_000)
    try:
        for start in range(0, len(SPEECH), step):
            await client.connection.send(message(pcm(SPEECH[start : start + step])))
            await asyncio.sleep(MESSAGE_SECONDS / 2)
    except ConnectionClosed:
        return


@pytest.mark.parametrize("detection", ["true", "false"])
async def test_listening(keyed: Keyed, detection: str) -> None:
    async with speaking(keyed, f"/ws/stt?turn_detection={detection}") as client:
        assert is_clear(await client.ended())
        assert [event for event in client.events if event["type"] == "partial"]
        (final,) = [event for event in client.events if event["type"] == "final"]
        assert final["text"] and final is client.events[-2]
        assert await client.left() == 0


async def test_listening_in_the_older_dialect(keyed: Keyed) -> None:
    async with speaking(keyed, "/ws/transcribe") as client:
        assert is_clear(await client.ended())
        assert client.events[-2]["type"] == "transcription" and not client.events[-2]["partial"]


async def test_a_conversation(keyed: Keyed) -> None:
    async with speaking(keyed, "/ws/conversation/v2") as client:
        assert is_clear(await client.ended())
        (transcript,) = [event for event in client.events if event["type"] == "transcript"]
        (done,) = [event for event in client.events if event["type"] == "reply.done"]
        assert transcript["text"] and done["status"] == "completed" and client.audio > 0


async def test_the_older_conversation(keyed: Keyed) -> None:
    async with speaking(keyed, "/ws/conversation") as client:
        assert is_clear(await client.ended())
        (answer,) = [event for event in client.events if event["type"] == "conversation_response"]
        assert answer["transcription"]


async def test_realtime(keyed: Keyed) -> None:
    async with speaking(keyed, "/v1/realtime", appended) as client:
        assert (await client.ended())["error"]["code"] == "quota_exceeded"
        types = [event["type"] for event in client.events]
        assert types.index("input_audio_buffer.committed") < types.index("response.done")
        (done,) = [event for event in client.events if event["type"] == "response.done"]
        assert done["response"]["status"] == "completed"


async def test_a_turn_that_came_whole_is_heard_whole(keyed: Keyed) -> None:
    async with opened(keyed, "/ws/conversation", audio_seconds_in_per_day=QUOTA) as client:
        for _ in range(2):
            await client.send("audio", data=base64.b64encode(pcm(SPEECH)).decode())
        assert is_clear(await client.ended())
        (answer,) = [event for event in client.events if event["type"] == "conversation_response"]
        assert len(answer["transcription"].split()) >= WORDS


async def test_what_is_said_while_the_reply_is_made_begins_nothing(keyed: Keyed) -> None:
    async with speaking(keyed, "/ws/conversation/v2") as client:
        await client.type("reply.start")
        await client.send("text", text="And another question, please.")
        await client.send("respond")
        await client.send("commit")
        assert is_clear(await client.ended())
        (done,) = [event for event in client.events if event["type"] == "reply.done"]
        assert done["status"] == "completed"


async def test_no_response_is_created_while_the_last_one_is_made(keyed: Keyed) -> None:
    async with speaking(keyed, "/v1/realtime", appended) as client:
        await client.type("response.created")
        await client.send("response.create", response={"conversation": "none"})
        await client.send("response.create")
        await client.send("input_audio_buffer.commit")
        assert (await client.ended())["error"]["code"] == "quota_exceeded"
        (done,) = [event for event in client.events if event["type"] == "response.done"]
        assert done["response"]["status"] == "completed"


async def test_a_response_that_waits_for_the_words_of_the_turn_is_made(keyed: Keyed) -> None:
    async with opened(keyed, "/v1/realtime", audio_seconds_in_per_day=QUOTA) as client:
        hears = {"type": "realtime", "audio": {"input": {"turn_detection": None}}}
        await client.send("session.update", session=hears)
        await client.type("session.updated")
        await client.connection.send(appended(pcm(SPEECH[:48_000])))
        await client.send("input_audio_buffer.commit")
        await client.send("response.create")
        assert (await client.ended())["error"]["code"] == "quota_exceeded"
        (done,) = [event for event in client.events if event["type"] == "response.done"]
        assert done["response"]["status"] == "completed"


async def test_a_recording_in_an_item_is_heard_and_its_item_told(keyed: Keyed) -> None:
    async with opened(keyed, "/v1/realtime", audio_seconds_in_per_day=QUOTA) as client:
        content = [{"type": "input_audio", "audio": base64.b64encode(pcm(SPEECH)).decode()}]
        await client.send("conversation.item.create", item={"type": "message", "role": "user", "content": content})
        assert (await client.ended())["error"]["code"] == "quota_exceeded"
        assert "conversation.item.done" in [event["type"] for event in client.events]
