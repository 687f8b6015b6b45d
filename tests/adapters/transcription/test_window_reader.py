"""Last words that contradict what was agreed on are read once more, in the whole window."""

from __future__ import annotations

from typing import Any

import pytest

from stts.transcription import TranscriptCheckpoint, TranscriptPartial
from tests.adapters.transcription.engines_under_test import Heard, engines, open_session, sound
from tests.adapters.transcription.faulty_engines import ShortEngine

SAID = "word0 word1 word2 word3"


async def told(**options: Any) -> tuple[str, list[str]]:
    """The text of an utterance that ends a little after its last guess, and how the engine was asked for it."""
    async with engines(engine="short", **options) as made:
        await made.load("short")
        engine = made.instance("short").engine
        assert isinstance(engine, ShortEngine)
        heard = Heard(made, await open_session(made, "short", language="en"))
        engine.looks.clear()
        for count in range(1, 5):
            heard.audio.write(sound(1.0))
            await heard.until(TranscriptPartial, count)
        heard.audio.write(sound(0.2))
        heard.audio.checkpoint()
        await heard.until(TranscriptCheckpoint)
        text = await heard.end()
        assert heard.settled == [text]
        return text, engine.looks


async def test_what_agrees_is_asked_once() -> None:
    assert await told() == (SAID, ["short"])


async def test_what_contradicts_is_asked_again_in_the_whole_window() -> None:
    assert await told(wrong=("short",)) == (SAID, ["short", "whole"])


async def test_it_is_asked_again_but_once() -> None:
    text, looks = await told(wrong=("short", "whole"))
    assert looks == ["short", "whole"]
    assert text.startswith("word0 word1 word2"), "what was told stays"


async def test_where_the_second_look_fails_the_first_stands() -> None:
    text, looks = await told(wrong=("short",), fails=True)
    assert looks == ["short", "whole"] and text.startswith("word0 word1 word2")


@pytest.mark.parametrize("short_seconds", [0.0, 4.0])
async def test_there_is_no_second_look_where_the_window_was_whole(short_seconds: float) -> None:
    _, looks = await told(wrong=("short",), short_seconds=short_seconds)
    assert looks == ["short"]


async def test_without_guesses_there_is_nothing_to_contradict() -> None:
    async with engines(engine="short", wrong=("short",)) as made:
        session = await open_session(made, "short", partials=False)
        heard = Heard(made, session)
        heard.audio.write(sound(4.0))
        await heard.end()
        engine = made.instance("short").engine
        assert isinstance(engine, ShortEngine) and "whole" not in engine.looks


async def test_a_guess_that_contradicts_does_not_stand_for_the_end() -> None:
    async with engines(engine="short", lost_after=4.5) as made:
        await made.load("short")
        heard = Heard(made, await open_session(made, "short", language="en"))
        for count in range(1, 6):
            heard.audio.write(sound(1.0))
            await heard.until(TranscriptPartial, count)
        heard.audio.write(sound(0.4, 0.0))
        assert await heard.end() == f"{SAID} word4"
        engine = made.instance("short").engine
        assert isinstance(engine, ShortEngine) and engine.looks[-1:] == ["short"]


async def test_a_long_utterance_is_cut_without_second_looks() -> None:
    async with engines(engine="short") as made:
        heard = Heard(made, await open_session(made, "short"))
        for _ in range(26):
            heard.audio.write(sound(0.8))
            heard.audio.write(sound(0.2, 0.01))
        assert 22 <= len((await heard.end()).split()) <= 30
        engine = made.instance("short").engine
        assert isinstance(engine, ShortEngine) and set(engine.looks) == {"short"}
