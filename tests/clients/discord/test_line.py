"""The line of a guild: in turn, one made ahead, bounded, skipped, and ended."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import pytest

from clients.discord.choices import PersonChoices
from clients.discord.frames import Frames
from clients.discord.line import Line, Utterance
from clients.discord.platform import Person


def utterance(text: str, person: int = 1) -> Utterance:
    return Utterance(Person(person, str(person)), text, PersonChoices(), "en", 1)


class Work:
    """Texts are made and spoken when they are let."""

    def __init__(self, waiting: int = 20, each: int = 5) -> None:
        self.made: list[str] = []
        self.spoken: list[str] = []
        self.gone: list[str] = []
        self.faults: list[str] = []
        self.go = asyncio.Event()
        """Lets a text be spoken to its end."""
        self.make_on = asyncio.Event()
        self.make_on.set()
        self.there = True
        self.line = Line(self, self.speak, self.lost, waiting=waiting, each=each)

    def make(self, utterance: Utterance, frames: Frames) -> Coroutine[Any, Any, None]:
        return self._make(utterance, frames)

    async def _make(self, utterance: Utterance, frames: Frames) -> None:
        self.made.append(utterance.text)
        await self.make_on.wait()
        if utterance.text == "fails":
            raise RuntimeError(utterance.text)
        if utterance.text != "silent":
            await frames.put(utterance.text.encode())

    async def speak(self, frames: Frames) -> bool:
        if not self.there:
            return False
        while not self.go.is_set() and not frames.done:  # noqa: ASYNC110
            await asyncio.sleep(0)
        while frame := frames.read():
            self.spoken.append(frame.decode(errors="replace"))
            if not frames.ended:
                await asyncio.sleep(0)
        return True

    async def lost(self, utterances: list[Utterance]) -> None:
        self.gone += [each.text for each in utterances]

    async def failed(self, utterance: Utterance, error: BaseException) -> None:
        self.faults.append(f"{utterance.text}: {error}")

    def put(self, *texts: str, person: int = 1) -> list[str | None]:
        return [self.line.put(utterance(text, person)) for text in texts]


async def settled() -> None:
    for _ in range(40):
        await asyncio.sleep(0)


async def test_texts_are_spoken_in_turn_and_the_next_one_is_made_meanwhile() -> None:
    work = Work()
    work.put("a", "b", "c")
    await settled()
    assert (work.made, work.spoken) == (["a", "b"], [])
    assert work.line.spoken == utterance("a") and work.line.waiting == [utterance("b"), utterance("c")]
    work.go.set()
    assert await work.line.close(60) == []
    assert (work.made, work.spoken) == (["a", "b", "c"], ["a", "b", "c"])


async def test_the_next_one_is_made_ahead_though_it_comes_later() -> None:
    work = Work()
    work.put("a")
    await settled()
    work.put("b")
    await settled()
    assert work.made == ["a", "b"]
    work.go.set()
    assert await work.line.close(60) == []


async def test_the_server_is_asked_for_one_at_a_time() -> None:
    work = Work()
    work.make_on.clear()
    work.put("a", "b")
    await settled()
    assert work.made == ["a"]
    work.make_on.set()
    await settled()
    assert work.made == ["a", "b"]
    work.go.set()
    assert await work.line.close(60) == []


async def test_a_line_and_each_person_in_it_have_a_bound() -> None:
    work = Work(waiting=4, each=2)
    assert work.put("a", "b", "c", "d") == [None, None, "share", "share"]
    await settled()
    assert work.put("e", "f") == [None, "share"]
    assert work.put("g", "h", person=2) == [None, None]
    assert work.put("i", person=3) == ["full"]
    work.go.set()
    assert await work.line.close(60) == []
    assert work.spoken == ["a", "b", "e", "g", "h"]


async def test_a_skipped_text_ends_and_the_next_one_goes_on() -> None:
    work = Work()
    assert not work.line.skip()
    work.put("a", "b")
    await settled()
    assert work.line.skip()
    work.go.set()
    assert await work.line.close(60) == []
    assert work.spoken == ["b"]


async def test_a_text_that_is_still_made_can_be_skipped() -> None:
    work = Work()
    work.make_on.clear()
    work.put("a", "b")
    await settled()
    assert work.line.skip()
    await settled()
    assert work.made == ["a", "b"]
    work.make_on.set()
    work.go.set()
    assert await work.line.close(60) == []
    assert work.spoken == ["b"]


async def test_all_can_be_forgotten_and_what_comes_then_is_spoken() -> None:
    work = Work()
    work.put("a", "b", "c")
    await settled()
    assert [each.text for each in work.line.clear()] == ["a", "b", "c"]
    assert work.put("d") == [None]
    work.go.set()
    assert await work.line.close(60) == []
    assert work.spoken == ["d"]


async def test_faults_are_told_and_the_next_one_goes_on() -> None:
    work = Work()
    work.go.set()
    work.put("fails", "silent", "a")
    assert await work.line.close(60) == []
    assert (work.faults, work.spoken) == (["fails: fails"], ["a"])


async def test_what_cannot_be_spoken_is_told_and_not_kept() -> None:
    work = Work()
    work.there = False
    work.put("a", "b", "c")
    assert await work.line.close(60) == []
    assert (work.gone, work.spoken) == (["a", "b", "c"], [])


async def test_a_text_of_the_bots_own_comes_first_and_tells_that_it_was_spoken() -> None:
    work = Work(waiting=2)
    work.put("a", "b", "c")
    await settled()
    told: list[bool] = []
    work.line.put_first(replace(utterance("listening", 0), told=told.append))
    work.go.set()
    assert await work.line.close(60) == []
    assert (work.spoken, told) == (["a", "b", "listening"], [True])


async def test_the_end_tells_what_it_could_not_wait_for() -> None:
    work = Work()
    work.put("a", "b")
    await settled()
    assert [each.text for each in await work.line.close(0)] == ["a", "b"]
    assert work.spoken == []


@pytest.mark.parametrize("way", ["skip", "clear", "fails", "waits"])
async def test_a_text_that_is_not_spoken_to_its_end_tells_so(way: str) -> None:
    work, told = Work(), list[bool]()
    if way == "waits":
        work.put("a", "b")
    work.line.put_first(replace(utterance("fails" if way == "fails" else "listening", 0), told=told.append))
    await settled()
    if way == "skip":
        work.line.skip()
    elif way != "fails":
        work.line.clear()
    work.go.set()
    assert await work.line.close(60) == []
    assert told == [False]
