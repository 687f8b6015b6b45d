"""Live sessions by WebRTC: aiortc as the client, on loopback, with parts that need no engine behind the server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import openai
import pytest

from benchmarks.webrtc_caller import Caller, calling
from tests import patient
from tests.patient import PATIENCE
from tests.routers.compat.live.conftest import Served
from tests.routers.compat.live.talk import SERVER_EVENTS
from tests.routers.compat.realtime.test_calls import tone
from tests.routers.webrtc.test_offers import BROWSER

pytestmark = pytest.mark.socket


@asynccontextmanager
async def call(served: Served, **session: Any) -> AsyncIterator[Caller]:
    async with calling() as caller, served.client() as client:
        wanted: Any = {"model": "gpt-live-1", **session}
        created = await client.live.create(
            session=wanted,
            transport={"type": "webrtc", "sdp": await caller.offer()},
        )
        assert created.session.id.startswith("live_") and created.transport.type == "webrtc"
        await caller.take(created.transport.sdp)
        started = await caller.until("session.started")
        assert started["session"]["id"] == created.session.id
        yield caller
    for event in caller.events:
        SERVER_EVENTS.validate_python(event, strict=True)
    assert not caller.of("session.output_audio.delta")


async def test_what_is_said_is_heard_and_commentary_is_spoken_on_the_track(served: Served) -> None:
    async with call(served, delegation={"type": "client"}) as caller:
        caller.voice.say(tone(1.0))
        work = await caller.until("session.delegation.created")
        said = "".join(event["delta"] for event in caller.of("session.input_transcript.delta"))
        assert said.split() == ["word0", "word1", "word2"]
        id = work["delegation"]["id"]
        await caller.send("session.commentary.append", content="The weather is fine.", delegation_id=id)
        await caller.until("session.commentary.appended")
        await caller.until("session.output_transcript.delta")
        await caller.send("session.close")
        closed = await caller.until("session.closed")
        await asyncio.wait_for(caller.closed.wait(), PATIENCE)
    assert closed["reason"] == "close_requested"
    assert served.calls.counts.spoken > 10
    assert served.calls.counts.starved <= served.calls.counts.spoken // 2  # on a machine that is busy


async def test_audio_in_events_is_refused_and_the_session_goes_on(served: Served) -> None:
    async with call(served) as caller:
        await caller.send("session.input_audio.append", audio="AAAA")
        error = await caller.until("error")
        assert error["error"]["message"]
        await caller.send("session.input_audio.mute")
        await caller.until("session.input_audio.muted")


async def test_it_is_hung_up_by_its_id(served: Served) -> None:
    async with call(served) as caller, served.client() as client:
        await client.live.sessions.hangup(caller.of("session.started")[0]["session"]["id"])
        assert (await caller.until("session.closed"))["reason"] == "close_requested"
        await asyncio.wait_for(caller.closed.wait(), PATIENCE)


async def test_it_is_hung_up_before_it_is_connected_and_by_its_own_path_alone(served: Served) -> None:
    async with served.client() as client:
        wanted: Any = {"session": {"model": "gpt-live-1"}, "transport": {"type": "webrtc", "sdp": BROWSER}}
        id = (await client.live.create(**wanted)).session.id
        with pytest.raises(openai.NotFoundError):
            await client.realtime.calls.hangup(id)
        await client.live.sessions.hangup(id)
        with pytest.raises(openai.NotFoundError):
            await client.live.sessions.hangup(id)
    async with asyncio.timeout(PATIENCE):
        while served.calls.open_calls:  # noqa: ASYNC110 - in another thread
            await asyncio.sleep(0.01)


async def test_a_page_has_the_rights_that_its_application_gives_it(served: Served) -> None:
    """The application's own connection has all of them."""
    rights = {
        "allowed_client_events": ["session.input_audio.mute", "session.close"],
        "allowed_server_events": [{"type": each} for each in ("session.started", "info", "error", "session.closed")],
    }
    async with call(served, client={"data_channel": rights}) as caller, served.client() as client:
        session = caller.of("session.started")[0]["session"]
        assert session["client"]["data_channel"]["allowed_client_events"] == rights["allowed_client_events"]
        notice = await caller.until("info")
        assert notice["code"] == "data_channel_permissions" and "session.close" in notice["message"]
        async with served.attached(client, session["id"]) as attached:
            await attached.until("session.started")
            await caller.send("session.instructions.append", content="Be rude.", delegation_id=None, event_id="mine")
            error = (await caller.until("error"))["error"]
            assert error["client_event_id"] == "mine" and "client.data_channel" in error["message"]
            await caller.send("session.input_audio.mute")
            await attached.until("session.input_audio.muted")
            await attached.send("session.instructions.append", content="Be kind.", delegation_id=None)
            await attached.until("session.instructions.appended")
            await caller.send("session.close")
            await caller.until("session.closed")
    assert set(caller.types()) <= {"session.started", "info", "error", "session.closed"}


async def test_a_page_may_have_no_rights_at_all(served: Served) -> None:
    none: Any = {"data_channel": {"allowed_client_events": [], "allowed_server_events": []}}
    wanted: Any = {"model": "gpt-live-1", "client": none}
    async with calling() as caller, served.client() as client:
        transport: Any = {"type": "webrtc", "sdp": await caller.offer()}
        created = await client.live.create(session=wanted, transport=transport)
        await caller.take(created.transport.sdp)
        await caller.send("session.close")
        async with asyncio.timeout(PATIENCE):
            while not len(served.running_sessions):  # noqa: ASYNC110 - in another thread
                await asyncio.sleep(0.01)
        await client.live.sessions.hangup(created.session.id)
        await asyncio.wait_for(caller.closed.wait(), PATIENCE)
    assert caller.events == []


async def test_a_pause_that_would_save_nothing_is_told_to_be_without_effect(served: Served) -> None:
    async with call(served, wake_policy={"type": "speech"}, idle_timeout_s=5) as caller:
        notice = await caller.until("info")
    assert notice["code"] == "ignored_parameters"
    assert "session.wake_policy" in notice["message"] and "session.idle_timeout_s" in notice["message"]


async def test_a_server_that_stops_tells_the_last_event_and_no_error(served: Served) -> None:
    async with call(served) as caller:
        await served.drain()
        assert (await caller.until("session.closed"))["reason"] == "connection_lost"
        await asyncio.wait_for(caller.closed.wait(), PATIENCE)
        assert not caller.of("error")


async def test_it_ends_with_its_caller(served: Served) -> None:
    async with call(served):
        assert served.calls.open_calls == 1
    async with asyncio.timeout(PATIENCE):
        while served.calls.open_calls:  # noqa: ASYNC110 - in another thread
            await asyncio.sleep(0.01)


REFUSED: dict[str, dict[str, Any]] = {
    "nothing": {},
    "no transport": {"session": {"model": "gpt-live-1"}},
    "another transport": {"session": {"model": "gpt-live-1"}, "transport": {"type": "sip", "sdp": BROWSER}},
    "a pause that is none": {
        "session": {"model": "gpt-live-1", "wake_policy": {"type": "clap"}},
        "transport": {"type": "webrtc", "sdp": BROWSER},
    },
    "rights that are none": {
        "session": {
            "model": "gpt-live-1",
            "client": {"data_channel": {"allowed_server_events": [{"type": "response.event"}]}},
        },
        "transport": {"type": "webrtc", "sdp": BROWSER},
    },
    "no offer": {"session": {"model": "gpt-live-1"}, "transport": {"type": "webrtc", "sdp": "hello"}},
    "a wrong session": {
        "session": {"model": "gpt-live-1", "audio": {"format": {"type": "audio/pcm", "rate": 24_000}}},
        "transport": {"type": "webrtc", "sdp": BROWSER},
    },
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=list(REFUSED))
async def test_what_cannot_be_a_session_is_refused_in_words(served: Served, body: dict[str, Any]) -> None:
    async with patient.AsyncClient(base_url=served.url) as client:
        answer = await client.post("/v1/live/sessions", json=body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["message"]
    assert served.calls.open_calls == 0
