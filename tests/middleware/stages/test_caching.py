"""The caching stage around real operations with fake engines: what is spoken once, what anew, and what is kept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

import stts.text.complete
from middleware.pipeline import Operation, Stage, compose
from middleware.stages.caching import CHARACTERS_PER_SECOND, MOST_FILLING_BYTES, SAMPLE_BYTES, CachingStage
from middleware.stages.planning import PlanningStage
from stts.cache.disk import DiskTier
from stts.cache.store import CacheStore
from stts.cache.stored import Selection
from stts.context import CacheUse, Priority, RequestContext, RequestFacts
from stts.errors import STTSError
from stts.plans import SpeechRequest
from stts.settings import CacheSettings, EngineSettings, Settings
from stts.speech import AudioChunk, SynthesisConfig
from tests.fakes import NO_FALL_BACK, registry
from tests.wired import Engines

pytestmark = pytest.mark.socket


class World:
    """The stage with a store on disk, and all that was really spoken."""

    def __init__(self, root: Path, **cache: object) -> None:
        self.settings = Settings(
            cache=CacheSettings.model_validate(cache),
            engines=EngineSettings(options={"tone": {"fail_on": "explode"}}),
            routing=NO_FALL_BACK,
        )
        self.engines = Engines(registry(), lambda: self.settings)
        self.now = time.time()
        tiers = [DiskTier(root, lambda: self.settings)]
        self.store = CacheStore(lambda: self.settings, tiers, lambda: self.now)
        self.spoken: list[str] = []
        self.asked: asyncio.Queue[str] = asyncio.Queue()
        """Requests that came to the stage."""
        self._begun = asyncio.Semaphore(0)
        self.gate = asyncio.Event()
        self.gate.set()
        self.gates: dict[int, asyncio.Event] = {}
        """Gates of single answers, by the number of their making."""
        self.stage = stage = CachingStage(self.store, self._speak, lambda: self.settings)
        stages = [PlanningStage(self.engines.selection), cast(Stage, self._note), cast(Stage, stage)]
        self._pipeline = compose(stages, self._speak)

    def _note(
        self, context: RequestContext, request: SpeechRequest, call_next: Operation[SpeechRequest, AudioChunk]
    ) -> AsyncIterator[AudioChunk]:
        self.asked.put_nowait(str(request.text))
        return call_next(context, request)

    async def asked_for(self, count: int) -> None:
        """Waits until so many more requests have begun to wait for their audio."""
        for _ in range(count):
            await self.asked.get()
        await asyncio.sleep(0)

    async def begun(self, count: int) -> None:
        """Waits until so many more answers are being spoken."""
        for _ in range(count):
            await self._begun.acquire()

    async def _speak(self, context: RequestContext, request: SpeechRequest) -> AsyncGenerator[AudioChunk, None]:
        self.spoken.append(str(request.text))
        self._begun.release()
        await self.gates.pop(len(self.spoken), self.gate).wait()
        async with aclosing(self.engines.operations.speak(context, request)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def say(
        self,
        text: str,
        use: CacheUse = "any",
        config: SynthesisConfig | None = None,
        priority: Priority = Priority.STREAM,
        hours: float | None = None,
    ) -> tuple[bytes, RequestContext]:
        context = RequestContext("tts", input_data=RequestFacts(cache=use, cache_hours=hours), priority=priority)
        request = SpeechRequest(text, config or SynthesisConfig(engine="tone"))
        async with aclosing(self._pipeline(context, request)) as chunks:
            return b"".join([chunk.data async for chunk in chunks]), context

    async def close(self) -> None:
        await self.engines.close()
        await self.store.close()


def state(context: RequestContext) -> str | None:
    note = context.output_data.cache
    return None if note is None else note.state


async def test_the_second_time_is_free_and_tells_the_same(tmp_path: Path) -> None:
    world = World(tmp_path)
    first, made = await world.say("Once more.")
    second, kept = await world.say("  Once   more. ")
    assert world.spoken == ["Once more."] and (state(made), state(kept)) == ("MISS", "HIT")
    assert first[44:] == second[44:] and len(first) == len(second)
    before, after = made.output_data, kept.output_data
    assert (before.engine, before.voice, before.language, before.audio) == (
        after.engine,
        after.voice,
        after.language,
        after.audio,
    )
    assert before.cache is not None and after.cache is not None and before.cache.etag == after.cache.etag
    assert made.metrics.audio_seconds == pytest.approx(kept.metrics.audio_seconds)
    assert made.metrics.characters == kept.metrics.characters and kept.metrics.engine is None
    await world.close()


async def test_it_outlasts_the_server(tmp_path: Path) -> None:
    world = World(tmp_path)
    first, _ = await world.say("Once more.")
    await world.close()
    other = World(tmp_path)
    answers = await asyncio.gather(*(other.say("Once more.") for _ in range(5)))
    assert other.spoken == [] and {state(context) for _, context in answers} == {"HIT"}
    assert {data[44:] for data, _ in answers} == {first[44:]}
    await other.close()


async def test_a_hundred_at_once_are_spoken_once(tmp_path: Path) -> None:
    world = World(tmp_path)
    answers = await asyncio.gather(*(world.say("All of us.") for _ in range(100)))
    assert world.spoken == ["All of us."] and len({data for data, _ in answers}) == 1
    states = [state(context) for _, context in answers]
    assert (states.count("MISS"), states.count("JOIN")) == (1, 99)
    await world.close()


async def test_what_sounds_otherwise_is_spoken(tmp_path: Path) -> None:
    world = World(tmp_path)
    plain = SynthesisConfig(engine="tone")
    for config in (plain, replace(plain, format="mp3"), replace(plain, speed=1.5), replace(plain, sample_rate=8000)):
        await world.say("The same.", config=config)
    await world.say("Another.")
    assert len(world.spoken) == 5
    await world.close()


async def test_what_a_client_wants_of_the_cache(tmp_path: Path) -> None:
    world = World(tmp_path)
    _, first = await world.say("Hello.", "none")
    assert state(first) is None
    assert state((await world.say("Hello."))[1]) == "MISS"
    assert state((await world.say("Hello.", "renew"))[1]) == "MISS"
    assert state((await world.say("Hello.", "none"))[1]) is None
    assert state((await world.say("Hello."))[1]) == "HIT"
    assert len(world.spoken) == 4
    await world.close()


async def test_what_only_reads_keeps_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert state((await world.say("Hello.", "read"))[1]) == "MISS"
    assert state((await world.say("Hello."))[1]) == "MISS"
    assert state((await world.say("Hello.", "read"))[1]) == "HIT"
    assert len(world.spoken) == 2
    await world.close()


@pytest.mark.parametrize(
    "cache", [{"enabled": False}, {"hours": 0.0}, {"engine_hours": {"tone": 0.0}}, {"entry_bytes": 1024}]
)
async def test_where_nothing_is_kept(tmp_path: Path, cache: dict[str, object]) -> None:
    world = World(tmp_path, **cache)
    await world.say("Hello there.")
    _, context = await world.say("Hello there.")
    assert len(world.spoken) == 2 and state(context) is None
    await world.close()
    assert not (tmp_path / "cache").exists()


async def test_what_fails_fails_for_all_and_is_not_kept(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.gate.clear()
    answers = [asyncio.ensure_future(world.say("Then explode.")) for _ in range(4)]
    await world.asked_for(4)
    world.gate.set()
    await asyncio.wait(answers)
    assert all(isinstance(each.exception(), STTSError) for each in answers) and len(world.spoken) == 1
    with pytest.raises(STTSError):
        await world.say("Then explode.")
    assert len(world.spoken) == 2
    await world.close()
    assert not (tmp_path / "cache").exists()


async def test_one_who_leaves_does_not_end_it_for_others(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.gate.clear()
    first = asyncio.ensure_future(world.say("Wait for me."))
    await world.asked_for(1)
    second = asyncio.ensure_future(world.say("Wait for me."))
    await world.asked_for(1)
    first.cancel()
    await asyncio.wait([first])
    world.gate.set()
    data, _ = await second
    assert len(data) > 1000 and world.spoken == ["Wait for me."]
    assert state((await world.say("Wait for me."))[1]) == "HIT"
    await world.close()


async def test_silence_and_what_was_warned_of_is_not_kept(tmp_path: Path) -> None:
    world = World(tmp_path)
    for _ in range(2):
        _, context = await world.say("...")
        assert context.output_data.silent and state(context) is None
    assert len(world.spoken) == 2
    await world.close()


async def test_what_was_removed_meanwhile_is_not_kept(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.gate.clear()
    answer = asyncio.ensure_future(world.say("Going."))
    await world.asked_for(1)
    await world.store.remove(Selection(engine="tone"))
    world.gate.set()
    await answer
    assert state((await world.say("Going."))[1]) == "MISS"
    await world.close()


async def test_two_that_renew_at_once_keep_the_later_one_whole(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.gates = {1: asyncio.Event(), 2: asyncio.Event()}
    first_gate, second_gate = world.gates[1], world.gates[2]
    first, second = (asyncio.ensure_future(world.say("Anew, both of us.", "renew")) for _ in range(2))
    await world.asked_for(2)
    await world.begun(2)
    first_gate.set()
    data, _ = await first
    third = asyncio.ensure_future(world.say("Anew, both of us."))
    await world.asked_for(1)
    second_gate.set()
    (later, made), (joined, context) = await second, await third
    assert len(data) == len(later) == len(joined) and state(context) == "JOIN"
    kept, again = await world.say("Anew, both of us.")
    assert len(kept) == len(data) and state(again) == "HIT" and len(world.spoken) == 2
    assert made.output_data.cache is not None and again.output_data.cache is not None
    assert made.output_data.cache.etag == again.output_data.cache.etag
    await world.close()


async def test_an_older_making_does_not_take_the_place_of_a_renewed_one(tmp_path: Path) -> None:
    world = World(tmp_path)
    gate = world.gates[1] = asyncio.Event()
    older = asyncio.ensure_future(world.say("Twice."))
    await world.begun(1)
    _, renewed = await world.say("Twice.", "renew")
    gate.set()
    await older
    _, kept = await world.say("Twice.")
    assert state(kept) == "HIT" and len(world.spoken) == 2
    assert renewed.output_data.cache is not None and kept.output_data.cache is not None
    assert renewed.output_data.cache.etag == kept.output_data.cache.etag
    await world.close()


async def test_who_asks_again_right_after_leaving_has_it_made_anew(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.gate.clear()
    left = asyncio.ensure_future(world.say("Once again."))
    await world.asked_for(1)
    await world.begun(1)
    left.cancel()
    again = asyncio.ensure_future(world.say("Once again."))
    await world.asked_for(1)
    world.gate.set()
    data, context = await again
    assert len(data) > 1000 and state(context) == "MISS" and len(world.spoken) == 2
    await world.close()


async def test_a_listener_does_not_wait_behind_work_of_less_hurry(tmp_path: Path) -> None:
    world = World(tmp_path)
    gate = world.gates[1] = asyncio.Event()
    collected = asyncio.ensure_future(world.say("Quick.", priority=Priority.COLLECTED))
    await world.begun(1)
    _, live = await world.say("Quick.")
    gate.set()
    await collected
    assert state(live) == "MISS" and len(world.spoken) == 2
    await world.close()


async def test_without_room_an_answer_is_made_for_its_request_alone(tmp_path: Path) -> None:
    world = World(tmp_path)
    await world.say("There is room.")
    assert world.stage.fills.room.used == 0 and len(world.stage.fills) == 0
    world.stage.fills.room.used = MOST_FILLING_BYTES
    data, context = await world.say("There is none.")
    assert len(data) > 1000 and state(context) is None
    assert state((await world.say("There is room."))[1]) == "HIT"
    await world.close()


async def test_makings_leave_when_they_end(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.gate.clear()
    answers = [asyncio.ensure_future(world.say(text)) for text in ("One.", "Two.", "Then explode.")]
    await world.asked_for(3)
    assert len(world.stage.fills) == 3 and world.stage.fills.room.used > 0
    answers[0].cancel()
    world.gate.set()
    await asyncio.wait(answers)
    assert len(world.stage.fills) == 0 and world.stage.fills.room.used == 0
    await world.close()


def test_the_longest_text_of_the_hosted_service_fits_as_wav_by_default() -> None:
    seconds = 4096 / CHARACTERS_PER_SECOND
    assert seconds * 48_000 * SAMPLE_BYTES <= CacheSettings().entry_bytes <= MOST_FILLING_BYTES / 8


@pytest.mark.parametrize("slower", [False, True])
async def test_what_is_too_old_for_one_listener_is_still_answered_at_others(tmp_path: Path, slower: bool) -> None:
    world = World(tmp_path)

    async def said(hours: float | None = None) -> str | None:
        if slower:
            # In memory there is nothing, as after a restart.
            await world.store.close()
            now, world.store = (
                world.now,
                CacheStore(lambda: world.settings, [DiskTier(tmp_path, lambda: world.settings)], lambda: now),
            )
            world.stage._store = world.store
        return state((await world.say("Once more.", hours=hours))[1])

    assert await said() == "MISS"
    world.now += 1800
    assert [await said(1.0), await said()] == ["HIT", "HIT"]
    world.now += 1800
    assert await said() == "HIT"
    assert [await said(1.0), await said(1.0), await said(0.5)] == ["MISS", "HIT", "HIT"]
    world.now += 100 * 3600
    assert await said() == "HIT", "what the other made lasts as long as the engine's"
    await world.close()


async def test_a_text_is_cleaned_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world, cleanings = World(tmp_path), list[str]()
    real = stts.text.complete.complete_text

    def noted(text: str, limit: int, *, speak_markup: bool) -> str:
        cleanings.append(text)
        return real(text, limit, speak_markup=speak_markup)

    monkeypatch.setattr(stts.text.complete, "complete_text", noted)
    for text in (r"A \*star and **marks**.", "Long. " * 1000):
        cleanings.clear()
        await world.say(text)
        assert cleanings == [text]
    assert world.spoken[0] == "A *star and marks."
    await world.close()
