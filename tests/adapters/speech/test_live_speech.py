"""Speech from a text that is still being written, with an engine whose answers are known."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from stts.context import RequestContext
from stts.errors import EngineError, InvalidText, STTSError, TextTooLong, UnknownVoice
from stts.plans import SpeechRequest
from stts.settings import Settings
from stts.speech import AudioChunk, AudioOutput, SynthesisConfig
from stts.streams.live import LiveText
from tests.fakes import registry
from tests.patient import PATIENCE
from tests.wired import Engines

CHARACTER_SECONDS = 0.06


@pytest.fixture
async def engines() -> AsyncIterator[Engines]:
    settings = Settings.model_validate(
        {
            "engines": {"options": {"tone": {"fail_on": "explode"}}},
            "limits": {"text_characters": 500},
            "tts": {"first_chunk_seconds": 10},  # pieces are as long as their clauses
        }
    )
    made = Engines(registry(), lambda: settings)
    await made.load("tone")
    yield made
    await made.close()


class Reader:
    def __init__(self, engines: Engines, **config: Any) -> None:
        self.text = LiveText(1000)
        self.context = RequestContext("tts")
        config = {"engine": "tone", "format": "pcm", **config}
        self.chunks: AsyncGenerator[AudioChunk, None] = engines.speak(
            self.context, SpeechRequest(self.text, SynthesisConfig(**config))
        )
        self.pieces: list[str] = []
        self.seconds = 0.0
        self.data = b""

    async def next_piece(self) -> str:
        """Reads until a piece begins."""
        async for chunk in self.chunks:
            self._heard(chunk)
            if chunk.text:
                return chunk.text
        raise AssertionError("there is no more")

    async def rest(self) -> None:
        async with asyncio.timeout(PATIENCE):
            async for chunk in self.chunks:
                self._heard(chunk)

    def _heard(self, chunk: AudioChunk) -> None:
        self.seconds += chunk.seconds
        self.data += chunk.data
        if chunk.text:
            self.pieces.append(chunk.text)


async def test_a_clause_is_spoken_before_its_sentence_is_complete(engines: Engines) -> None:
    reader = Reader(engines)
    async with aclosing(reader.chunks), asyncio.timeout(PATIENCE):
        reader.text.write("When it rains, the")
        assert await reader.next_piece() == "When it rains,"
        assert reader.context.output_data.engine == "tone"
        reader.text.write(" river rises. And th")
        assert await reader.next_piece() == "the river rises."
        reader.text.write("en")
        reader.text.close()
        await reader.rest()
    assert reader.pieces[2:] == ["And then"]
    assert reader.context.metrics.characters == len("When it rains, the river rises. And then")
    assert reader.context.metrics.audio_seconds == pytest.approx(reader.seconds)


async def test_a_few_words_are_enough_where_nothing_was_heard_yet(engines: Engines) -> None:
    reader = Reader(engines)
    async with aclosing(reader.chunks), asyncio.timeout(PATIENCE):
        reader.text.write("the river rises by noon")
        assert await reader.next_piece() == "the river rises by"


async def test_a_flush_speaks_half_a_word(engines: Engines) -> None:
    reader = Reader(engines)
    async with aclosing(reader.chunks), asyncio.timeout(PATIENCE):
        reader.text.write("Hel")
        reader.text.flush()
        assert await reader.next_piece() == "Hel"
        reader.text.write("lo")
        reader.text.flush()
        assert await reader.next_piece() == "lo"


async def test_what_the_writer_takes_for_the_first_words_is_known(engines: Engines) -> None:
    reader = Reader(engines)
    reader.context.start_time -= 100.0
    async with aclosing(reader.chunks), asyncio.timeout(PATIENCE):
        reader.text.write("...\n\nOne thing. Another")
        await reader.next_piece()
        written = reader.context.metrics.written
        assert written is not None and written >= 100.0
        reader.context.start_time -= 100.0
        reader.text.close()
        await reader.rest()
    assert reader.context.metrics.written == written
    other = RequestContext("tts")
    async with aclosing(engines.speak(other, SpeechRequest("One thing.", SynthesisConfig(engine="tone")))) as chunks:
        async for _ in chunks:
            pass
    assert other.metrics.written is None


async def test_it_waits_for_text_outside_the_engine(engines: Engines) -> None:
    reader = Reader(engines)
    async with aclosing(reader.chunks), asyncio.timeout(PATIENCE):
        reader.text.write("One thing. Another")
        assert await reader.next_piece() == "One thing."
        waiting = asyncio.ensure_future(reader.next_piece())
        async with aclosing(Reader(engines).chunks), aclosing(speak_whole(engines)) as other:
            assert (await anext(other)).data  # the engine has one slot
        assert not waiting.done()
        reader.text.close()
        assert await waiting == "Another"


def speak_whole(engines: Engines) -> AsyncGenerator[AudioChunk, None]:
    config = SynthesisConfig(engine="tone", format="pcm")
    return engines.speak(RequestContext("tts"), SpeechRequest("Something else.", config))


async def test_a_listener_who_leaves_ends_it_while_it_waits_for_text(engines: Engines) -> None:
    before = asyncio.all_tasks()
    reader = Reader(engines)
    async with aclosing(reader.chunks), asyncio.timeout(PATIENCE):
        reader.text.write("One thing. Another")
        await reader.next_piece()
    assert asyncio.all_tasks() == before
    assert engines.instance("tone").running == engines.instance("tone").waiting == 0


@pytest.mark.parametrize("written", [[], [""], [" ", "\n"], ["...", " --- "], ["\u200b"]])
async def test_nothing_to_say_is_no_error_and_no_audio(engines: Engines, written: list[str]) -> None:
    reader = Reader(engines, format="wav")
    for part in written:
        reader.text.write(part)
        reader.text.flush()
    reader.text.close()
    await reader.rest()
    assert (reader.data, reader.pieces) == (b"", [])
    assert reader.context.output_data.audio == AudioOutput("wav", "audio/wav", 16_000, 1)


async def test_what_cannot_be_spoken_is_left_out(engines: Engines) -> None:
    reader = Reader(engines)
    async with aclosing(reader.chunks), asyncio.timeout(PATIENCE):
        reader.text.write("Now.")
        reader.text.flush()
        await reader.next_piece()
        reader.text.write("\x07 *** ")
        reader.text.close()
        await reader.rest()
    assert reader.pieces == ["Now."]


@pytest.mark.parametrize("format", ["pcm", "wav", "mp3", "opus", "flac"])
async def test_the_answer_is_complete_whatever_its_format(engines: Engines, format: str) -> None:
    """The file ends also where nobody knew with the last piece that it was the last."""
    reader = Reader(engines, format=format)
    async with aclosing(reader.chunks), asyncio.timeout(PATIENCE):
        reader.text.write("A sentence that is long enough. ")
        reader.text.flush()
        await reader.next_piece()
        reader.text.close()
        await reader.rest()
    assert reader.pieces == ["A sentence that is long enough."]
    assert reader.seconds == pytest.approx(len(reader.pieces[0]) * CHARACTER_SECONDS, abs=0.1)


async def test_the_pieces_are_the_text(engines: Engines) -> None:
    words = "One, two and three; Dr. Smith paid 3.50 on Jan. 5. Is that all? It is!"
    for size in (1, 3, 7, 200):
        reader = Reader(engines)
        for start in range(0, len(words), size):
            reader.text.write(words[start : start + size])
        reader.text.close()
        await reader.rest()
        assert " ".join(reader.pieces) == words


async def test_a_whole_text_tells_its_pieces_too(engines: Engines) -> None:
    config = SynthesisConfig(engine="tone", format="mp3")
    text = "One sentence after the other, and every one of them is spoken. " * 7
    async with aclosing(engines.speak(RequestContext("tts"), SpeechRequest(text, config))) as chunks:
        told = [chunk async for chunk in chunks]
    assert " ".join(chunk.text for chunk in told if chunk.text) == text.strip()
    assert told[0].text or told[0].seconds == 0


async def test_what_can_be_known_is_told_before_there_is_text(engines: Engines) -> None:
    with pytest.raises(UnknownVoice):
        await anext(Reader(engines, voice="nobody").chunks)


@pytest.mark.parametrize(
    ("parts", "error"),
    [(["x" * 300, "x" * 201], TextTooLong), (["\ud800", "a"], InvalidText), (["\ud800"], InvalidText)],
)
async def test_bad_text_comes_after_what_was_spoken(engines: Engines, parts: list[str], error: type[STTSError]) -> None:
    reader = Reader(engines)
    async with aclosing(reader.chunks), asyncio.timeout(PATIENCE):
        reader.text.write("First this. ")
        reader.text.flush()
        assert await reader.next_piece() == "First this."
        for part in parts:
            reader.text.write(part)
        reader.text.close()
        with pytest.raises(error):
            await reader.rest()


async def test_an_engine_that_fails_ends_it_after_what_was_made(engines: Engines) -> None:
    reader = Reader(engines)
    async with aclosing(reader.chunks), asyncio.timeout(PATIENCE):
        reader.text.write("First this. Now explode. ")
        reader.text.flush()
        with pytest.raises(EngineError):
            await reader.rest()
    assert engines.instance("tone").running == 0
