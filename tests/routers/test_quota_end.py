"""A live session whose caller has used up a quota: what was begun is finished, then one error, then the end."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from tests import patient
from tests.keyed import Keyed, keyed_server, keyed_settings

pytestmark = pytest.mark.socket
Event = dict[str, Any]
TWO_SECONDS = bytes(64_000)
"""Silence at 16 kHz."""


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    with keyed_server(keyed_settings(tmp_path_factory.mktemp("quotas"))) as keyed:
        yield keyed


class Client:
    """One socket of a key with these limits."""

    def __init__(self, keyed: Keyed, key: str, connection: ClientConnection) -> None:
        self._keyed, self._key = keyed, key
        self.connection = connection
        self.events: list[Event] = []
        self.audio = 0
        """Bytes."""

    async def send(self, type: str, **fields: Any) -> None:
        await self.connection.send(json.dumps({"type": type, **fields}))

    async def until(self, wanted: Callable[[Event], bool]) -> Event:
        while True:
            message = await self.connection.recv()
            if isinstance(message, bytes):
                self.audio += len(message)
                continue
            self.events.append(json.loads(message))
            if wanted(self.events[-1]):
                return self.events[-1]

    async def type(self, *types: str) -> Event:
        return await self.until(lambda event: event["type"] in types)

    async def ended(self) -> Event:
        """The one error, after whatever else came; the socket is closed as by a fault of the client's."""
        with pytest.raises(ConnectionClosed) as closed:
            await self.until(lambda event: False)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1008
        (error,) = [event for event in self.events if event["type"] == "error"]
        assert error is self.events[-1]
        return error

    async def left(self) -> float:
        def ask() -> float:
            with self._keyed.client(self._key) as client:
                (limit,) = client.get("/me").json()["left"]
                return float(limit["left"])

        return await asyncio.to_thread(ask)


@asynccontextmanager
async def opened(keyed: Keyed, path: str, **limits: int) -> AsyncIterator[Client]:
    key: str = (await asyncio.to_thread(lambda: keyed.key(limits=limits)))["key"]
    headers = {"X-API-Key": key}
    async with patient.connect(f"ws{keyed.server.url[4:]}{path}", additional_headers=headers) as connection:
        yield Client(keyed, key, connection)


def is_clear(error: Event) -> bool:
    """An error of our own sockets."""
    return (
        error["code"] == "quota_exceeded"
        and error["fatal"]
        and 0 < error["retry_after"] <= 86_400
        and "a day of this key is used up. It begins anew at 20" in error["message"]
    )


async def test_speech_ends_after_the_text_that_used_it_up(keyed: Keyed) -> None:
    async with opened(keyed, "/ws/tts", characters_per_day=20) as client:
        await client.send("text", text="Ten chars.")
        await client.send("end")
        await client.type("audio.done")
        await client.send("text", text="Twenty characters!!!")
        await client.send("end")
        error = await client.ended()
        assert is_clear(error) and await client.left() == 0
        done = [event for event in client.events if event["type"] == "audio.done"]
        assert [event["failed"] for event in done] == [False, False] and client.audio > 0


async def test_text_that_is_still_being_written_is_spoken_as_far_as_it_was_written(keyed: Keyed) -> None:
    async with opened(keyed, "/ws/tts", characters_per_day=20) as client:
        await client.send("text", text="This is a sentence. ")
        await client.send("flush")
        await client.type("piece")
        await client.send("text", text="This is another one. ")
        await client.send("flush")
        assert is_clear(await client.ended())
        assert [event["text"] for event in client.events if event["type"] == "piece"][-1] == "This is another one."
        assert client.events[-2]["type"] == "audio.done" and not client.events[-2]["failed"]


async def test_utterances_that_wait_are_not_begun(keyed: Keyed) -> None:
    async with opened(keyed, "/ws/tts", audio_seconds_out_per_day=1) as client:
        for _ in range(4):
            await client.send("text", text="This is a sentence that is longer than one second of speech.")
            await client.send("end")
        assert is_clear(await client.ended())
        assert len([event for event in client.events if event["type"] == "audio.start"]) == 1


async def test_the_speech_stream_of_openais_dialect(keyed: Keyed) -> None:
    async with opened(keyed, "/v1/audio/speech/stream", characters_per_day=10) as client:
        await client.send("session.config", response_format="pcm")
        await client.send("input.text", text="Twelve chars")
        await client.send("input.done")
        error = await client.ended()
        assert error["code"] == "quota_exceeded" and "begins anew" in error["message"] and client.audio > 0


@pytest.mark.parametrize("path", ["/ws/stt", "/ws/transcribe"])
async def test_listening_ends_after_the_words_of_the_turn(keyed: Keyed, path: str) -> None:
    async with opened(keyed, f"{path}?turn_detection=false", audio_seconds_in_per_day=3) as client:
        for _ in range(2):
            await client.connection.send(TWO_SECONDS)
            await client.send("commit")
        assert is_clear(await client.ended())
        if path == "/ws/stt":  # the other one tells of turns with words only
            assert [event["turn"] for event in client.events if event["type"] == "final"] == [1, 2]
        assert await client.left() == 0


async def test_an_utterance_that_is_refused_is_told_by_the_end_only(keyed: Keyed) -> None:
    async with opened(keyed, "/ws/stt?turn_detection=false", audio_seconds_in_per_day=0) as client:
        await client.connection.send(TWO_SECONDS)
        await client.send("end")
        error = await client.ended()
        assert error["code"] == "quota_exceeded" and error["fatal"]


async def test_a_conversation_ends_after_its_reply(keyed: Keyed) -> None:
    async with opened(keyed, "/ws/conversation/v2", characters_per_day=10) as client:
        await client.send("text", text="Say something that is longer than ten characters, please.")
        assert is_clear(await client.ended())
        (done,) = [event for event in client.events if event["type"] == "reply.done"]
        assert done["status"] == "completed" and client.audio > 0
        assert done is client.events[-3] or done in client.events[-4:]


async def test_a_conversation_whose_reply_is_refused(keyed: Keyed) -> None:
    async with opened(keyed, "/ws/conversation/v2", characters_per_day=0) as client:
        await client.send("text", text="Hello")
        error = await client.ended()
        assert error["code"] == "quota_exceeded" and error["fatal"] and client.audio == 0


async def test_the_older_conversation(keyed: Keyed) -> None:
    async with opened(keyed, "/ws/conversation", audio_seconds_in_per_day=1) as client:
        data = base64.b64encode(TWO_SECONDS).decode()
        await client.send("audio", data=data)
        assert is_clear(await client.ended())
        assert client.events[0]["type"] == "conversation_response"


async def test_realtime_ends_after_the_response(keyed: Keyed) -> None:
    async with opened(keyed, "/v1/realtime", characters_per_day=5) as client:
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello out there"}]}
        await client.send("conversation.item.create", item=item)
        await client.send("response.create")
        error = (await client.ended())["error"]
        assert error["code"] == "quota_exceeded" and "begins anew" in error["message"]
        (done,) = [event for event in client.events if event["type"] == "response.done"]
        assert done["response"]["status"] == "completed"


async def test_what_is_used_up_elsewhere_leaves_others_alone(keyed: Keyed) -> None:
    async with opened(keyed, "/ws/stt?turn_detection=false", characters_per_day=0) as client:
        await client.connection.send(TWO_SECONDS)
        await client.send("commit")
        assert (await client.type("final"))["turn"] == 1
