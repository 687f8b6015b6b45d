"""Both sockets of ElevenLabs on a real one, with the messages that its clients send."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from stts.settings import SecuritySettings, Settings
from tests import patient
from tests.fakes import registry
from tests.patience import PATIENCE
from tests.routers.compat.elevenlabs.conftest import HEADERS, KEY
from tests.server import RunningServer, running

pytestmark = pytest.mark.socket

CHARACTER_SECONDS = 0.06
"""The tone's."""


@pytest.fixture
def server(settings: Settings) -> Iterator[RunningServer]:
    guarded = settings.model_copy(update={"security": SecuritySettings(api_key=SecretStr(KEY))})
    with running(guarded, registry(), dialects=("elevenlabs",)) as server:
        yield server


def opened(server: RunningServer, way: str, voice: str = "low", **query: str) -> Any:
    asked = "&".join(f"{name}={value}" for name, value in {"output_format": "pcm_16000", **query}.items())
    address = f"{server.url.replace('http', 'ws')}/v1/text-to-speech/{voice}/{way}?{asked}"
    return patient.connect(address, additional_headers=HEADERS)


async def said(socket: ClientConnection, *messages: dict[str, Any]) -> None:
    for message in messages:
        await socket.send(json.dumps(message))


async def heard(socket: ClientConnection) -> list[dict[str, Any]]:
    """All messages until the server closes."""
    found = []
    try:
        while True:
            found.append(json.loads(await asyncio.wait_for(socket.recv(), PATIENCE)))
    except ConnectionClosed:
        return found


async def until_final(socket: ClientConnection, name: str) -> list[dict[str, Any]]:
    """The messages of one context, to its last."""
    found: list[dict[str, Any]] = []
    while not (found and found[-1].get("isFinal")):
        message = json.loads(await asyncio.wait_for(socket.recv(), PATIENCE))
        if message.get("contextId") == name:
            found.append(message)
    return found


def seconds(messages: list[dict[str, Any]]) -> float:
    return sum(len(b64decode(each["audio"])) for each in messages if each.get("audio")) / 32_000


def characters(messages: list[dict[str, Any]]) -> str:
    return "".join("".join(each["alignment"]["chars"]) for each in messages if each.get("alignment"))


async def test_one_text_and_its_end(server: RunningServer) -> None:
    async with opened(server, "stream-input") as socket:
        await said(socket, {"text": " ", "voice_settings": {"stability": 0.5, "speed": 1.0}})
        await said(socket, {"text": "Hello there. ", "try_trigger_generation": True}, {"text": "How are you? "})
        await said(socket, {"text": ""})
        messages = await heard(socket)
    assert socket.close_code == 1000
    assert messages[-1] == {"audio": None, "isFinal": True, "normalizedAlignment": None, "alignment": None}
    assert all(each["isFinal"] is None for each in messages[:-1])
    assert seconds(messages) == pytest.approx(25 * CHARACTER_SECONDS, abs=0.25)
    assert characters(messages) == "Hello there. How are you?"


@pytest.mark.parametrize("absolute", ["true", "false"])
async def test_times_by_the_clock_that_the_client_wants(server: RunningServer, absolute: str) -> None:
    async with opened(server, "stream-input", sync_alignment=absolute, auto_mode="true") as socket:
        await said(socket, {"text": "Hello there. "})
        messages = [json.loads(await asyncio.wait_for(socket.recv(), PATIENCE))]
        while not messages[-1]["alignment"]:
            messages.append(json.loads(await asyncio.wait_for(socket.recv(), PATIENCE)))
        await said(socket, {"text": "How are you? "}, {"text": ""})
        told = [each["alignment"] for each in [*messages, *await heard(socket)] if each.get("alignment")]
    assert len(told) == 2
    assert all(len(each["chars"]) == len(each["charStartTimesMs"]) == len(each["charDurationsMs"]) for each in told)
    (first, second), ends = [each["charStartTimesMs"][0] for each in told], told[0]["charDurationsMs"]
    assert first == 0
    assert second == (0 if absolute == "false" else pytest.approx(told[0]["charStartTimesMs"][-1] + ends[-1], abs=2))


async def test_what_was_flushed_is_spoken_while_the_text_goes_on(server: RunningServer) -> None:
    async with opened(server, "stream-input") as socket:
        await said(socket, {"text": "One two", "flush": True})
        first = json.loads(await asyncio.wait_for(socket.recv(), PATIENCE))
        assert first["audio"]
        await said(socket, {"text": " three."}, {"text": ""})
        assert (await heard(socket))[-1]["isFinal"]


async def test_contexts_side_by_side(server: RunningServer) -> None:
    async with opened(server, "multi-stream-input") as socket:
        await said(socket, {"text": " ", "context_id": "a"}, {"text": "This one waits. ", "context_id": "a"})
        await said(socket, {"text": "Hello.", "context_id": "b", "flush": True})
        await said(socket, {"context_id": "b", "close_context": True})
        other = await until_final(socket, "b")
        assert characters(other) == "Hello." and seconds(other) == pytest.approx(6 * CHARACTER_SECONDS, abs=0.1)
        await said(socket, {"text": "", "context_id": "a"}, {"text": ""})  # keeps it alive
        await said(socket, {"context_id": "a", "flush": True}, {"context_id": "a", "close_context": True})
        assert characters(await until_final(socket, "a")) == "This one waits."
        await said(socket, {"close_socket": True})
        assert await heard(socket) == []
    assert socket.close_code == 1000


async def test_a_context_that_is_interrupted_says_no_more(server: RunningServer) -> None:
    async with opened(server, "multi-stream-input") as socket:
        await said(socket, {"text": "A sentence. And one that has no", "context_id": "a"})
        await said(socket, {"context_id": "a", "close_context": True})
        assert "no" not in characters(await until_final(socket, "a"))
        await said(socket, {"text": "Again.", "context_id": "a", "flush": True}, {"close_socket": True})
        assert characters(await heard(socket)) == "Again."


async def test_errors_of_one_context_leave_the_others(server: RunningServer) -> None:
    async with opened(server, "multi-stream-input") as socket:
        await said(socket, {"text": "It will explode.", "context_id": "a", "flush": True})
        failed = await until_final(socket, "a")
        assert failed[0]["error"] == "engine_failed" and failed[0]["message"]
        await said(socket, {"text": "a" * 2001, "context_id": "b"})
        long = json.loads(await socket.recv())
        assert (long["contextId"], long["error"]) == ("b", "max_character_limit_exceeded")
        await socket.send("no json")
        assert json.loads(await socket.recv())["error"] == "invalid_request"
        for name in "cdefgh":
            await said(socket, {"text": "Wait", "context_id": name})
        refused = json.loads(await socket.recv())
        assert refused["error"] == "conflict"
        await said(socket, {"text": " ", "context_id": "c", "flush": True}, {"context_id": "c", "close_context": True})
        assert characters(await until_final(socket, "c")) == "Wait"


@pytest.mark.parametrize(
    ("voice", "message", "error"),
    [
        ("nosuch", {"text": "Hello."}, "voice_not_found"),
        ("low", {"text": "a" * 2001}, "max_character_limit_exceeded"),
        ("low", {"text": 5}, "invalid_parameter"),
        ("low", {"text": "a", "voice_settings": {"speed": 99}}, "invalid_parameter"),
    ],
)
async def test_errors_end_a_socket_with_one_text(
    server: RunningServer, voice: str, message: dict[str, Any], error: str
) -> None:
    async with opened(server, "stream-input", voice) as socket:
        await said(socket, message)
        (told,) = await heard(socket)
        assert told["error"] == error and told["message"] and told["code"] == 1008
    assert socket.close_code == 1008


async def test_a_wrong_key_or_address_is_refused_before(server: RunningServer) -> None:
    address = f"{server.url.replace('http', 'ws')}/v1/text-to-speech/low/stream-input"
    with pytest.raises(InvalidStatus) as refused:
        await patient.connect(address, additional_headers={"xi-api-key": "wrong"})
    assert refused.value.response.status_code == 401
    with pytest.raises(InvalidStatus) as refused:
        await patient.connect(address.replace("stream-input", "nothing"))
    assert refused.value.response.status_code == 401
    with pytest.raises(InvalidStatus) as refused:
        await patient.connect(address, origin=Origin("https://elsewhere.example"))
    assert refused.value.response.status_code == 403
    with pytest.raises(InvalidStatus):
        await opened(server, "stream-input", output_format="tape_44100")


@pytest.mark.parametrize("way", ["stream-input", "multi-stream-input"])
@pytest.mark.parametrize("key", [{"xi_api_key": KEY}, {"authorization": f"Bearer {KEY}"}, {"authorization": KEY}])
async def test_a_key_may_come_in_the_first_message(server: RunningServer, way: str, key: dict[str, str]) -> None:
    address = f"{server.url.replace('http', 'ws')}/v1/text-to-speech/low/{way}?output_format=pcm_16000"
    end = {"text": ""} if way == "stream-input" else {"close_socket": True}
    async with patient.connect(address) as socket:
        await said(socket, {"text": " ", "voice_settings": {"stability": 0.5}, **key})
        await said(socket, {"text": "Hello there.", "flush": True}, end)
        assert characters(await heard(socket)) == "Hello there."
    assert socket.close_code == 1000


@pytest.mark.parametrize(
    "first", ['{"text": " ", "xi_api_key": "wrong"}', '{"text": " "}', "no json", '{"xi_api_key": 5}', b"\xff"]
)
async def test_no_right_key_in_the_first_message_ends_the_socket(server: RunningServer, first: str | bytes) -> None:
    address = f"{server.url.replace('http', 'ws')}/v1/text-to-speech/low/stream-input"
    async with patient.connect(address) as socket:
        await socket.send(first)
        (told,) = await heard(socket)
        assert (told["error"], told["code"]) == ("invalid_api_key", 1008) and "wrong" not in str(told)
    assert socket.close_code == 1008


async def test_what_is_wrong_with_the_address_closes_a_socket_that_was_accepted_for_its_key(
    server: RunningServer,
) -> None:
    address = f"{server.url.replace('http', 'ws')}/v1/text-to-speech/low/stream-input?output_format=tape_44100"
    async with patient.connect(address) as socket:
        await said(socket, {"text": " ", "xi_api_key": KEY})
        assert await heard(socket) == []
    assert socket.close_code == 1008


async def test_a_client_that_leaves_ends_its_speech(server: RunningServer) -> None:
    async with opened(server, "multi-stream-input") as socket:
        await said(socket, {"text": "Never finished", "context_id": "a"})
        await said(socket, {"text": "Hello. And more.", "context_id": "b", "flush": True})
        await socket.recv()
    server.settle()
    for _ in range(200):
        if not any(name == "speech context" for name in server.tasks()):
            break
        await asyncio.sleep(0.01)
    assert not any(name == "speech context" for name in server.tasks())
