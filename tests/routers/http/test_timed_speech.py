from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from routers.http.timed_speech import TimedAudio, timed_speech
from stts.context import RequestContext
from stts.speech import RETRACTION, AudioChunk
from stts.spoken_words import SpokenWord, moved


async def told(chunks: Sequence[AudioChunk], text: str | None = None) -> list[TimedAudio]:
    async def made() -> AsyncGenerator[AudioChunk, None]:
        for chunk in chunks:
            yield chunk

    return [item async for item in timed_speech(made(), RequestContext("tts"), text)]


def shown(items: list[TimedAudio]) -> list[tuple[bytes, str, float, float]]:
    return [
        (item.data, item.times.text, item.times.bounds[0], item.times.bounds[-1])
        if item.times is not None
        else (item.data, "", 0.0, 0.0)
        for item in items
    ]


async def test_times_come_with_the_end_of_a_piece() -> None:
    chunks = [AudioChunk(b"a", 1.0, "One."), AudioChunk(b"b", 0.5, ends_piece=True), AudioChunk(b"c", 2.0, "Two.")]
    assert shown(await told(chunks, "One. Two.")) == [
        (b"a", "", 0.0, 0.0),
        (b"b", "One.", 0.0, 1.5),
        (b"c", "", 0.0, 0.0),
        (b"", " Two.", 1.5, 3.5),
    ]


async def test_a_piece_whose_end_is_not_told_ends_with_the_next() -> None:
    chunks = [AudioChunk(b"a", 1.0, "One."), AudioChunk(b"b", 2.0, "Two."), AudioChunk(b"", 0.0, ends_piece=True)]
    assert shown(await told(chunks)) == [
        (b"a", "", 0.0, 0.0),
        (b"", "One.", 0.0, 1.0),
        (b"b", "", 0.0, 0.0),
        (b"", " Two.", 1.0, 3.0),
    ]


async def test_what_is_taken_back_is_forgotten() -> None:
    chunks = [AudioChunk(b"a", 1.0, "One."), RETRACTION, AudioChunk(b"b", 2.0, "One.", ends_piece=True)]
    items = await told(chunks, "One.")
    assert items[1].retracts
    assert shown(items[2:]) == [(b"b", "One.", 0.0, 2.0)]


async def test_words_that_the_engine_has_told_are_heard_when_it_says() -> None:
    words = (SpokenWord(0, 3, 0.25, 0.5), SpokenWord(4, 4, 0.75, 0.9))
    chunks = [
        AudioChunk(b"a", 1.0, "One.", ends_piece=True),
        AudioChunk(b"b", 0.5, "Two more.", words=words[:1]),
        AudioChunk(b"c", 1.0, words=moved(words[1:], seconds=-0.5), ends_piece=True),
    ]
    (last,) = [item.times for item in await told(chunks) if item.times is not None][1:]
    assert last.words() == [("Two", 1.25, 1.5), ("more.", 1.75, 1.9)]
