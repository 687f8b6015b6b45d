"""Choices of chats: kept over a new start, bounded, and turned into wishes."""

from __future__ import annotations

import stat
from pathlib import Path

from clients.telegram.chats import Chats, Choices


async def test_choices_are_known_after_a_new_start(tmp_path: Path) -> None:
    file = tmp_path / "bot" / "chats.db"
    chats = Chats(file)
    await chats.choose(7, voice="heart", engine="hibari", speed=1.5)
    await chats.choose(7, talking=True)
    chats.close()
    again = Chats(file)
    assert await again.of(7) == Choices(voice="heart", engine="hibari", speed=1.5, talking=True)
    assert await again.of(8) == Choices()
    assert await again.everybody() == [7, 8]
    again.close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_who_chose_something_longest_ago_is_forgotten_first(tmp_path: Path) -> None:
    chats = Chats(tmp_path / "chats.db", most=3)
    for chat in (1, 2, 3):
        await chats.of(chat)
    await chats.choose(1, speed=2.0)
    await chats.of(4)
    assert await chats.everybody() == [3, 1, 4]
    chats.close()


def test_a_language_that_a_message_names_sets_the_voice_aside() -> None:
    choices = Choices(voice="heart", engine="hibari", language="en", speed=1.5)
    assert choices.wishes() == {
        "voice": "heart",
        "engine": "hibari",
        "language": "en",
        "speed": 1.5,
        "format": "opus",
    }
    assert choices.wishes("fa") == {"language": "fa", "speed": 1.5, "format": "opus"}
    assert Choices(format="mp3").wishes() == {"speed": 1.0, "format": "mp3"}
