"""Calls by WebRTC: aiortc as the client, on loopback, with parts that need no engine behind the server."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import openai
import pytest
from structlog.testing import capture_logs

from benchmarks.webrtc_caller import RATE, Caller, calling
from routers.webrtc.offers import Offer
from routers.webrtc.peer import Peer
from stts.engine_api import Samples
from stts.settings import LimitSettings, RealtimeSettings
from stts.settings.webrtc import WebRTCSettings
from tests import patient
from tests.patient import PATIENCE
from tests.routers.compat.realtime.conftest import KEY, Served, serving
from tests.routers.webrtc.test_offers import BROWSER
from tests.stts.conversation.caller import World

pytestmark = pytest.mark.socket

MOST_TASKS = 10
"""Tasks of a server at rest: its own, and those of connections that are kept alive."""
SDP = {"Content-Type": "application/sdp"}
QUICK: dict[str, Any] = {
    "type": "realtime",
    "audio": {
        "input": {
            # Longer than a busy machine may hold up a caller in the middle of a word.
            "turn_detection": {"type": "server_vad", "silence_duration_ms": 800},
            "transcription": {"model": "whisper-1"},
        }
    },
}


def tone(seconds: float) -> Samples:
    """Speech, for the detector of the world."""
    count = round(seconds * RATE)
    sound: Samples = (0.3 * np.sign(np.sin(np.arange(count) * 0.02))).astype(np.float32)
    return sound


@asynccontextmanager
async def call(served: Served, key: str = KEY, **options: Any) -> AsyncIterator[Caller]:
    async with calling(**options) as caller:
        await begin(served, caller, key)
        yield caller


async def begin(served: Served, caller: Caller, key: str = KEY) -> None:
    async with patient.AsyncClient(base_url=served.url, headers={"Authorization": f"Bearer {key}"}) as client:
        answer = await client.post("/v1/realtime/calls?model=gpt-realtime", content=await caller.offer(), headers=SDP)
    assert answer.status_code == 201, answer.text
    assert answer.headers["content-type"] == "application/sdp"
    caller.location = answer.headers["location"]
    await caller.take(answer.text)


async def post(served: Served, path: str = "/v1/realtime/calls", **request: Any) -> httpx.Response:
    async with patient.AsyncClient(base_url=served.url) as client:
        return await client.post(path, **request)


async def at_rest(served: Served) -> None:
    async with asyncio.timeout(PATIENCE):
        while served.calls.open_calls or served.places.open:  # noqa: ASYNC110 - in another thread
            await asyncio.sleep(0.01)


async def test_a_spoken_turn_is_answered_on_the_track(served: Served) -> None:
    async with call(served) as caller:
        created = await caller.until("session.created")
        assert created["session"]["model"] == "gpt-realtime"
        await caller.send("session.update", session=QUICK)
        await caller.until("session.updated")
        caller.voice.say(tone(1.0))
        response = (await caller.until("response.done"))["response"]
        await caller.until("output_audio_buffer.stopped")
    assert response["status"] == "completed"
    heard = caller.of("conversation.item.input_audio_transcription.completed")[0]["transcript"]
    assert heard == "word0 word1 word2"
    kinds = caller.types()
    assert "response.output_audio.delta" not in kinds and "response.output_audio.done" in kinds
    assert kinds.index("output_audio_buffer.started") < kinds.index("response.done")
    assert {event["response_id"] for event in caller.of("output_audio_buffer.stopped")} == {response["id"]}
    assert served.calls.counts.spoken > 20


@pytest.mark.parametrize("how", ["voice", "clear", "cancel"])
async def test_what_is_heard_ends_with_an_interruption(served: Served, how: str) -> None:
    async with call(served) as caller:
        await caller.send("session.update", session=QUICK)
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "word " * 60}]}
        await caller.send("conversation.item.create", item=item)
        await caller.send("response.create")
        begun = await caller.until("output_audio_buffer.started")
        if how == "voice":
            caller.voice.say(tone(1.0))
        else:
            await caller.send("output_audio_buffer.clear" if how == "clear" else "response.cancel")
        cleared = await caller.until("output_audio_buffer.cleared")
        done = caller.of("response.done") or [await caller.until("response.done")]
        assert cleared["response_id"] == begun["response_id"] == done[0]["response"]["id"]
        assert done[0]["response"]["status"] == "cancelled"
        # Nothing is heard any more, so there is nothing to be cleared.
        await caller.send("output_audio_buffer.clear")
        await caller.send("input_audio_buffer.clear")
        await caller.until("input_audio_buffer.cleared")
    assert len(caller.of("output_audio_buffer.cleared")) == 1 and not caller.of("error")
    assert not caller.of("output_audio_buffer.stopped")


async def test_a_form_brings_the_session(served: Served) -> None:
    """As the official client sends it: fields before the parts, which have types and no file names."""
    async with calling(label="events") as caller:
        offer = await caller.offer()
        parts = {
            "extra[deep]": (None, "1"),
            "sdp": (None, offer, "application/sdp"),
            "session": (
                None,
                '{"type": "realtime", "model": "gpt-realtime", "instructions": "Be brief."}',
                "application/json",
            ),
        }
        answer = await post(served, files=parts)
        assert answer.status_code == 201, answer.text
        await caller.take(answer.text)
        created = await caller.until("session.created")
    assert created["session"]["instructions"] == "Be brief."


async def test_the_official_client_opens_and_ends_a_call(served: Served) -> None:
    async with calling() as caller, served.client() as client:
        offer = await caller.offer()
        raw = await client.realtime.calls.with_raw_response.create(
            sdp=offer, session={"type": "realtime", "model": "gpt-realtime"}
        )
        assert raw.http_response.status_code == 201
        await caller.take(raw.content.decode())
        await caller.until("session.created")
        id = raw.headers["location"].rpartition("/")[2]
        await client.realtime.calls.hangup(id)
        with pytest.raises(openai.NotFoundError):
            await client.realtime.calls.hangup(id)
        await asyncio.wait_for(caller.closed.wait(), PATIENCE)
        await at_rest(served)


async def test_a_call_without_a_channel_is_heard_and_ends_with_its_caller(served: Served) -> None:
    async with call(served, label=None) as caller:
        caller.voice.say(tone(0.5))
        await caller.voice.said.wait()
        assert served.calls.open_calls == 1
    await at_rest(served)


async def test_a_client_secret_opens_a_call_with_its_session(guarded: Served) -> None:
    async with guarded.client() as client:
        secret = await client.realtime.client_secrets.create(session={"type": "realtime", "instructions": "Kept."})
    async with call(guarded, secret.value) as caller:
        assert (await caller.until("session.created"))["session"]["instructions"] == "Kept."
    assert (await post(guarded, content=BROWSER, headers=SDP)).status_code == 401


WRONG_SPEED = '{"audio": {"output": {"speed": 9}}}'
WRONG_MODEL = '{"audio": {"input": {"transcription": {"model": "none"}}}}'
REFUSED: dict[str, tuple[int, dict[str, Any]]] = {
    "garbage": (400, {"content": "hello", "headers": SDP}),
    "nothing": (400, {}),
    "no text": (400, {"content": b"\xff\xfe", "headers": SDP}),
    "a huge one": (413, {"content": BROWSER + "a" * 100_000, "headers": SDP}),
    "no audio": (400, {"content": BROWSER.replace("m=audio", "m=video"), "headers": SDP}),
    "JSON": (400, {"json": {"sdp": BROWSER}}),
    "a form without an offer": (400, {"files": {"session": (None, "{}")}}),
    "a session that is none": (400, {"files": {"sdp": (None, BROWSER), "session": (None, "[]")}}),
    "a wrong session": (400, {"files": {"sdp": (None, BROWSER), "session": (None, WRONG_SPEED)}}),
    "a wrong model": (404, {"files": {"sdp": (None, BROWSER), "session": (None, WRONG_MODEL)}}),
}


@pytest.mark.parametrize(("status", "request_"), REFUSED.values(), ids=list(REFUSED))
async def test_what_cannot_be_a_call_is_refused_in_words(served: Served, status: int, request_: dict[str, Any]) -> None:
    answer = await post(served, **request_)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["message"] and answer.json()["error"]["code"]
    assert served.calls.open_calls == 0


async def test_a_call_that_nobody_has_begun_does_not_end(served: Served) -> None:
    answer = await post(served, "/v1/realtime/calls/rtc_none/hangup", headers={"Content-Type": "application/json"})
    assert answer.status_code == 404


async def test_calls_may_be_off(world: World) -> None:
    with serving(world, webrtc=WebRTCSettings(enabled=False)) as served:
        assert (await post(served, content=BROWSER, headers=SDP)).status_code == 404


async def test_one_that_is_never_connected_ends_and_frees_its_port(world: World) -> None:
    with serving(world, webrtc=WebRTCSettings(connect_seconds=0.2, ports="42000-42000")) as served:
        for _ in range(2):
            assert (await post(served, content=BROWSER, headers=SDP)).status_code == 201
            await at_rest(served)


async def test_where_all_ports_are_taken_the_next_is_told_so(world: World) -> None:
    with serving(world, webrtc=WebRTCSettings(connect_seconds=120, ports="42001-42001")) as served:
        for _ in range(2):
            first = await post(served, content=BROWSER, headers=SDP)
            assert first.status_code == 201
            full = await post(served, content=BROWSER, headers=SDP)
            assert full.status_code == 503 and "webrtc.ports" in full.json()["error"]["message"]
            assert (await post(served, f"{first.headers['location']}/hangup")).status_code == 200
            await at_rest(served)


async def test_one_that_is_not_connected_yet_can_be_hung_up(served: Served) -> None:
    location = (await post(served, content=BROWSER, headers=SDP)).headers["location"]
    assert (await post(served, f"{location}/hangup")).status_code == 200
    await at_rest(served)


async def test_a_request_that_is_given_up_leaves_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, left, answer = threading.Event(), threading.Event(), Peer.answer

    async def late(peer: Peer, offer: Offer) -> str:
        asked.set()
        await asyncio.to_thread(left.wait, PATIENCE)
        return await answer(peer, offer)

    monkeypatch.setattr(Peer, "answer", late)
    with capture_logs() as logs, serving(world) as served:
        host, port = served.url.removeprefix("http://").split(":")
        head = f"POST /v1/realtime/calls HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/sdp\r\n"
        with patient.create_connection((host, int(port))) as client:
            client.sendall(f"{head}content-length: {len(BROWSER.encode())}\r\n\r\n{BROWSER}".encode())
            assert await asyncio.to_thread(asked.wait, PATIENCE)
            assert served.calls.open_calls == 1
        left.set()
        await at_rest(served)
    assert "call was not connected" not in {line["event"] for line in logs}, "it waited for nobody"


async def test_no_more_calls_than_places(world: World) -> None:
    with serving(world, limits=LimitSettings(live_sessions=1, place_seconds=0.05)) as served:
        async with call(served) as caller:
            await caller.until("session.created")
            full = await post(served, content=BROWSER, headers=SDP)
            assert full.status_code == 503 and full.json()["error"]["code"] == "busy"
            assert int(full.headers["retry-after"]) > 0


async def test_a_call_ends_with_its_time(world: World) -> None:
    with serving(world, realtime=RealtimeSettings(session_minutes=0.02)) as served:
        async with call(served) as caller:
            assert (await caller.until("error"))["error"]["code"] == "session_expired"
            await asyncio.wait_for(caller.closed.wait(), PATIENCE)


async def test_a_server_that_stops_says_goodbye(world: World) -> None:
    with serving(world) as served:
        async with call(served) as caller:
            await caller.until("session.created")
            served.end()
            assert (await caller.until("error"))["error"]["code"] == "shutting_down"
            await asyncio.wait_for(caller.closed.wait(), PATIENCE)


async def test_without_its_library_the_command_that_installs_it_is_told(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("routers.webrtc.calls.find_spec", lambda name: None)
    answer = await post(served, content=BROWSER, headers=SDP)
    assert answer.status_code == 501
    assert "pip install -r requirements/webrtc.txt" in answer.json()["error"]["message"]


async def test_a_flood_on_the_channel_is_answered_and_holds_up_no_other(served: Served) -> None:
    async with call(served) as other, call(served) as caller:
        await caller.until("session.created")
        assert caller.channel is not None
        for _ in range(1_000):
            caller.channel.send("{}")
        await caller.until("error")
        await other.send("input_audio_buffer.clear")
        await other.until("input_audio_buffer.cleared")
        assert len(caller.of("error")) < 1_000


async def test_whatever_callers_do_nothing_is_left(world: World) -> None:
    """Forty calls at random, some at once: one is spoken on, others are hung up, abandoned, flooded, or are none."""
    chance = random.Random(5)

    async def one(served: Served) -> None:
        match chance.choice(["garbage", "abandoned", "silent", "left", "hung up", "flooded"]):
            case "garbage":
                lines = BROWSER.split("\r\n")
                lines[chance.randrange(len(lines))] = "a=\0"
                await post(served, content="\r\n".join(lines), headers=SDP)
            case "abandoned":
                await post(served, content=BROWSER, headers=SDP)
            case "silent":
                async with call(served, label=None):
                    pass
            case "left":
                async with call(served) as caller:
                    await caller.until("session.created")
            case "hung up":
                async with call(served) as caller:
                    await caller.until("session.created")
                    await post(served, f"{caller.location}/hangup")
                    await asyncio.wait_for(caller.closed.wait(), PATIENCE)
            case "flooded":
                async with call(served) as caller:
                    await caller.until("session.created")
                    for _ in range(100):
                        await caller.send("x" * chance.randrange(1_000))

    with serving(world, webrtc=WebRTCSettings(connect_seconds=3.0)) as served:
        async with call(served) as first:
            await first.until("session.created")
        await at_rest(served)
        before = files()
        for _ in range(8):
            await asyncio.gather(*(one(served) for _ in range(5)))
        await at_rest(served)
        assert files() <= before
        assert served.tasks() <= MOST_TASKS


async def test_many_calls_leave_nothing(served: Served) -> None:
    """Neither sockets nor the threads of the transport, of which each call has one."""
    async with call(served) as first:
        await first.until("session.created")
    await at_rest(served)
    before = files()
    for _ in range(5):
        async with call(served) as one, call(served) as two:
            await asyncio.gather(one.until("session.created"), two.until("session.created"))
        await at_rest(served)
    assert files() <= before
    assert not [thread.name for thread in threading.enumerate() if "decoder" in thread.name]


def files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
