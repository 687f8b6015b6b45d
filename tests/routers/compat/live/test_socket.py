"""Live sessions of the official client on a real socket."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from typing import Any

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed

from stts.errors import Busy
from stts.settings import LiveSettings
from tests import patient
from tests.routers.compat.live.conftest import KEY, Served, serving
from tests.routers.compat.live.talk import Talk, silence, tone
from tests.stts.conversation.caller import World

pytestmark = [pytest.mark.socket, pytest.mark.long]

OUTPUT = "session.output_transcript.delta"


async def closed(talk: Talk) -> int:
    """Reads to the end. Returns the close code."""
    with pytest.raises(ConnectionClosed) as ended:
        while True:
            await talk.next()
    assert ended.value.rcvd is not None
    return ended.value.rcvd.code


async def test_a_session_starts_is_silent_and_closes(served: Served) -> None:
    async with served.talk() as talk:
        session = await talk.start(instructions=" ", delegation=None)
        assert session["id"].startswith("live_")
        assert session["status"] == "active"
        assert session["delegation"] == {"type": "client"}
        assert session["audio"] == {"format": {"type": "audio/pcm", "rate": 24_000}, "output": {"voice": "marin"}}
        await talk.listen(1.0)
        await talk.send("session.close", event_id="bye")
        assert await closed(talk) == 1000
    last = talk.events[-1]
    assert (last["type"], last["reason"], last["client_event_id"]) == ("session.closed", "close_requested", "bye")
    assert last["session"]["status"] == "active"
    assert not any(talk.sound())
    seconds = len(talk.sound()) / 2 / 24_000
    assert 0.9 <= seconds <= last["usage"]["seconds"] + 0.6


async def test_the_app_is_the_brain(served: Served) -> None:
    async with served.talk() as talk:
        await talk.start()
        await talk.say(tone(0.9), silence(0.8))
        created = await talk.until("session.delegation.created")
        assert talk.text("input") == "word0 word1 word2"
        assert created["delegation"]["target"] == "client"
        await talk.send("session.thinking.append", content="Hmm.", delegation_id=created["delegation"]["id"])
        await talk.send("session.commentary.append", content="one two three", delegation_id=None, event_id="c1")
        appended = await talk.until("session.commentary.appended")
        assert appended["client_event_id"] == "c1"
        assert appended["start_ms"] == appended["end_ms"]
        before = len(talk.audio)
        await talk.until(OUTPUT, lambda event: event["delta"].endswith("three"))
        await talk.listen(0.4)
        assert talk.text("output") == "one two three"
        assert any(any(data) for _, data in talk.audio[before:])
        assert not any(talk.audio[-1][1])
        await talk.send("session.close")
        assert await closed(talk) == 1000


async def test_commentaries_are_spoken_in_order_as_the_words_are_heard(served: Served) -> None:
    async with served.talk() as talk:
        await talk.start()
        for text in ("one two", "three four", "five"):
            await talk.send("session.commentary.append", content=text, delegation_id=None)
        await talk.until(OUTPUT, lambda event: event["delta"].endswith("five"))
        fragments = talk.of(OUTPUT)
    assert talk.text("output") == "one two three four five"
    assert len(fragments) == 5
    ends = [event["end_ms"] for event in fragments]
    assert ends == sorted(ends)
    assert all(event["start_ms"] < event["end_ms"] for event in fragments)
    # 60 ms of audio for each character: no word is told long before it is heard.
    assert ends[-1] - ends[0] >= 60 * len("two three four five") - 250


async def test_an_interruption_silences_the_output_and_drops_what_waits(served: Served) -> None:
    async with served.talk() as talk:
        await talk.start()
        long = " ".join(["a commentary that is long enough to be interrupted by somebody"] * 3)
        for text in (long, "never said"):
            await talk.send("session.commentary.append", content=text, delegation_id=None)
        await talk.until(OUTPUT)
        reading = asyncio.create_task(talk.until("session.delegation.created"))
        await talk.say(tone(0.9), silence(0.9))
        await reading
        # How soon it is silent is a matter of `test_session.py`, whose clock no other program holds up.
        assert any(talk.sound()) and not any(talk.audio[-1][1])
        assert long.startswith(talk.text("output").strip()) and len(talk.text("output")) < len(long) - 20


@pytest.mark.parametrize("type", ["audio/pcmu", "audio/pcma"])
async def test_g711_both_ways(served: Served, type: str) -> None:
    async with served.talk() as talk:
        session = await talk.start(audio={"format": {"type": type, "rate": 8000}})
        assert session["audio"]["format"] == {"type": type, "rate": 8000}
        loud = (b"\x00" if type == "audio/pcmu" else b"\x2a") * 800
        quiet = (b"\xff" if type == "audio/pcmu" else b"\xd5") * 800
        for data in [loud] * 7 + [quiet] * 9:
            await talk.append(data)
        await talk.until("session.delegation.created")
        assert talk.text("input").startswith("word0 word1")
        assert set(talk.sound()) == {quiet[0]}
        assert len(talk.audio[0][1]) == 800


async def test_pcm_at_16_khz(served: Served) -> None:
    async with served.talk() as talk:
        await talk.start(audio={"format": {"type": "audio/pcm", "rate": 16_000}})
        await talk.say(tone(0.7, 16_000), silence(0.8, 16_000), rate=16_000, pace=0)
        await talk.until("session.delegation.created")
        await talk.send("session.commentary.append", content="one two", delegation_id=None)
        await talk.until(OUTPUT)
        assert len(talk.audio[0][1]) == 3200


async def test_a_fixture_cuts_speech_and_covers_the_input(served: Served) -> None:
    async with served.talk() as talk:
        await talk.start()
        await talk.send(
            "session.commentary.append", content="a commentary that is cut by a recording", delegation_id=None
        )
        await talk.until(OUTPUT)
        recording = np.full(12_000, 5000, "<i2").tobytes()
        fixture = {"audio": b64encode(recording).decode()}
        await talk.send("session.output_audio.fixture.play", **fixture, event_id="f1")
        assert (await talk.until("session.output_audio.fixture.playing"))["client_event_id"] == "f1"
        await talk.send("session.output_audio.fixture.play", **fixture, event_id="f2")
        assert (await talk.error())["client_event_id"] == "f2"
        await talk.send("session.commentary.append", content="not now", delegation_id=None, event_id="c2")
        assert (await talk.error())["client_event_id"] == "c2"
        await talk.say(tone(0.4), silence(0.1))
        assert (await talk.until("session.output_audio.fixture.played"))["client_event_id"] == "f1"
        await talk.listen(1.0)
        assert recording in talk.sound()
        assert not talk.of("session.delegation.created")
        assert "recording" not in talk.text("output")
        long = b64encode(silence(30.01)).decode()
        await talk.send("session.output_audio.fixture.play", audio=long)
        assert (await talk.error())["code"] == "audio_too_long"


async def test_muted_a_half_said_utterance_ends_and_nothing_more_is_heard(served: Served) -> None:
    async with served.talk() as talk:
        await talk.start()
        await talk.say(tone(0.7))
        await talk.send("session.input_audio.mute", event_id="m")
        assert (await talk.until("session.input_audio.muted"))["client_event_id"] == "m"
        await talk.until("session.delegation.created")
        await talk.say(tone(0.9), silence(0.7), pace=0)
        await talk.send("session.input_audio.unmute")
        await talk.until("session.input_audio.unmuted")
        await talk.listen(0.5)
        assert len(talk.of("session.delegation.created")) == 1
        await talk.say(tone(0.7), silence(0.7))
        await talk.until("session.delegation.created")


async def test_input_that_stops_in_the_middle_is_at_its_end(served: Served) -> None:
    async with served.talk() as talk:
        await talk.start()
        await talk.say(tone(0.7))
        await talk.until("session.delegation.created")


async def test_an_append_as_first_message_is_an_error_and_no_crash(served: Served) -> None:
    async with served.talk() as talk:
        await talk.send("session.input_audio.append", audio="AAAA", event_id="early")
        error = await talk.error()
        assert (error["type"], error["client_event_id"]) == ("invalid_request_error", "early")
        assert await closed(talk) == 1008


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"model": "no-such-model"}, "forbidden", "session.model"),
    ({"model": ""}, "invalid_value", "session.model"),
    ({"audio": {"format": {"type": "audio/opus"}}}, "invalid_value", "session.audio.format.type"),
    ({"audio": {"format": {"type": "audio/pcm", "rate": 48_000}}}, "invalid_value", "session.audio.format.rate"),
    ({"delegation": {"type": "decisions", "decisions": {}}}, "invalid_value", "session.delegation.type"),
    ({"delegation": {"type": "nosuch"}}, "invalid_value", "session.delegation.type"),
    ({"instructions": "word " * 16_385}, "invalid_value", "session.instructions"),
    ({"store": True}, "invalid_value", "session.store"),
    ({"triggers": [{"type": "decisions"}]}, "invalid_value", "session.triggers"),
    ({"input": [{"role": "user", "content": [{"text": "x"}]}] * 129}, "invalid_value", "session.input"),
    ({"input": [{"role": "user", "content": [{"text": "word " * 8193}]}]}, "invalid_value", "session.input"),
    ({"input": [{"role": "system", "content": [{"text": "x"}]}]}, "invalid_value", "session.input.0.role"),
]


@pytest.mark.parametrize(("session", "code", "param"), REFUSED)
async def test_what_cannot_start_is_one_error_and_the_end(
    served: Served, session: dict[str, Any], code: str, param: str
) -> None:
    async with served.talk() as talk:
        await talk.send("session.start", session={"model": "gpt-live-1", **session}, event_id="s")
        error = await talk.error()
        assert (error["code"], error["param"], error["client_event_id"]) == (code, param, "s")
        assert await closed(talk) == 1008
    assert talk.types() == ["error"]


async def test_the_history_that_a_client_gives_and_the_longest_instructions(served: Served) -> None:
    items = [
        {"role": "developer", "content": [{"type": "input_text", "text": "Be kind."}]},
        {"role": "assistant", "type": "message", "content": [{"type": "output_text", "text": "Hello."}]},
    ]
    async with served.talk() as talk:
        session = await talk.start(input=items, instructions="word " * 16_384)
        assert [item["role"] for item in session["input"]] == ["developer", "assistant"]
        await talk.listen(0.3)
        assert talk.types() == ["session.started"]


async def test_unknown_fields_are_ignored_and_told_once(served: Served) -> None:
    async with served.talk() as talk:
        await talk.start(colour="red", audio={"output": {"voice": {"id": "marin"}, "speed": 2}})
        info = await talk.until("info")
        assert info["code"] == "ignored_parameters"
        assert "session.colour" in info["message"]
        assert "session.audio.output.speed" in info["message"]
        await talk.listen(0.3)
        assert len(talk.of("info")) == 1


async def test_strict_unknown_fields_are_refused(world: World) -> None:
    with serving(world, live=LiveSettings(strict=True)) as served:
        async with served.talk() as talk:
            await talk.send("session.start", session={"model": "gpt-live-1", "colour": "red"})
            error = await talk.error()
            assert (error["code"], error["param"]) == ("unknown_parameter", "session.colour")
            assert await closed(talk) == 1008
        async with served.talk() as talk:
            await talk.start()
            await talk.send("session.input_audio.mute", loudly=True, event_id="m")
            assert (await talk.error())["code"] == "unknown_parameter"
            await talk.send("session.input_audio.mute", event_id="m")
            await talk.until("session.input_audio.muted")


WRONG: list[dict[str, Any]] = [
    {"type": "session.start", "session": {"model": "gpt-live-1"}},
    {"type": "nosuch"},
    {"type": "session.input_audio.append", "audio": "#"},
    {"type": "session.commentary.append", "content": "word " * 501, "delegation_id": None},
    {"type": "session.commentary.append", "content": 7},
    {"type": "session.output_audio.fixture.play", "audio": "AAAA"},
    {"type": "response.create"},
    {"type": "response.item.create", "item": {"type": "function_call_output", "call_id": "c", "output": "o"}},
    {"type": "decision.create"},
    {"type": "transport.dtmf.send", "event": "1"},
    {"type": "session.update", "session": {"model": "other"}},
    {"type": "session.update", "session": {"delegation": {"type": "responses", "responses": {"model": "m"}}}},
    {"type": "session.update", "session": {"triggers": [{}]}},
    {"type": "session.close", "event_id": 7},
]


async def test_a_wrong_command_is_an_error_and_the_session_goes_on(served: Served) -> None:
    async with served.talk() as talk:
        await talk.start()
        for number, command in enumerate(WRONG):
            await talk.connection.send({"event_id": f"e{number}", **command})  # type: ignore[arg-type]
            error = await talk.error()
            assert error["code"] not in ("forbidden", "invalid_api_key", "insufficient_quota")
            assert command.get("event_id") == 7 or error["client_event_id"] == f"e{number}"
        await talk.connection.send_raw("no JSON")
        assert (await talk.error())["code"] == "invalid_request"
        await talk.connection.send_raw(json.dumps({"type": "session.input_audio.mute"}).encode())
        await talk.until("session.input_audio.muted")


async def test_a_flood_of_commentary_is_bounded(served: Served) -> None:
    async with served.talk() as talk:
        await talk.start()
        for _ in range(70):
            await talk.send("session.commentary.append", content="a long commentary", delegation_id=None)
        assert (await talk.error())["code"] == "conflict"


async def test_an_update_changes_the_delegation_only(served: Served) -> None:
    async with served.talk() as talk:
        await talk.start()
        delegation = {"type": "client", "acknowledgement_delay_ms": 200}
        await talk.send("session.update", session={"delegation": delegation, "triggers": []}, event_id="u")
        updated = await talk.until("session.updated")
        assert updated["client_event_id"] == "u"
        assert updated["session"]["delegation"] == delegation


@pytest.mark.parametrize("limits", [{"session_minutes": 0.01}, {"idle_seconds": 0.6}])
async def test_limits_of_time_are_expiry(world: World, limits: dict[str, float]) -> None:
    with serving(world, live=LiveSettings(**limits)) as served:
        async with served.talk() as talk:
            await talk.start()
            assert await closed(talk) == 1000
        assert talk.events[-1]["reason"] == "expired"


async def test_a_close_lets_speech_finish(served: Served) -> None:
    async with served.talk() as talk:
        await talk.start()
        for text in ("one two", "three"):
            await talk.send("session.commentary.append", content=text, delegation_id=None)
        await talk.send("session.close", event_id="x")
        await talk.send("session.commentary.append", content="late", delegation_id=None)
        assert (await talk.error())["code"] == "conflict"
        assert await closed(talk) == 1000
    assert talk.text("output") == "one two three"
    assert talk.events[-1]["client_event_id"] == "x"


async def test_a_server_that_stops_says_so_and_restarts_are_1012(world: World) -> None:
    with serving(world) as served:
        async with served.talk() as talk:
            await talk.start()
            draining = asyncio.create_task(served.drain())
            assert await closed(talk) == 1012
            await draining
        assert talk.events[-1]["reason"] == "connection_lost"
        assert not talk.of("error")


async def test_sidebands_hear_both_sides_and_command(served: Served) -> None:
    async with served.talk() as talk, served.client() as client:
        session = await talk.start(audio={"format": {"type": "audio/pcm", "rate": 16_000}})
        async with served.attached(client, session["id"]) as first, served.attached(client, session["id"]) as second:
            await first.until("session.started")
            await second.until("session.started")
            await first.send("session.input_audio.append", audio="AAAA", event_id="no")
            assert (await first.error())["client_event_id"] == "no"
            await talk.append(tone(0.1, 16_000))
            reflected = await first.until("session.input_audio.append")
            assert len(reflected["audio"]) > 3000
            await first.send("session.commentary.append", content="one", delegation_id=None)
            for each in (talk, first, second):
                await each.until(OUTPUT)
            assert not talk.of("error")
            await first.listen(0.5)
            assert any(first.sound())
            assert first.spans
            assert all(start % 50 == 0 and end - start in (50, 100) for start, end in first.spans)
            await client.live.sessions.hangup(session["id"])
            for each in (talk, first, second):
                assert await closed(each) == 1000
                assert each.events[-1]["reason"] == "close_requested"


async def test_nobody_attaches_to_what_is_not_theirs(guarded: Served) -> None:
    async with guarded.talk() as talk, guarded.client() as client, guarded.client("other") as stranger:
        session = await talk.start()
        with pytest.raises(Exception, match="HTTP 404"):
            async with guarded.attached(client, "live_none"):
                pass
        with pytest.raises(Exception, match="HTTP 401"):
            async with guarded.attached(stranger, session["id"]):
                pass
        for path in ("hangup", "fork"):
            async with patient.AsyncClient() as raw:
                answer = await raw.post(
                    f"{guarded.url}/v1/live/sessions/live_none/{path}", headers={"authorization": f"Bearer {KEY}"}
                )
            assert (answer.status_code, answer.json()["error"]["type"]) == (404, "not_found_error")


async def test_a_fork_is_refused_in_words(served: Served) -> None:
    async with served.client() as client, client.live.forks.connect(session_id="live_x") as connection:
        talk = Talk(connection)  # type: ignore[arg-type]
        assert "stored" in (await talk.error())["message"]
        assert await closed(talk) == 1008


@pytest.mark.parametrize(
    ("offered", "answered"),
    [
        (["realtime", f"openai-insecure-api-key.{KEY}"], "realtime"),
        ([f"openai-insecure-api-key.{KEY}"], f"openai-insecure-api-key.{KEY}"),
    ],
)
async def test_browsers_offer_the_key_as_a_subprotocol(guarded: Served, offered: list[Any], answered: str) -> None:
    url = f"{guarded.url.replace('http', 'ws')}/v1/live/sessions"
    async with patient.connect(url, subprotocols=offered) as socket:
        assert socket.subprotocol == answered
        await socket.send(json.dumps({"type": "session.start", "session": {"model": "auto"}}))
        assert json.loads(await socket.recv())["type"] == "session.started"


async def test_a_server_without_room_says_when_to_come_again(served: Served) -> None:
    served.world.full = Busy("All places are taken.")
    async with served.talk() as talk:
        await talk.send("session.start", session={"model": "gpt-live-1"})
        assert (await talk.error())["code"] == "busy"
        assert await closed(talk) == 1013


async def test_too_many_sidebands_are_refused(world: World) -> None:
    with serving(world, live=LiveSettings(sidebands=1)) as served:
        async with served.talk() as talk, served.client() as client:
            session = await talk.start()
            async with (
                served.attached(client, session["id"]) as first,
                served.attached(client, session["id"]) as second,
            ):
                await first.until("session.started")
                assert (await second.error())["code"] == "conflict"
                assert await closed(second) == 1008


async def test_a_sideband_that_leaves_leaves_the_session_alone(served: Served) -> None:
    async with served.talk() as talk, served.client() as client:
        session = await talk.start()
        async with served.attached(client, session["id"]) as first:
            await first.until("session.started")
        await talk.listen(0.3)
        async with served.attached(client, session["id"]) as first:
            await first.until("session.started")
            await first.send("session.close", event_id="from the side")
            assert await closed(talk) == 1000
        assert talk.events[-1]["client_event_id"] == "from the side"


async def test_a_client_that_vanishes_frees_its_place(served: Served) -> None:
    async with served.talk() as talk, served.client() as client:
        session = await talk.start()
        async with served.attached(client, session["id"]) as first:
            await first.until("session.started")
            talk.connection._connection.transport.abort()
            assert await closed(first) == 1000
            assert first.events[-1]["reason"] == "connection_lost"
