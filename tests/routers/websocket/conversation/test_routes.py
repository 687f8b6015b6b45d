"""WS /ws/conversation/v2 on a real socket: turns, typed text, push to talk, interruptions, resuming, text mode."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from tests.patient import PATIENCE
from tests.routers.websocket.caller import Caller, calling, silence, spoken
from tests.server import RunningServer


async def reply(caller: Caller, text: str) -> dict[str, Any]:
    """A typed message; its reply when it is done."""
    await caller.send("text", text=text)
    return await caller.until("reply.done")


async def test_it_greets_with_what_holds(server: RunningServer) -> None:
    async with calling(server, rate=8000, format="pcmu", output_rate=16_000, voice="high", silence_ms=300) as caller:
        created = caller.events[0]
    assert created["resumed"] is False
    assert created["history"] == 0
    assert created["input"] == {"format": "pcmu", "rate": 8000}
    assert created["output"] == {"format": "pcm_s16le", "rate": 16_000}
    assert created["config"]["voice"] == "high"
    assert created["config"]["silence_ms"] == 300
    assert created["config"]["mode"] == "voice"
    assert len(created["session"]) == 32


async def test_a_spoken_turn(server: RunningServer) -> None:
    async with calling(server, words="true") as caller:
        await caller.say(silence(0.3), spoken(), silence(1.0))
        metrics = await caller.until("turn_metrics")
        await caller.alive()
    told = [type for type in caller.types() if type not in ("partial", "reply.delta", "pong")]
    assert told == [
        "session.created",
        "speech_start",
        "speech_end",
        "state",
        "transcript",
        "reply.start",
        "state",
        "reply.done",
        "state",
        "turn_metrics",
    ]
    assert [state["state"] for state in caller.of("state")] == ["thinking", "speaking", "listening"]
    start, end = caller.of("speech_start")[0], caller.of("speech_end")[0]
    assert 0 <= start["at_ms"] < 400
    assert 1500 < end["at_ms"] < 2200
    transcript, done = caller.of("transcript")[0], caller.of("reply.done")[0]
    assert transcript["text"] == "word0 word1"
    assert [word["text"] for word in transcript["words"]] == ["word0", "word1"]
    assert "".join(partial["stable_delta"] for partial in caller.of("partial")) == transcript["text"]
    assert done["status"] == "completed"
    assert done["text"].strip() == done["heard"].strip() == "word0 word1"
    assert "".join(delta["text"] for delta in caller.of("reply.delta")) == done["text"]
    generation = done["generation"]
    assert {frame[0] for frame in caller.frames} == {generation}
    assert [frame[1] for frame in caller.frames] == list(range(len(caller.frames)))
    assert caller.seconds(generation) == pytest.approx(done["seconds"], abs=0.01)
    assert caller.seconds(generation) == pytest.approx(len("word0 word1") * 0.06, abs=0.1)
    assert metrics["generation"] == generation
    assert metrics["turn"] == transcript["turn"] == done["turn"]
    assert metrics["transcript_ms"] <= metrics["first_audio_ms"] <= metrics["first_byte_ms"]


async def test_a_typed_message(server: RunningServer) -> None:
    async with calling(server) as caller:
        done = await reply(caller, "good day")
        assert done["text"] == "good day"
        assert caller.seconds(done["generation"]) == pytest.approx(0.48, abs=0.05)


async def test_typing_ends_a_reply_that_is_spoken(server: RunningServer) -> None:
    async with calling(server, reply="template") as caller:
        await caller.send("text", text="one")
        first = await caller.audio(0.2)
        await caller.send("text", text="two")
        done = await caller.until("reply.done")
        assert (done["generation"], done["status"]) == (first, "cancelled")
        second = await caller.until("reply.start", lambda event: event["generation"] != first)
        await caller.audio(0.2, second["generation"])
        await caller.send("cancel")
        await caller.until("reply.done")


async def test_push_to_talk(server: RunningServer) -> None:
    async with calling(server, turn_detection="false") as caller:
        await caller.say(spoken(), silence(1.5), spoken())
        await caller.alive()
        assert caller.of("transcript") == []
        await caller.send("commit")
        transcript = await caller.until("transcript")
        assert transcript["text"] == "word0 word1 word0 word1", "both, each a region as in a file"
        done = await caller.until("reply.done")
        assert done["status"] == "completed"


async def test_what_was_said_can_be_forgotten(server: RunningServer) -> None:
    async with calling(server, turn_detection="false") as caller:
        await caller.say(spoken())
        await caller.send("clear")
        await caller.say(spoken(1.0))
        await caller.send("commit")
        assert (await caller.until("transcript"))["text"] == "word0"
        await caller.until("reply.done")


async def test_text_mode_sends_no_audio(server: RunningServer) -> None:
    async with calling(server, mode="text") as caller:
        done = await reply(caller, "quietly")
        assert caller.of("reply.start")[0]["spoken"] is False
        assert done["text"] == done["heard"] == "quietly"
        assert caller.frames == []
        await caller.say(spoken(), silence(1.0))
        await caller.until("reply.done")
        assert caller.frames == []


async def test_the_session_can_be_changed_in_the_middle(server: RunningServer) -> None:
    async with calling(server) as caller:
        await caller.send("session.update", config={"reply": "template", "voice": "high"})
        updated = await caller.until("session.updated")
        assert updated["config"]["reply"] == "template"
        assert updated["config"]["voice"] == "high"
        await caller.send("text", text="something")
        await caller.audio(0.2)
        await caller.send("session.update", config={"mode": "text", "silence_ms": 400, "turn_detection": False})
        updated = await caller.until("session.updated")
        assert (updated["config"]["reply"], updated["config"]["mode"]) == ("template", "text")
        done = await caller.until("reply.done")
        assert done["status"] == "completed"
        assert (await reply(caller, "more"))["seconds"] == 0


@pytest.mark.parametrize("name", ["voice", "voice_id", "predefined_voice_id"])
async def test_a_field_is_changed_by_each_of_its_names(server: RunningServer, name: str) -> None:
    async with calling(server) as caller:
        for voice in ("high", None):
            await caller.send("session.update", config={name: voice})
            assert (await caller.until("session.updated"))["config"]["voice"] == voice


@pytest.mark.parametrize(
    ("config", "code", "param"),
    [
        ({"voice": "nobody"}, "unknown_voice", "voice"),
        ({"tts": "nothing"}, "unknown_engine", "tts"),
        ({"stt": "nothing"}, "unknown_engine", "stt"),
        ({"silence_ms": 5}, "invalid_parameter", "silence_ms"),
        ({"reply": "parrot"}, "invalid_parameter", "reply"),
        ({"colour": "red"}, "invalid_parameter", "colour"),
        ({"speed": "fast"}, "invalid_parameter", "speed"),
        ({"tools": [{"name": ""}]}, "invalid_parameter", "tools.0.name"),
    ],
)
async def test_a_bad_change_changes_nothing(
    server: RunningServer, config: dict[str, Any], code: str, param: str
) -> None:
    async with calling(server) as caller:
        await caller.send("session.update", config={"instructions": "x"} | config)
        error = await caller.until("error")
        assert error["code"] == code
        assert error["fatal"] is False
        assert error["param"] == param
        assert (await reply(caller, "still here"))["text"] == "still here"
        await caller.send("session.update", config={})
        assert (await caller.until("session.updated"))["config"] == caller.events[0]["config"]


async def test_speaking_over_a_long_reply_ends_it(server: RunningServer) -> None:
    async with calling(server, reply="template") as caller:
        await caller.say(spoken(), silence(0.8), live=True)
        first = await caller.audio(0.6)
        await asyncio.gather(caller.say(spoken(), silence(1.0), live=True), caller.until("interrupted"))
        interrupted = caller.of("interrupted")[0]
        done = await caller.until("reply.done")
        second = await caller.until("reply.start", lambda event: event["generation"] != first)
        await caller.send("cancel")
        await caller.until("reply.done")
    assert caller.types().index("duck") < caller.types().index("interrupted")
    assert interrupted["generation"] == first
    assert (done["generation"], done["status"]) == (first, "interrupted")
    assert 0 < len(done["heard"]) < len(done["text"])
    assert done["text"].startswith(done["heard"])
    at = caller.events.index(interrupted)
    assert [frame for frame in caller.frames if frame[0] == first and frame[3] > at + 1] == []
    assert second["generation"] > first


async def test_a_history_survives_a_dropped_connection(server: RunningServer) -> None:
    async with calling(server, mode="text") as caller:
        session = caller.events[0]["session"]
        await reply(caller, "remember this")
        caller.connection.transport.abort()
    async with calling(server, mode="text", session=session) as caller:
        created = caller.events[0]
        assert (created["session"], created["resumed"], created["history"]) == (session, True, 2)
        await reply(caller, "and this")
        await caller.send("close")
        assert await caller.ended() == 1000
    async with calling(server, session=session) as caller:
        assert caller.events[0]["history"] == 4


async def test_who_resumes_a_session_takes_it_over(server: RunningServer) -> None:
    """Also in the middle of a reply: what was heard of it is in the history."""
    async with calling(server, reply="template") as older:
        session = older.events[0]["session"]
        await older.send("text", text="go on")
        await older.audio(0.3)
        async with calling(server, session=session) as newer:
            assert (newer.events[0]["resumed"], newer.events[0]["history"]) == (True, 2)
            error = await older.until("error")
            assert (error["code"], error["param"], error["fatal"]) == ("conflict", "session", True)
            assert error["retryable"] is False
            assert await older.ended() == 1008
            await newer.alive()


async def test_a_session_that_nobody_knows(server: RunningServer) -> None:
    async with calling(server, greeted=False, session="made-up") as caller:
        error = await caller.until("error")
        assert (error["code"], error["param"], error["fatal"]) == ("not_found", "session", True)
        assert "made-up" not in error["message"]
        assert await caller.ended() == 1008


async def test_when_all_places_are_taken_the_next_is_refused_before_it_is_accepted(server: RunningServer) -> None:
    async with asyncio.TaskGroup() as group:
        leave = asyncio.Event()
        inside = asyncio.Semaphore(0)

        async def stay() -> None:
            async with calling(server):
                inside.release()
                await leave.wait()

        for _ in range(6):
            group.create_task(stay())
        async with asyncio.timeout(PATIENCE):
            for _ in range(6):
                await inside.acquire()
        with pytest.raises(InvalidStatus) as refused:
            async with calling(server):
                pass
        leave.set()
    assert refused.value.response.status_code == 503
    assert int(refused.value.response.headers["Retry-After"]) > 0
    assert b'"busy"' in refused.value.response.body


@pytest.mark.parametrize("query", [{"rate": 100}, {"format": "mp3"}, {"mode": "dance"}, {"output_rate": "many"}])
async def test_a_bad_query_is_refused_before_it_is_accepted(server: RunningServer, query: dict[str, Any]) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with calling(server, **query):
            pass
    assert refused.value.response.status_code == 422


@pytest.mark.parametrize("query", [{"voice": "nobody"}, {"tts": "nothing"}, {"stt": "nothing"}])
async def test_what_no_engine_can_do_is_told_and_ends_it(server: RunningServer, query: dict[str, Any]) -> None:
    async with calling(server, greeted=False, **query) as caller:
        error = await caller.until("error")
        assert error["fatal"] is True
        assert error["param"] == next(iter(query))
        assert await caller.ended() == 1008
