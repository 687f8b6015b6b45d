"""Answers and events when things happen at the same time. Under a virtual clock."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from stts.context import RequestContext
from stts.conversation.config import SessionConfig
from stts.conversation.events import (
    AudioFrame,
    Ducked,
    FinalTranscript,
    Interrupted,
    ReplyDelta,
    ReplyEnded,
    ReplyStarted,
    Resumed,
    SpeechStarted,
    SpeechStopped,
    TranscriptFailed,
    TurnMetrics,
    Unducked,
)
from stts.conversation.history import History
from stts.conversation.session import ConversationSession
from stts.conversation.state import State
from stts.engine_api import Samples
from stts.errors import Conflict, EngineCrashed
from stts.protocols import HearRequest
from stts.streams.channel import Channel
from stts.transcription import TranscriptEvent, TranscriptionConfig
from stts.vad.rules import TurnRules
from tests.stts.conversation.caller import Caller, World, calling, silence, tone
from tests.virtual import now, virtual

LONG = "this reply is so long that somebody may well want to say something before it has come to its end"
RULES = TurnRules()
UNINTERRUPTED = replace(SessionConfig(), turns=replace(RULES, interrupt=False))
UNPREPARED = replace(SessionConfig(), speculate=False)


async def started(caller: Caller, seconds: float = 0.6) -> None:
    await caller.say(tone(0.7), silence(0.6))
    first = await caller.until(AudioFrame)
    while caller.seconds(first.generation) < seconds:
        await caller.say(silence(0.1))


class TestAnswers:
    @virtual
    async def test_a_turn_that_was_talked_over_by_nothing_is_answered_all_the_same(self) -> None:
        world = World(finishing=1.0)
        async with calling(world, UNPREPARED) as caller:
            await caller.say(tone(0.7), silence(0.6))
            world.words = ""
            await caller.say(tone(0.4), silence(2.0))
            ended = await caller.until(ReplyEnded)
        assert [final.text for final in caller.of(FinalTranscript)] == ["word0 word1", ""]
        assert ended.text == "word0 word1 "

    @virtual
    async def test_an_interruption_that_was_talked_over_by_nothing_does_not_let_the_reply_go_on(self) -> None:
        world = World(reply=LONG, finishing=1.0)
        async with calling(world, UNPREPARED) as caller:
            await caller.say(tone(0.7), silence(1.7))
            await started_later(caller)
            await caller.say(tone(0.7), silence(0.6))
            world.words = "mhm"
            await caller.say(tone(0.4), silence(2.0))
            await caller.until(ReplyStarted, lambda event: event.generation > 1)
        assert caller.of(Resumed) == []
        assert caller.of(ReplyEnded)[0].status == "interrupted"

    @virtual
    async def test_words_that_come_after_the_reply_they_were_said_over_are_answered(self) -> None:
        world = World(reply="a reply that is a little longer than that")
        async with calling(world, UNINTERRUPTED) as caller:
            await caller.say(tone(0.7), silence(0.6))
            await caller.until(AudioFrame)
            world.finishing = 3.0
            await caller.say(tone(0.5), silence(0.6))
            await caller.until(ReplyEnded)
            assert len(caller.of(ReplyStarted)) == 1
            await caller.until(ReplyEnded, lambda event: event.generation > 1)
        assert len(world.replies) == 2

    @virtual
    async def test_what_was_said_over_a_reply_is_answered_once(self) -> None:
        world = World(reply=LONG)
        async with calling(world, UNINTERRUPTED) as caller:
            await started(caller)
            await caller.say(tone(0.7), silence(0.7))
            caller.session.cancel()
            world.reply = "yes"
            caller.session.say("a typed one")
            await caller.until(ReplyEnded, lambda event: event.status == "completed")
            await caller.say(silence(1.0))
        assert [ended.status for ended in caller.of(ReplyEnded)] == ["cancelled", "completed"]

    @virtual
    async def test_words_of_a_turn_that_was_cancelled_are_not_answered(self) -> None:
        world = World(finishing=1.0)
        async with calling(world, UNPREPARED) as caller:
            await caller.say(tone(0.7), silence(0.6))
            assert caller.session.state is State.THINKING
            assert caller.session.cancel()
            await caller.until(FinalTranscript)
            await caller.say(silence(2.0))
        assert world.replies == []

    @virtual
    async def test_a_typed_message_takes_the_place_of_words_that_are_awaited(self) -> None:
        world = World(finishing=1.0)
        async with calling(world, UNPREPARED) as caller:
            await caller.say(tone(0.7), silence(0.6))
            caller.session.say("typed")
            await caller.until(FinalTranscript)
            await caller.until(ReplyEnded)
            await caller.say(silence(2.0))
        assert len(world.replies) == 1

    @virtual
    async def test_cancelling_ends_a_reply_that_is_held(self) -> None:
        world = World(reply=LONG)
        async with calling(world) as caller:
            await started(caller)
            world.finishing = 2.0
            world.words = "mhm"
            await caller.say(tone(0.7), silence(0.7))
            assert caller.session.state is State.THINKING
            assert caller.session.cancel()
            ended = await caller.until(ReplyEnded)
            await caller.say(silence(3.0))
        assert ended.status == "interrupted"
        assert caller.of(Resumed) == []
        assert len(caller.of(ReplyEnded)) == 1


async def started_later(caller: Caller) -> None:
    first = await caller.until(AudioFrame)
    while caller.seconds(first.generation) < 0.6:
        await caller.say(silence(0.1))


class TestHeld:
    @virtual
    async def test_nothing_that_is_written_is_told_while_a_reply_is_held(self) -> None:
        world = World(reply=LONG, token_seconds=0.15)
        async with calling(world) as caller:
            await started(caller, 0.5)
            world.words = "mhm"
            await caller.say(tone(0.7), silence(0.7))
            await caller.until(Resumed)
            ended = await caller.until(ReplyEnded)
        held = False
        for _, event in caller.told:
            held = isinstance(event, Interrupted) or (held and not isinstance(event, Resumed))
            assert not (held and isinstance(event, ReplyDelta))
        assert "".join(delta.text for delta in caller.of(ReplyDelta)) == ended.text == LONG + " "

    @virtual
    @pytest.mark.parametrize("how", ["clear", "commit", "no interruptions", "no turns"])
    async def test_a_reply_that_was_ducked_never_stays_so(self, how: str) -> None:
        world = World(reply=LONG)
        async with calling(world) as caller:
            await started(caller)
            await caller.say(tone(0.1))
            await caller.until(Ducked)
            if how == "clear":
                caller.session.clear()
            elif how == "commit":
                caller.session.commit()
            elif how == "no interruptions":
                await caller.session.configure(UNINTERRUPTED)
                await caller.say(silence(0.6))
            else:
                await caller.session.configure(replace(SessionConfig(), turns=None))
                await caller.say(silence(0.1))
            await caller.until(Unducked)
        assert len(caller.of(Ducked)) == len(caller.of(Unducked))


class TestUnpaced:
    @virtual
    async def test_all_that_was_made_reaches_a_door_that_takes_its_time(self) -> None:
        config = replace(SessionConfig(), ahead=None)
        session = ConversationSession(World().parts(), config, History(10, 1000), clock=now)
        async with session:
            session.say("one two three four five")
            frames = []
            async with contextlib.aclosing(session.events()) as events:
                async for event in events:
                    await asyncio.sleep(0.01)
                    if isinstance(event, AudioFrame):
                        frames.append(event.seconds)
                    elif isinstance(event, ReplyEnded):
                        ended = event
                    elif isinstance(event, TurnMetrics):
                        metrics = event
                        break
        assert sum(frames) == pytest.approx(ended.seconds) == pytest.approx(24 * 0.06, abs=0.05)
        assert metrics.first_byte is not None

    @virtual
    async def test_a_prepared_reply_is_no_exception(self) -> None:
        async with calling(World(), replace(SessionConfig(), ahead=None)) as caller:
            await caller.say(tone(0.7), silence(0.7))
            ended = await caller.until(ReplyEnded)
        assert caller.seconds(ended.generation) == pytest.approx(ended.seconds)
        assert ended.seconds > 0.5


class TestHearing:
    @virtual
    async def test_an_engine_that_fails_behind_much_audio_does_not_deafen_the_session(self) -> None:
        world = World()
        config = replace(SessionConfig(), waiting_seconds=2.0, turns=None)
        parts = replace(world.parts(), hear=_refuse_after(3.0, world))
        async with ConversationSession(parts, config, History(10, 1000), clock=now) as session:
            caller = Caller(session)
            listening = asyncio.create_task(caller.listen())
            await caller.say(tone(10.0))
            session.commit()
            await caller.until(TranscriptFailed)
            await caller.say(tone(1.0))
            session.commit()
            await caller.until(TranscriptFailed, lambda event: event.turn == 2)
            listening.cancel()
            await asyncio.wait([listening])

    @virtual
    async def test_times_are_right_after_audio_without_turn_detection(self) -> None:
        async with calling(World(), replace(SessionConfig(), turns=None)) as caller:
            await caller.say(silence(10.0))
            caller.session.clear()
            await caller.session.configure(SessionConfig())
            await caller.say(silence(1.0), tone(0.95), silence(0.7))
            start, stop = await caller.until(SpeechStarted), await caller.until(SpeechStopped)
            metrics = await caller.until(TurnMetrics)
        assert start.at == pytest.approx(11.0 - RULES.prefix, abs=0.07)
        assert stop.at == pytest.approx(11.95, abs=0.07)
        assert metrics.first_byte is not None
        assert 500 <= metrics.first_byte < 700

    @virtual
    async def test_turn_detection_begins_with_what_comes_after_it_was_switched_on(self) -> None:
        async with calling(World(), replace(SessionConfig(), turns=None)) as caller:
            await caller.say(tone(2.0))
            await caller.session.configure(SessionConfig())
            await caller.say(silence(2.0), tone(0.65), silence(0.7))
            final = await caller.until(FinalTranscript)
        assert final.text == "word0 word1"

    @virtual
    async def test_the_time_of_words_is_that_of_the_pause_that_ended_the_turn(self) -> None:
        async with calling(World()) as caller:
            await caller.say(tone(0.7), silence(0.3), tone(0.7))
            caller.session.commit()
            metrics = await caller.until(TurnMetrics)
        assert metrics.transcript is not None
        assert metrics.transcript >= 0

    @virtual
    async def test_a_thousand_tiny_turns_leave_no_tasks_waiting(self) -> None:
        async with calling(World(), replace(SessionConfig(), turns=None, respond=False)) as caller:
            before = len(asyncio.all_tasks())
            for _ in range(1000):
                await caller.session.hear(tone(0.032))
                caller.session.commit()
                await caller.until(FinalTranscript)
                caller.told.clear()
            await asyncio.sleep(0.01)
            assert len(asyncio.all_tasks()) == before + 1  # the first turn has begun the one that gets words

    @virtual
    async def test_who_changes_the_ear_between_two_turns_holds_one_place(self) -> None:
        world = World()
        async with calling(world) as caller:
            for language in ("de", "fr", "en"):
                await caller.session.configure(replace(SessionConfig(), listen=TranscriptionConfig(language=language)))
                assert world.places == 1
            await caller.say(tone(0.7))
            await caller.session.configure(SessionConfig())
            assert world.places == 2
            await caller.say(silence(0.7))
            await caller.until(ReplyEnded)
            await caller.say(tone(0.7))
            assert world.places == world.most_ready == 1


def _refuse_after(seconds: float, world: World):  # type: ignore[no-untyped-def]
    """Nothing is taken of the audio until the engine fails."""

    async def hear(context: RequestContext, request: HearRequest) -> AsyncGenerator[TranscriptEvent, None]:
        await asyncio.sleep(seconds)
        raise EngineCrashed("It died.")
        yield

    return hear


class TestEnds:
    @virtual
    async def test_who_is_cancelled_while_a_session_ends_leaves_nothing_either(self) -> None:
        world = World(reply=LONG)
        ending = asyncio.Event()

        async def one_call() -> None:
            async with calling(world) as caller:
                await started(caller)
                ending.set()

        call = asyncio.create_task(one_call())
        await ending.wait()
        for _ in range(3):
            await asyncio.sleep(0)
        call.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await call
        assert (world.places, world.running, world.voice.streams) == (0, 0, 0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    @virtual
    async def test_a_door_that_is_behind_can_wait_before_it_asks_for_more(self) -> None:
        session = ConversationSession(World().parts(), SessionConfig(), History(10, 1000), clock=now)
        async with session:
            asked = 0
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(60):
                    while True:
                        await session.room()
                        session.cancel()
                        session.say("one two three")
                        asked += 1
            assert asked < 64


@virtual
async def test_what_is_put_back_is_read_next() -> None:
    channel: Channel[int] = Channel(10)
    channel.put(1, 1)
    channel.put(2, 1)
    assert await channel.next() == 1
    channel.put_back(1, 1)
    channel.close(Conflict("enough"))
    assert [await channel.next(), await channel.next()] == [1, 2]
    with pytest.raises(Conflict):
        await channel.next()


class Judge:
    """A turn detector that is told what to think, and remembers what it heard."""

    def __init__(self, probability: float | None) -> None:
        self.probability = probability
        self.heard: list[float] = []

    async def finished(self, recent: Callable[[], Sequence[Samples]]) -> float | None:
        self.heard.append(sum(map(len, recent())) / 16_000)
        await asyncio.sleep(0.01)
        return self.probability


class TestTurnDetector:
    @virtual
    @pytest.mark.parametrize("respond", [True, False])
    @pytest.mark.parametrize(("probability", "silent"), [(0.9, 0.2), (None, 0.5), (0.1, 3.0)])
    async def test_it_ends_turns_sooner_or_later(self, probability: float | None, silent: float, respond: bool) -> None:
        judge = Judge(probability)
        parts = replace(World().parts(), detector=judge)
        config = replace(SessionConfig(), respond=respond)
        async with ConversationSession(parts, config, History(10, 1000), clock=now) as session:
            caller = Caller(session)
            listening = asyncio.create_task(caller.listen())
            await caller.say(tone(0.96))
            begun = now()
            await caller.say(silence(4.0))
            listening.cancel()
            await asyncio.wait([listening])
        assert caller.when(SpeechStopped)[0] - begun == pytest.approx(silent, abs=0.07)
        assert judge.heard == [pytest.approx(1.1, abs=0.1)]

    @virtual
    async def test_a_pause_and_the_end_in_one_message(self) -> None:
        parts = replace(World().parts(), detector=Judge(0.1))
        async with ConversationSession(parts, SessionConfig(), History(10, 1000), clock=now) as session:
            caller = Caller(session)
            listening = asyncio.create_task(caller.listen())
            await session.hear(np.concatenate((tone(0.7), silence(1.0))))
            await caller.until(ReplyEnded)
            listening.cancel()
            await asyncio.wait([listening])
