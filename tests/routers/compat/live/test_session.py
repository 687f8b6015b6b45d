"""Live sessions in virtual time: to the millisecond what a socket can only show roughly."""

from __future__ import annotations

import asyncio
import itertools

import numpy as np
import pytest

from routers.compat.live.link import OutputFrame
from routers.compat.live.outgoing import Event, Outgoing
from routers.compat.live.session_object import read_session, without_effect
from stts.access.allowances import QuotaExceeded
from stts.errors import EngineCrashed
from stts.settings import LiveSettings, Settings
from tests.routers.compat.live.virtual_client import VirtualClient, joined, silence, tone
from tests.stts.conversation.caller import World
from tests.virtual import now, pass_unnoticed, virtual

OUTPUT = "session.output_transcript.delta"
LONG = "a commentary that is long enough for somebody who wants to say something over it"


def last(client: VirtualClient) -> dict[str, object]:
    return client.events[-1][1]


@virtual
async def test_the_output_never_pauses_and_is_never_ahead() -> None:
    async with joined(World()) as (client, _, _):
        await asyncio.sleep(2.0)
        client.commentary("one two three")
        await asyncio.sleep(4.0)
        ends = [frame.end_ms for _, frame in client.frames]
        starts = [frame.start_ms for _, frame in client.frames]
        assert starts == [0, *ends[:-1]]
        for at, frame in client.frames:
            assert at == pytest.approx(frame.start_ms / 1000, abs=0.001)
            assert frame.end_ms - frame.start_ms == (50 if not frame.silent else frame.end_ms - frame.start_ms)
            assert len(frame.pcm) == (frame.end_ms - frame.start_ms) * 48
        loud = [frame for _, frame in client.frames if not frame.silent]
        heard = sum(np.count_nonzero(np.frombuffer(frame.pcm, "<i2")) for frame in loud) / 24_000
        assert heard == pytest.approx(len("one two three") * 0.06, abs=0.001)
        assert loud[-1].end_ms - loud[0].start_ms == pytest.approx(heard * 1000, abs=60)


@virtual
async def test_a_loop_that_was_late_makes_up_for_it() -> None:
    async with joined(World()) as (client, _, _):
        await asyncio.sleep(1.0)
        pass_unnoticed(0.35)
        await asyncio.sleep(1.0)
        assert client.frames[-1][1].end_ms == pytest.approx(2400, abs=60)


@virtual
async def test_words_follow_the_audio() -> None:
    async with joined(World()) as (client, _, _):
        client.commentary("one two three four five")
        await client.until(OUTPUT, lambda event: event["delta"] == " five")
        fragments = client.of(OUTPUT)
        assert [each["delta"] for each in fragments] == ["one", " two", " three", " four", " five"]
        assert all(one["end_ms"] == next["start_ms"] for one, next in itertools.pairwise(fragments))
        begun = next(frame.start_ms for _, frame in client.frames if not frame.silent)
        for fragment, ends in zip(fragments, (180, 420, 780, 1080, 1380), strict=True):
            assert fragment["end_ms"] - begun == pytest.approx(ends, abs=100)
        for at, fragment in zip(client.when(OUTPUT), fragments, strict=True):
            assert 0 <= fragment["end_ms"] / 1000 - at <= 0.1


@virtual
async def test_speech_begins_soon_and_an_interruption_silences_at_once() -> None:
    async with joined(World()) as (client, _, _):
        await asyncio.sleep(0.93)
        client.commentary(LONG)
        asked = now()
        await client.until(OUTPUT)
        begun = next(at for at, frame in client.frames if not frame.silent)
        assert begun - asked <= 0.1
        await asyncio.sleep(0.5)
        onset = now()
        await client.say(tone(0.9), silence(0.9))
        await client.until("session.delegation.created")
        stopped = max(at for at, frame in client.frames if not frame.silent) + 0.05
        assert stopped - onset <= 0.6
        assert len(client.text("output")) < len(LONG) / 2
        assert client.text("input") == "word0 word1 word2"


@virtual
async def test_all_fragments_of_a_turn_stand_before_its_delegation() -> None:
    world = World(finishing=0.3)
    async with joined(world) as (client, _, _):
        for _ in range(3):
            await client.say(tone(0.7), silence(1.2))
        types = [
            event["type"] for _, event in client.events if "transcript" in event["type"] or "deleg" in event["type"]
        ]
        assert types.count("session.delegation.created") == 3
        assert types[-1] == "session.delegation.created"
        assert client.text("input") == "word0 word1 word0 word1 word0 word1"
        ids = {event["delegation"]["id"] for event in client.of("session.delegation.created")}
        assert len(ids) == 3
        spans = [(each["start_ms"], each["end_ms"]) for each in client.of("session.input_transcript.delta")]
        assert all(one[1] <= next[0] for one, next in itertools.pairwise(spans))
        assert all(start <= end <= now() * 1000 for start, end in spans)


@virtual
async def test_audio_at_half_and_at_ten_times_real_time() -> None:
    for pace in (2.0, 0.1):
        begun = now()
        async with joined(World()) as (client, _, _):
            await client.say(tone(0.9), silence(1.0), pace=pace)
            await client.until("session.delegation.created")
            await asyncio.sleep(1.0)
            assert client.text("input") == "word0 word1 word2"
            assert client.frames[-1][1].end_ms == pytest.approx((now() - begun) * 1000, abs=101)


@virtual
async def test_commentary_waits_for_a_user_who_speaks() -> None:
    async with joined(World()) as (client, _, _):
        await client.say(tone(0.5))
        client.commentary("one two")
        await client.say(tone(0.6), silence(1.2))
        await client.until(OUTPUT)
        assert client.when(OUTPUT)[0] > 1.1
        assert client.when("session.commentary.appended")[0] < 0.7


@virtual
async def test_speech_that_fails_is_an_error_and_the_session_goes_on() -> None:
    world = World(mute=EngineCrashed("It died."))
    async with joined(world) as (client, _, _):
        client.commentary("one")
        assert (await client.until("error"))["error"]["code"] == "engine_crashed"
        world.mute = None
        client.commentary("two")
        await client.until(OUTPUT)
        world.deaf = EngineCrashed("It died.")
        await client.say(tone(0.6), silence(0.8))
        await client.until("error", lambda event: event is not client.of("error")[0])
        assert not client.of("session.delegation.created")


@virtual
async def test_a_client_that_leaves_ends_it() -> None:
    async with joined(World()) as (client, session, running):
        client.commentary(LONG)
        await client.until(OUTPUT)
        client.leave()
        await running
        assert session.state.closed()["reason"] == "connection_lost"


@virtual
async def test_a_client_that_reads_nothing_loses_silence_then_the_session() -> None:
    async with joined(World()) as (client, session, running):
        client.reads.clear()
        await asyncio.sleep(30.0)
        assert session.state.reason is None
        for _ in range(4):
            client.commentary(LONG)
        await asyncio.wait([running])
        assert session.state.reason == "connection_lost"


@virtual
async def test_an_answer_that_never_comes_keeps_nothing_open() -> None:
    async with joined(World()) as (client, _, running):
        await client.say(tone(0.6), silence(0.8))
        await client.until("session.delegation.created")
        client.command("session.close")
        await running
        assert last(client)["reason"] == "close_requested"


@virtual
async def test_a_close_waits_ten_seconds_at_most() -> None:
    async with joined(World()) as (client, _, running):
        for _ in range(20):
            client.commentary(LONG)
        client.command("session.close", event_id="c")
        begun = now()
        await running
        assert now() - begun == pytest.approx(10.0, abs=0.2)
        assert last(client)["client_event_id"] == "c"


@virtual
async def test_a_quota_that_is_used_up_is_told_and_ends_it() -> None:
    async with joined(World()) as (client, _, running):
        client.quota_end.tell(QuotaExceeded("It is used up."))
        await running
        assert client.of("error")[0]["error"]["code"] == "insufficient_quota"
        assert last(client)["reason"] == "expired"


@virtual
async def test_what_is_ignored_of_a_session_is_told_in_one_notice() -> None:
    async with joined(World(), other=1, wake_policy={"type": "speech"}, idle_timeout_s=5) as (client, _, _):
        notice = await client.until("info")
    assert notice["code"] == "ignored_parameters"
    assert all(name in notice["message"] for name in ("session.other", "session.wake_policy", "idle_timeout_s"))
    assert len(client.of("info")) == 1


def test_the_rights_of_a_page_are_without_effect_on_a_socket() -> None:
    rights = {"data_channel": {"allowed_client_events": ["session.close"]}}
    fields = read_session({"model": "gpt-live-1", "client": rights})
    assert without_effect(fields, by_webrtc=False) == ["session.client"]
    assert without_effect(fields, by_webrtc=True) == []


@virtual
async def test_a_session_that_speaks_is_not_idle() -> None:
    settings = Settings(live=LiveSettings(idle_seconds=10))
    async with joined(World(), settings) as (client, session, running):
        for _ in range(4):
            client.commentary(LONG)
        await client.until("session.output_transcript.delta")
        while not session.state.at_rest:  # noqa: ASYNC110 - many things bring it to rest
            await asyncio.sleep(0.1)
        spoken = now()
        assert spoken > 15
        await running
        assert now() - spoken == pytest.approx(10, abs=1)
    assert last(client)["reason"] == "expired"


@virtual
async def test_a_close_waits_for_the_words_of_a_turn_that_is_over() -> None:
    async with joined(World(finishing=2.0)) as (client, _, running):
        await client.say(tone(0.9), silence(0.8))
        client.command("session.close")
        await running
    assert client.text("input") == "word0 word1 word2"


@virtual
async def test_a_sideband_that_comes_too_late_is_told_the_end() -> None:
    async with joined(World()) as (client, session, running):
        client.command("session.close")
        await running
        late = Outgoing(lambda: None)
        await session.state.hub.attach(late)
        told: list[Event] = []

        async def send(event: Event) -> None:
            told.append(event)

        async def play(frame: OutputFrame) -> None:
            raise AssertionError

        await late.deliver(send, play)
    assert [event["type"] for event in told] == ["session.closed"]


@virtual
async def test_a_message_of_very_many_parts_is_refused_before_it_is_read() -> None:
    async with joined(World()) as (client, _, _):
        client.command("session.update", session={"tools": [0] * 50_000})
        assert "too many parts" in (await client.until("error"))["error"]["message"]


@virtual
async def test_usage_is_told_in_whole_seconds() -> None:
    async with joined(World()) as (client, _, _):
        await asyncio.sleep(30)
        usage = [event["usage"]["seconds"] for event in client.of("session.usage.updated")]
        assert usage == [8, 16, 24]
        assert all(
            5 <= after - before <= 10 for before, after in itertools.pairwise(client.when("session.usage.updated"))
        )


@virtual
async def test_a_session_lasts_as_long_as_it_may_and_idles_as_long_as_it_may() -> None:
    settings = Settings(live=LiveSettings(session_minutes=2, idle_seconds=50))
    async with joined(World(), settings) as (client, _, running):
        for _ in range(100):
            await asyncio.sleep(1.5)
            client.append(silence(0.1))
            if running.done():
                break
        assert now() == pytest.approx(120, abs=2)
        assert last(client)["reason"] == "expired"
    begun = now()
    async with joined(World(), settings) as (client, _, running):
        await running
        assert now() - begun == pytest.approx(50, abs=1)
        assert last(client)["reason"] == "expired"


@virtual
async def test_a_fixture_is_whole_and_nothing_is_heard_meanwhile() -> None:
    async with joined(World()) as (client, session, _):
        client.commentary(LONG)
        await client.until(OUTPUT)
        recording = np.full(24_000, 5000, "<i2").tobytes()
        session.state.start(session.state.play_fixture(recording, "f"), "fixture")
        await client.say(tone(0.5))
        assert session.state.fixture
        played = await client.until("session.output_audio.fixture.played")
        assert played["client_event_id"] == "f"
        assert b"".join(frame.pcm for _, frame in client.frames).count(recording) == 1
        await asyncio.sleep(2)
        assert not client.of("session.delegation.created")
        client.commentary("after it")
        await client.until(OUTPUT, lambda event: "after" in event["delta"])
