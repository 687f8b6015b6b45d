"""A session under a virtual clock: turns, interruptions, false alarms, speculation, faults, and nothing left behind."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from stts.chat import Message, ReplyConfig
from stts.conversation.config import ReplyOrder, SessionConfig
from stts.conversation.events import (
    AudioFrame,
    Ducked,
    Failed,
    FinalTranscript,
    Interrupted,
    PartialTranscript,
    ReplyDelta,
    ReplyEnded,
    ReplyStarted,
    Resumed,
    SpeechStarted,
    SpeechStopped,
    TranscriptFailed,
    TurnCommitted,
    TurnMetrics,
    Unducked,
)
from stts.conversation.state import State
from stts.errors import Conflict, EngineCrashed, ReplyFailed
from stts.vad.rules import TurnRules
from tests.stts.conversation.caller import Caller, World, calling, silence, tone
from tests.virtual import now, virtual

LONG = "this reply is so long that somebody may well want to say something before it has come to its end"
TEXT_ONLY = replace(SessionConfig(), speak=None)


async def started(caller: Caller, seconds: float = 0.6) -> None:
    """Somebody says something, and a good part of the reply is heard."""
    await caller.say(tone(0.7), silence(0.6))
    first = await caller.until(AudioFrame)
    while caller.seconds(first.generation) < seconds:
        await caller.say(silence(0.1))


@virtual
async def test_a_turn_is_heard_answered_and_measured() -> None:
    world = World()
    async with calling(world) as caller:
        await caller.say(silence(1.0), tone(0.95), silence(0.7))
        ended = await caller.until(ReplyEnded)
        metrics = await caller.until(TurnMetrics)
    assert caller.names() == [
        "SpeechStarted",
        "SpeechStopped",
        "TurnCommitted",
        "FinalTranscript",
        "ReplyStarted",
        "ReplyEnded",
        "TurnMetrics",
    ]
    assert caller.of(FinalTranscript)[0].text == "word0 word1 word2"
    assert "".join(delta.text for delta in caller.of(ReplyDelta)) == "word0 word1 word2 "
    assert "".join(partial.stable_delta for partial in caller.of(PartialTranscript)) == "word0 word1 word2"
    assert ended.status == "completed"
    assert ended.seconds == pytest.approx(caller.seconds(ended.generation))
    assert ended.seconds == pytest.approx(18 * 0.06, abs=0.04)
    assert [frame.sequence for frame in caller.of(AudioFrame)] == list(range(len(caller.of(AudioFrame))))
    assert metrics.first_byte is not None
    assert 500 <= metrics.first_byte < 700


@virtual
async def test_speech_is_back_dated_to_its_prefix() -> None:
    async with calling(World()) as caller:
        await caller.say(silence(1.0), tone(0.95), silence(0.7))
        start = await caller.until(SpeechStarted)
        stop = await caller.until(SpeechStopped)
    assert start.at == pytest.approx(1.0 - TurnRules().prefix, abs=0.05)
    assert stop.at == pytest.approx(1.95, abs=0.05)


@virtual
async def test_audio_is_paced_and_never_too_far_ahead() -> None:
    async with calling(World(reply=LONG)) as caller:
        await caller.say(tone(0.7), silence(0.7))
        await caller.until(ReplyEnded)
    begun = caller.when(AudioFrame)[0]
    sent = 0.0
    for at, event in caller.told:
        if isinstance(event, AudioFrame):
            sent += event.seconds
            assert sent <= at - begun + SessionConfig().ahead + 0.05  # type: ignore[operator]
    assert caller.when(ReplyEnded)[0] - begun == pytest.approx(sent, abs=0.05)


@virtual
async def test_speaking_over_a_reply_ducks_it_then_ends_it() -> None:
    world = World(reply=LONG)
    async with calling(world) as caller:
        await started(caller)
        onset = now()
        await caller.say(tone(0.8), silence(0.6))
        ended = await caller.until(ReplyEnded)
        await caller.until(ReplyStarted, lambda event: event.generation != ended.generation)
    duck, interrupted = caller.when(Ducked)[0], caller.when(Interrupted)[0]
    assert duck - onset <= 0.15
    assert interrupted - onset <= 0.6
    assert ended.status == "interrupted"
    frames = [(at, event) for at, event in caller.told if isinstance(event, AudioFrame)]
    assert all(at <= interrupted for at, frame in frames if frame.generation == ended.generation)
    assert ended.heard
    assert LONG.startswith(ended.heard.strip())
    assert len(ended.heard) < len(LONG)
    assert world.replies[-1].messages[1] == Message("assistant", ended.heard)


@virtual
@pytest.mark.parametrize("seconds", [0.06, 0.2])
async def test_a_noise_is_ducked_at_most(seconds: float) -> None:
    async with calling(World(reply=LONG)) as caller:
        await started(caller)
        await caller.say(tone(seconds), silence(0.5))
        ended = await caller.until(ReplyEnded)
    assert ended.status == "completed"
    assert caller.of(Interrupted) == []
    assert len(caller.of(Ducked)) == len(caller.of(Unducked))
    assert len(caller.of(SpeechStarted)) == 1


@virtual
async def test_words_heard_in_a_cough_do_not_make_it_an_interruption(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.stts.conversation.caller.WORD_SECONDS", 0.08)
    async with calling(World(reply=LONG)) as caller:
        await started(caller)
        await caller.say(tone(0.2), silence(0.5))
        ended = await caller.until(ReplyEnded)
    assert ended.status == "completed"
    assert caller.of(Interrupted) == []


@virtual
async def test_an_interruption_without_words_lets_the_reply_go_on_where_it_was_cut() -> None:
    world = World(reply=LONG)
    async with calling(world) as caller:
        await started(caller)
        world.words = "mhm"
        await caller.say(tone(0.7), silence(0.6))
        await caller.until(Resumed)
        ended = await caller.until(ReplyEnded)
    interrupted = caller.of(Interrupted)[0]
    assert ended.status == "completed"
    assert ended.heard == ended.text
    index = next(index for index, (_, event) in enumerate(caller.told) if isinstance(event, Resumed))
    after = sum(event.seconds for _, event in caller.told[index:] if isinstance(event, AudioFrame))
    assert interrupted.heard + after == pytest.approx(ended.seconds, abs=0.05)
    assert len(world.replies) == 1


@virtual
async def test_without_resuming_an_interruption_is_the_end_at_once() -> None:
    async with calling(World(reply=LONG), replace(SessionConfig(), resume=False)) as caller:
        await started(caller)
        await caller.say(tone(0.6))
    names = caller.names()
    assert names.index("ReplyEnded") < len(names) - 1 - names[::-1].index("SpeechStarted")


@virtual
async def test_a_reply_that_may_not_be_interrupted_is_heard_out_and_then_the_user_is_answered() -> None:
    world = World(reply=LONG)
    rules = replace(TurnRules(), interrupt=False)
    async with calling(world, replace(SessionConfig(), turns=rules)) as caller:
        await started(caller)
        await caller.say(tone(0.7), silence(0.6))
        first = await caller.until(ReplyEnded)
        await caller.until(ReplyEnded, lambda event: event.generation != first.generation)
    assert first.status == "completed"
    assert [message.role for message in world.replies[-1].messages] == ["user", "assistant", "user"]


@virtual
async def test_a_reply_is_prepared_in_a_pause_and_dropped_when_the_user_goes_on() -> None:
    world = World()
    async with calling(world) as caller:
        await caller.say(tone(0.7), silence(0.35), tone(0.7), silence(0.7))
        ended = await caller.until(ReplyEnded)
        metrics = await caller.until(TurnMetrics)
    assert len(caller.of(ReplyStarted)) == 1
    assert len(world.replies) == 2
    assert world.replies[0].messages[-1].text == "word0 word1"
    assert ended.text == "word0 word1 word2 word3 "
    assert metrics.speculative


@virtual
async def test_a_late_transcript_costs_its_time_and_no_more() -> None:
    async with calling(World(finishing=0.4), replace(SessionConfig(), speculate=False)) as caller:
        await caller.say(tone(0.7), silence(1.2))
        metrics = await caller.until(TurnMetrics)
    assert metrics.transcript is not None
    assert metrics.transcript == pytest.approx(900, abs=60)


@virtual
async def test_speaking_again_while_the_words_are_awaited_makes_one_reply_to_both() -> None:
    world = World(finishing=1.0)
    async with calling(world, replace(SessionConfig(), speculate=False)) as caller:
        await caller.say(tone(0.7), silence(0.6), tone(0.7), silence(2.0))
        await caller.until(ReplyEnded)
    assert len(world.replies) == 1
    assert [message.role for message in world.replies[0].messages] == ["user", "user"]


@virtual
async def test_push_to_talk_hears_everything_up_to_the_commit() -> None:
    async with calling(World(), replace(SessionConfig(), turns=None)) as caller:
        await caller.say(silence(0.3), tone(0.6), silence(2.0), tone(0.3))
        caller.session.commit()
        committed = await caller.until(TurnCommitted)
        await caller.until(ReplyEnded)
    assert committed.seconds == pytest.approx(3.2, abs=0.05)
    assert caller.of(SpeechStarted) == []
    assert caller.of(FinalTranscript)[0].text == "word0 word1 word2"


@virtual
async def test_there_is_nothing_to_commit_before_anything_was_heard() -> None:
    async with calling(World()) as caller:
        with pytest.raises(Conflict, match="no audio"):
            caller.session.commit()
        await caller.say(tone(0.5))
        caller.session.clear()
        with pytest.raises(Conflict, match="no audio"):
            caller.session.commit()
    assert caller.of(TurnCommitted) == []


@virtual
async def test_a_commit_ends_a_turn_at_once() -> None:
    async with calling(World()) as caller:
        await caller.say(tone(0.7))
        caller.session.commit()
        await caller.until(FinalTranscript)
        await caller.until(ReplyEnded)
    assert caller.of(FinalTranscript)[0].text == "word0 word1"


@virtual
async def test_a_typed_message_is_answered_and_only_one_reply_is_active() -> None:
    async with calling(World()) as caller:
        caller.session.say("how do you do")
        with pytest.raises(Conflict, match="active"):
            caller.session.say("again")
        ended = await caller.until(ReplyEnded)
        assert caller.session.active is None
    assert ended.text == "how do you do "


@virtual
async def test_a_reply_in_text_only_ends_without_audio() -> None:
    async with calling(World(), TEXT_ONLY) as caller:
        caller.session.say("quietly")
        ended = await caller.until(ReplyEnded)
    assert caller.of(AudioFrame) == []
    assert ended.status == "completed"
    assert ended.heard == ended.text


@virtual
async def test_cancelling_ends_the_reply_and_says_what_was_heard() -> None:
    async with calling(World(reply=LONG)) as caller:
        await started(caller, 1.0)
        assert caller.session.cancel()
        assert not caller.session.cancel()
        ended = await caller.until(ReplyEnded)
        count = len(caller.of(AudioFrame))
        await caller.say(silence(0.5))
        assert len(caller.of(AudioFrame)) == count
        assert caller.session.state is State.LISTENING
    assert ended.status == "cancelled"
    assert 0 < len(ended.heard) < len(LONG)


@virtual
async def test_what_the_client_has_played_counts() -> None:
    async with calling(World(reply=LONG)) as caller:
        await started(caller, 1.5)
        caller.session.played(caller.of(ReplyStarted)[0].generation, 0.0)
        caller.session.cancel()
        ended = await caller.until(ReplyEnded)
    assert ended.heard == ""


@virtual
async def test_a_reply_aside_takes_no_turn_and_leaves_no_trace() -> None:
    world = World()
    async with calling(world) as caller:
        caller.session.say("first of all")
        order = ReplyOrder((Message("user", "by the way"),), ReplyConfig(), out_of_band=True, tag="mine", silent=True)
        generation = caller.session.respond(order)
        out_of_band = await caller.until(ReplyEnded, lambda event: event.generation == generation)
        main = await caller.until(ReplyEnded, lambda event: event.generation != generation)
        texts = [item.message.text for item in caller.session.history.items]
    assert out_of_band.text == "by the way "
    assert main.text == "first of all "
    assert texts == ["first of all", "first of all "]
    assert [event.tag for event in caller.of(ReplyStarted)] == [None, "mine"]


@virtual
async def test_a_session_that_only_transcribes_never_replies() -> None:
    world = World()
    async with calling(world, replace(SessionConfig(), reply=None, speak=None)) as caller:
        await caller.say(tone(0.7), silence(0.7), tone(0.4), silence(0.7))
        await caller.until(FinalTranscript, lambda event: event.turn == 2)
        assert caller.session.state is State.LISTENING
    assert [event.text for event in caller.of(FinalTranscript)] == ["word0 word1", "word0"]
    assert world.replies == []


@virtual
async def test_an_engine_that_fails_in_the_middle_of_a_turn_costs_the_turn() -> None:
    world = World(deaf=EngineCrashed("It died."))
    async with calling(world) as caller:
        await caller.say(tone(0.7), silence(0.7))
        failed = await caller.until(TranscriptFailed)
        world.deaf = None
        await caller.say(tone(0.7), silence(0.7))
        await caller.until(ReplyEnded)
    assert failed.error.code == "engine_crashed"
    assert len(caller.of(ReplyStarted)) == 1


@virtual
async def test_words_that_never_come_cost_the_turn() -> None:
    world = World(finishing=1000.0)
    async with calling(world, replace(SessionConfig(), transcript_timeout=5.0, speculate=False)) as caller:
        await caller.say(tone(0.7), silence(0.7))
        failed = await caller.until(TranscriptFailed)
        world.finishing = 0.0
        await caller.say(tone(0.7), silence(0.7))
        await caller.until(ReplyEnded)
    assert failed.error.code == "engine_timeout"


@virtual
@pytest.mark.parametrize("fault", ["mute", "dumb"])
async def test_a_reply_that_fails_is_told_once_and_the_session_lives(fault: str) -> None:
    world = World()
    async with calling(world) as caller:
        setattr(world, fault, ReplyFailed("It broke."))
        caller.session.say("one two three")
        ended = await caller.until(ReplyEnded)
        setattr(world, fault, None)
        caller.session.say("four")
        again = await caller.until(ReplyEnded, lambda event: event.generation != ended.generation)
    assert ended.status == "failed"
    assert ended.error is not None
    assert again.status == "completed"


@virtual
async def test_of_a_reply_that_fails_only_what_was_played_was_heard() -> None:
    world = World(mute=ReplyFailed("It broke."))
    async with calling(world) as caller:
        caller.session.say("one two three")
        ended = await caller.until(ReplyEnded)
        remembered = caller.session.history.items[-1]
    assert (ended.status, ended.heard) == ("failed", "")
    assert ended.text
    assert (remembered.message.text, remembered.status) == ("", "incomplete")


@virtual
async def test_what_was_said_of_a_reply_before_it_failed_was_heard() -> None:
    world = World(dumb=ReplyFailed("It broke."), reply="Hello there")
    async with calling(world) as caller:
        caller.session.say("good day")
        ended = await caller.until(ReplyEnded)
        remembered = caller.session.history.items[-1]
    assert ended.status == "failed"
    assert ended.heard == remembered.message.text == "Hello"


@virtual
async def test_a_reply_in_text_only_that_fails_was_read_as_far_as_it_was_written() -> None:
    world = World(dumb=ReplyFailed("It broke."), reply="one two three")
    async with calling(world, TEXT_ONLY) as caller:
        caller.session.say("count")
        ended = await caller.until(ReplyEnded)
    assert ended.status == "failed"
    assert ended.heard == ended.text


@virtual
async def test_a_deaf_house_is_told_once() -> None:
    world = World()
    async with calling(world) as caller:
        world.voice.error = EngineCrashed("It died.")
        await caller.say(tone(0.5))
        world.voice.error = None
        await caller.say(silence(0.2), tone(0.7), silence(0.7))
        await caller.until(ReplyEnded)
    assert len(caller.of(Failed)) == 1


@virtual
async def test_the_idle_prompt_is_spoken_when_nobody_speaks() -> None:
    config = replace(SessionConfig(), prompt="are you there", prompt_after=8.0)
    async with calling(World(), config) as caller:
        ended = await caller.until(ReplyEnded)
        assert now() >= 8.0
        again = await caller.until(ReplyEnded, lambda event: event.generation != ended.generation)
        assert now() >= 16.0
    assert (ended.text, again.text) == ("are you there", "are you there")


@virtual
async def test_what_is_configured_holds_from_the_next_turn() -> None:
    async with calling(World()) as caller:
        await caller.session.configure(TEXT_ONLY)
        caller.session.say("hello")
        await caller.until(ReplyEnded)
    assert caller.of(AudioFrame) == []


@virtual
async def test_a_caller_who_hangs_up_leaves_nothing_whatever_goes_on() -> None:
    for seconds in (0.1, 0.5, 0.9, 1.15, 1.3, 2.0):
        world = World(reply=LONG, finishing=0.1, token_seconds=0.05)
        async with calling(world) as caller:
            whole = (tone(0.7), silence(1.0), tone(0.7))
            talking = asyncio.create_task(caller.say(*whole))
            await asyncio.sleep(seconds)
            talking.cancel()
            await asyncio.wait([talking])
