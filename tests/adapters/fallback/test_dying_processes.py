"""A voice in a child process that is killed: before its first sound another speaks, after it the stream breaks off."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from stts.errors import EngineCrashed
from stts.settings import InstanceSettings
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
