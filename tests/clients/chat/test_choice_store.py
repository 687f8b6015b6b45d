"""Choices of people and guilds: kept over a new start, bounded, and none lost where several change them at once."""

from __future__ import annotations

import asyncio
import stat
from dataclasses import dataclass
from pathlib import Path

import pytest

from clients.chat.choice_store import ChoiceStore
from clients.chat.settings import InvalidSettings


@dataclass(frozen=True, slots=True)
class Place:
    voice: int | None = None
    text: int | None = None


def opened(folder: Path, *, all_seen: bool = False, most: int = 10) -> ChoiceStore[Place]:
    return ChoiceStore(folder / "bot" / "places.db", "places", "id", Place(), all_seen=all_seen, most=most)


async def test_choices_are_known_after_a_new_start(tmp_path: Path) -> None:
    places = opened(tmp_path)
    await places.choose(7, voice=1)
    assert await places.choose(7, text=2) == Place(1, 2)
    assert await places.of(8) == Place()
    places.close()
    again = opened(tmp_path)
    assert await again.all() == {7: Place(1, 2)}
    again.close()
    assert stat.S_IMODE((tmp_path / "bot" / "places.db").stat().st_mode) == 0o600


async def test_changes_at_once_are_all_kept(tmp_path: Path) -> None:
    places = opened(tmp_path)
    await places.choose(2, voice=5, text=6)
    await asyncio.gather(places.choose(1, voice=9), places.choose(2, text=60), places.choose(2, voice=50))
    assert await places.of(2) == Place(50, 60)
    await asyncio.gather(places.choose(2, text=61), places.move(2, 3), places.choose(3, voice=51))
    assert await places.of(3) == Place(51, 61)
    places.close()
    again = opened(tmp_path)
    assert await again.all() == {1: Place(9), 3: Place(51, 61)}
    again.close()


async def test_who_changed_something_longest_ago_is_forgotten_first(tmp_path: Path) -> None:
    places = opened(tmp_path, all_seen=True, most=3)
    for number in (1, 2, 3):
        await places.of(number)
    await places.choose(1, voice=1)
    await places.of(4)
    assert await places.numbers() == [3, 1, 4]
    places.close()


async def test_one_that_is_closed_keeps_nothing_and_fails_nobody(tmp_path: Path) -> None:
    places = opened(tmp_path)
    choosing = asyncio.create_task(places.choose(1, voice=1))
    await asyncio.sleep(0)
    choosing.cancel()
    await asyncio.wait([choosing])
    places.close()
    assert await places.choose(2, voice=2) == Place(2)
    assert await places.of(3) == Place()
    assert await places.all() == {}


def test_a_folder_that_cannot_be_written_is_told_as_that(tmp_path: Path) -> None:
    (tmp_path / "bot").write_text("a file")
    with pytest.raises(InvalidSettings, match=r"data: .* cannot be written"):
        opened(tmp_path)
