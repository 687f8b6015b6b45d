"""A voice in a child process that is killed: before its first sound another speaks, after it the stream breaks off.

An answer that is held back breaks off nowhere: the voice makes it anew, once, and then the next one does.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stts.errors import EngineCrashed
from stts.settings import InstanceSettings
from stts.streams.hold import Hold
from stts.streams.live import LiveText
from tests.adapters.fallback.conftest import House

pytestmark = pytest.mark.socket


class DyingHouse(House):
    def __init__(self, dies: str) -> None:
        self.dies = dies
        super().__init__()

    def instances(self) -> dict[str, InstanceSettings]:
        dying = InstanceSettings(engine="frail", runs_in="process", options={"id": "a", "dies": self.dies})
        return {**super().instances(), "a": dying}


@pytest.fixture
async def houses() -> AsyncIterator[list[House]]:
    made: list[House] = []
    yield made
    for house in made:
        await house.engines.close()


async def test_before_its_first_sound_another_speaks(houses: list[House]) -> None:
    houses.append(house := DyingHouse("before"))
    assert await house.speak("Hello there.") == "b"
    assert house.context.output_data.fallback == "engine_crashed"
    assert house.failures("a") == 1


async def test_in_the_middle_the_stream_breaks_off(houses: list[House]) -> None:
    houses.append(house := DyingHouse("middle"))
    with pytest.raises(EngineCrashed):
        await house.speak("Hello there.")
    assert house.seconds > 0
    assert house.context.output_data.engine == "a"


def told(words: str, *, live: bool) -> str | LiveText:
    """The words as a text that is there, or one that somebody writes."""
    if not live:
        return words
    text = LiveText(1000)
    text.write(words)
    text.close()
    return text


@pytest.mark.parametrize("engine", ["auto", "a"])
@pytest.mark.parametrize("live", [False, True])
async def test_a_held_answer_is_made_anew_by_the_same_voice(
    houses: list[House], tmp_path: Path, engine: str, live: bool
) -> None:
    houses.append(house := DyingHouse(str(tmp_path / "died")))
    assert await house.speak(told("Hello there.", live=live), hold=Hold(), engine=engine) == "a"
    assert (tmp_path / "died").exists()
    whole = house.seconds
    await house.speak("Hello there.", engine=engine)
    assert whole == pytest.approx(house.seconds)
    assert (house.context.output_data.fallback, house.context.warnings, house.failures("a")) == (None, [], 0)


async def test_a_held_answer_that_costs_two_children_goes_to_the_next(houses: list[House]) -> None:
    houses.append(house := DyingHouse("middle"))
    assert await house.speak("Hello there.", hold=Hold()) == "b"
    assert house.context.output_data.fallback == "engine_crashed"
    assert house.engines.catalogue.instance("a").crashes >= 2  # a probe that follows a load may cost one more
    assert house.failures("a") == 1
