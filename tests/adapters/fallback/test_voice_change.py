"""Where the operator lets a voice change, a text that one engine has begun is ended by another, in the same file."""

from __future__ import annotations

import io
import wave
from contextlib import aclosing

import pytest

from stts.audio.decode import Decoder
from stts.context import RequestContext
from stts.errors import EngineError
from stts.plans import SpeechRequest
from stts.speech import SynthesisConfig
from stts.streams.live import LiveText
from tests.adapters.fallback.conftest import House
from tests.adapters.fallback.frail_engines import FAULTS, GATE, HEARD

TEXT = "Hello there. How are you today? The train to Leipzig leaves at nine. It will be late, as always."


@pytest.fixture(autouse=True)
def allowed(house: House) -> None:
    house.set(voice_may_change=True)


def said(name: str) -> str:
    return " ".join(text for each, text in HEARD if each == name)


async def test_the_words_not_yet_spoken_are_spoken_once(house: House) -> None:
    FAULTS["a"] = "second"
    assert await house.speak(TEXT) == "b"
    spoken = HEARD[0][1]
    assert HEARD[0][0] == "a" and f"{spoken} {said('b')}" == TEXT
    assert house.context.output_data.fallback == "engine_failed"
    assert house.context.warnings == ["a went no further (engine_failed); b did the rest."]
    assert (house.failures("a"), house.failures("b")) == (1, 0)
    assert house.context.metrics.characters == len(TEXT)
    assert house.context.metrics.audio_seconds == pytest.approx(house.seconds)


async def test_a_text_being_written_goes_on(house: House) -> None:
    FAULTS["a"] = "second"
    text = LiveText(1000)
    text.write(TEXT)
    text.close()
    assert await house.speak(text) == "b"
    assert f"{HEARD[0][1]} {said('b')}" == TEXT


async def test_a_sentence_that_was_cut_is_begun_again(house: House) -> None:
    FAULTS["a"] = "middle"
    assert await house.speak(TEXT) == "b"
    assert said("b") == TEXT


async def test_a_third_ends_what_two_have_begun(house: House) -> None:
    FAULTS["a"], FAULTS["b"] = "second", "second"
    assert await house.speak(TEXT) == "c"
    assert " ".join([HEARD[0][1], next(text for name, text in HEARD if name == "b"), said("c")]) == TEXT


async def test_one_that_fails_at_once_is_passed_over(house: House) -> None:
    FAULTS["a"], FAULTS["b"] = "second", "nan"
    assert await house.speak(TEXT) == "c"
    assert f"{HEARD[0][1]} {said('c')}" == TEXT


async def test_one_that_hangs_is_given_up(house: House) -> None:
    await house.warm("a", "b")
    HEARD.clear()
    house.set(first_seconds=0.5)
    FAULTS["a"], FAULTS["b"] = "second", "hang"
    long = " ".join([TEXT] * 8)
    assert await house.speak(long) == "c"
    assert f"{HEARD[0][1]} {said('c')}" == long
    GATE.set()
    await house.engines.operations.leftovers.close()


async def test_where_nobody_can_go_on_the_first_tells_why(house: House) -> None:
    FAULTS.update(a="second", b="nan", c="nan")
    with pytest.raises(EngineError, match="could not do this"):
        await house.speak(TEXT)
    assert house.seconds > 0 and house.context.output_data.engine == "a"


async def test_a_cloned_voice_is_never_replaced(house: House) -> None:
    FAULTS["a"] = "second"
    with pytest.raises(EngineError):
        await house.speak(TEXT, voice="mine")
    assert {name for name, _ in HEARD} == {"a"}


async def test_a_named_engine_is_not_replaced(house: House) -> None:
    FAULTS["a"] = "second"
    with pytest.raises(EngineError):
        await house.speak(TEXT, engine="a")
    assert {name for name, _ in HEARD} == {"a"}


@pytest.mark.parametrize("format", ["wav", "mp3", "opus", "flac"])
async def test_the_answer_is_one_file(house: House, format: str) -> None:
    FAULTS["a"] = "second"
    request = SpeechRequest(TEXT, SynthesisConfig(format=format))  # type: ignore[arg-type]
    async with aclosing(house.engines.speak(RequestContext("tts"), request)) as answer:
        chunks = [chunk async for chunk in answer]
    data = b"".join(chunk.data for chunk in chunks)
    seconds = sum(chunk.seconds for chunk in chunks)
    data = chunks[-1].header + data[len(chunks[-1].header) :]
    if format == "wav":
        with wave.open(io.BytesIO(data)) as file:
            assert file.getnframes() / file.getframerate() == pytest.approx(seconds, abs=0.01)
    assert decoded_seconds(data) == pytest.approx(seconds, abs=0.1)


def decoded_seconds(data: bytes) -> float:
    return sum(map(len, Decoder(io.BytesIO(data), sample_rate=16_000, max_seconds=60.0))) / 16_000
