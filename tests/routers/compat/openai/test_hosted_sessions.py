"""Sessions of the official client as it can set them, functions and failures, and its calls by WebRTC: field by field
against the shapes recorded of the hosted service's."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest

from stts.chat import ToolCall
from stts.errors import InvalidParameter
from tests import patient
from tests.routers.compat.live.conftest import Served as LiveServed
from tests.routers.compat.live.conftest import serving as serving_live
from tests.routers.compat.live.delegation.line import Model
from tests.routers.compat.live.talk import connected
from tests.routers.compat.openai.recorded_shapes import RECORDED, differences
from tests.routers.compat.openai.test_hosted_events import Session
from tests.routers.compat.realtime.conftest import Served, serving
from tests.routers.compat.realtime.talk import silence, tone
from tests.routers.webrtc.test_offers import BROWSER

pytestmark = pytest.mark.socket

ANSWERS: dict[str, dict[str, Any]] = RECORDED["answers"]
FUNCTION: dict[str, Any] = {"type": "function", "name": "weather", "description": "x", "parameters": {"type": "object"}}
CALL = ToolCall("call_1", "weather", "{}")
REALTIME: list[dict[str, Any]] = [
    {"audio": {"input": {"format": {"type": "audio/pcmu"}}, "output": {"format": {"type": "audio/pcma"}}}},
    {"audio": {"input": {"turn_detection": {"type": "semantic_vad", "eagerness": "low"}}}},
    {"audio": {"input": {"turn_detection": {"type": "server_vad", "idle_timeout_ms": 20_000}}}},
    {"audio": {"input": {"noise_reduction": {"type": "near_field"}}}},
    {"audio": {"input": {"transcription": {"model": "gpt-transcribe", "languages": ["en"], "keywords": ["lamp"]}}}},
    {"audio": {"input": {"transcription": {"model": "whisper-1", "language": "en", "prompt": "A kitchen."}}}},
    {"audio": {"output": {"voice": "alloy", "speed": 1.2}}},
    {"output_modalities": ["text"], "instructions": "Be kind.", "max_output_tokens": 50},
    {"tools": [FUNCTION], "tool_choice": "auto", "parallel_tool_calls": False},
    {"include": ["item.input_audio_transcription.logprobs"]},
    {"reasoning": {"effort": "low"}, "truncation": "disabled", "tracing": "auto"},
    {"truncation": {"type": "retention_ratio", "retention_ratio": 0.5}},
]
LIVE: list[dict[str, Any]] = [
    {"audio": {"format": {"type": "audio/pcm", "rate": 16_000}}},
    {"audio": {"format": {"type": "audio/pcmu", "rate": 8_000}}},
    {"audio": {"format": {"type": "audio/pcma", "rate": 8_000}, "output": {"voice": "cedar"}}},
    {"delegation": {"type": "client", "acknowledgement_delay_ms": 900}},
    {"delegation": {"type": "responses", "responses": {"model": "auto", "instructions": "x", "tools": [FUNCTION]}}},
    {"input": [{"role": "user", "content": [{"type": "input_text", "text": "Hello."}]}], "store": False},
    {"instructions": "Be kind.", "safety_identifier": "somebody"},
]


@pytest.fixture
def world() -> Model:
    return Model()


@pytest.fixture
def served(world: Model) -> Iterator[Served]:
    with serving(world) as served:
        yield served


@pytest.fixture
def live(world: Model) -> Iterator[LiveServed]:
    with serving_live(world, reply={"adapter": "openai"}) as served:
        yield served


async def test_each_setting_of_a_realtime_session(served: Served) -> None:
    async with served.client() as client, patient.realtime(client, model="gpt-realtime") as connection:
        session = Session(connection, "input_audio_buffer.append")
        for changes in REALTIME:
            await session.send("session.update", session={"type": "realtime", **changes})
            await session.until("session.updated")
    session.check("realtime", order=False)


@pytest.mark.parametrize("changes", LIVE)
async def test_each_setting_of_a_live_session(live: LiveServed, changes: dict[str, Any]) -> None:
    async with live.client() as client, connected(client) as connection:
        session = Session(connection, "session.input_audio.append")
        await session.send("session.start", session={"model": "gpt-live-1", **changes})
        started = (await session.until("session.started"))["session"]
        await session.send("session.close")
        await session.until("session.closed")
    session.check("live", order=False)
    assert changes.keys() <= started.keys()


async def test_realtime_functions(world: Model, served: Served) -> None:
    world.scripts.extend([[CALL], ["fine"]])
    async with served.client() as client, patient.realtime(client, model="gpt-realtime") as connection:
        session = Session(connection, "input_audio_buffer.append")
        await session.send("session.update", session={"type": "realtime", "tools": [FUNCTION]})
        await session.send("response.create")
        (call,) = (await session.until("response.done"))["response"]["output"]
        output = {"type": "function_call_output", "call_id": call["call_id"], "output": "rain"}
        await session.send("conversation.item.create", item=output)
        await session.until("conversation.item.done", lambda event: event["item"]["type"] == output["type"])
        await session.send("response.create")
        await session.until("response.done")
    arguments = "response.function_call_arguments"
    session.check("realtime", f"{arguments}.delta", f"{arguments}.done", order=False)


async def test_realtime_responses_that_fail(world: Model, served: Served) -> None:
    world.scripts.append(["one", InvalidParameter("No such thing.", param="x")])
    async with served.client() as client, patient.realtime(client, model="gpt-realtime") as connection:
        session = Session(connection, "input_audio_buffer.append")
        await session.send("response.create")
        failed = (await session.until("response.done"))["response"]
    session.check("realtime", order=False)
    assert failed["status"] == "failed" and failed["status_details"]["error"]


async def test_live_responses(world: Model, live: LiveServed) -> None:
    """The work of the model comes as events of the Responses API, one within another."""
    world.scripts.extend([[CALL], ["It", "rains"]])
    async with live.client() as client, connected(client) as connection:
        session = Session(connection, "session.input_audio.append")
        await session.send("session.start", session={"model": "gpt-live-1", **LIVE[4]})
        await session.until("session.started")
        await session.say(tone(0.9), silence(0.8))
        done = await session.until(
            "response.event", lambda event: event["event"]["type"] == "response.output_item.done"
        )
        await session.until("response.event", lambda event: event["event"]["type"] == "response.completed")
        output = {"type": "function_call_output", "call_id": done["event"]["item"]["call_id"], "output": "rain"}
        await session.send("response.item.create", item=output)
        await session.send("response.create")
        await session.until("response.event", lambda event: event["event"]["type"] == "response.completed")
        await session.send("session.close")
        await session.until("session.closed")
    session.check("live", "session.delegation.created", order=False)
    assert session.of("session.delegation.created")[0]["delegation"]["target"] == "responses"


def compare(answer: Any, name: str) -> None:
    """Compares the answer to a call by WebRTC with what is recorded of it."""
    recorded = ANSWERS[name]
    told = {"status": answer.status_code, "type": answer.headers.get("content-type", "").partition(";")[0]}
    found = [f"{each} {told[each]!r}" for each in told if each in recorded and told[each] != recorded[each]]
    for header, expected in recorded.get("headers", {}).items():
        if not fnmatchcase(answer.headers.get(header, ""), expected):
            found.append(f"header {header}: {answer.headers.get(header)!r}")
    if "body" in recorded:
        found += differences(answer.json(), recorded["body"])
    if "text" in recorded and not fnmatchcase(answer.text, recorded["text"]):
        found.append(f"text {answer.text[:200]!r}")
    assert not found, f"{name}\n" + "\n".join(found)


@pytest.mark.parametrize("session", [None, {"type": "realtime", "model": "gpt-realtime"}])
async def test_realtime_calls(served: Served, session: Any) -> None:
    async with served.client() as client:
        calls = client.realtime.calls.with_raw_response
        fields: dict[str, Any] = {"session": session} if session else {"extra_query": {"model": "gpt-realtime"}}
        answer = (await calls.create(sdp=BROWSER, **fields)).http_response
        await answer.aread()
        compare(answer, "realtime.calls.create")
        id = answer.headers["location"].rpartition("/")[2]
        compare((await calls.hangup(id)).http_response, "realtime.calls.hangup")


async def test_live_calls(live: LiveServed) -> None:
    async with live.client() as client:
        wanted: Any = {"session": {"model": "gpt-live-1"}, "transport": {"type": "webrtc", "sdp": BROWSER}}
        answer = (await client.live.with_raw_response.create(**wanted)).http_response
        compare(answer, "live.create")
        id = answer.json()["session"]["id"]
        compare((await client.live.sessions.with_raw_response.hangup(id)).http_response, "live.sessions.hangup")
