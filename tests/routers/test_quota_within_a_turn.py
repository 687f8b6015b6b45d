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
