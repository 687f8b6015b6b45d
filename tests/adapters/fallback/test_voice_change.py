"""Where the operator lets a voice change, a text that one engine has begun is ended by another, in the same file."""

from __future__ import annotations

import asyncio
import io
import threading
import wave
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

import numpy as np
import pytest

from adapters.fallback.patience import Patience
from adapters.probes import PROBE_TEXT
from stts.audio.decode import Decoder
from stts.context import Priority, RequestContext
from stts.engine_api import Samples, SpeechParams, Voice
from stts.errors import Busy, EngineError
from stts.plans import SpeechRequest
from stts.speech import SynthesisConfig
from stts.streams.live import LiveText
from tests.adapters.fallback.conftest import House
from tests.adapters.fallback.frail_engines import FAULTS, GATE, HEARD, FrailEngine
from tests.patience import PATIENCE

PACE = 8.0
"""Characters a second of voices that are slow enough for all that they say to be taken for heard."""
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


async def test_one_that_makes_no_sound_of_the_rest_is_passed_over(house: House) -> None:
    FAULTS["a"], FAULTS["b"] = "second", "nothing"
    assert await house.speak(TEXT) == "c"
    assert f"{HEARD[0][1]} {said('c')}" == TEXT
    assert house.context.warnings[-1] == "a went no further (engine_failed); c did the rest."
    assert not any("b did" in warning for warning in house.context.warnings)
    assert house.failures("b") == 1


async def test_where_nobody_makes_a_sound_of_the_rest_the_first_tells_why(house: House) -> None:
    FAULTS.update(a="second", b="nothing", c="nothing")
    with pytest.raises(EngineError, match="could not do this"):
        await house.speak(TEXT)
    assert house.seconds > 0 and house.context.output_data.engine == "a"


@pytest.fixture
def busy_after_a_piece(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Engine a gets a slot for its first piece only."""
    instance = house.engines.catalogue.instance("a")
    real, taken = instance.slot, []

    def slot(*args: Any, **options: Any) -> Any:
        taken.append(1)
        if len(taken) > 1:
            raise Busy("The wait for this engine was too long.", retry_after=1.0)
        return real(*args, **options)

    monkeypatch.setattr(instance, "slot", slot)


@pytest.mark.usefixtures("busy_after_a_piece")
async def test_a_piece_spoken_to_its_end_is_not_spoken_again(house: House) -> None:
    assert await house.speak(TEXT) == "b"
    assert f"{said('a')} {said('b')}" == TEXT


@pytest.mark.usefixtures("busy_after_a_piece")
async def test_audio_that_was_sent_is_not_sent_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def synthesize(self: FrailEngine, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        for _ in range(4):
            yield np.full(4800, 0.1 if self._own.id == "a" else -0.2, np.float32)

    monkeypatch.setattr(FrailEngine, "synthesize", synthesize)
    request = SpeechRequest(TEXT, SynthesisConfig(format="pcm"))
    context = RequestContext("tts", priority=Priority.STREAM)
    async with aclosing(house.engines.speak(context, request)) as answer:
        data = b"".join([chunk.data async for chunk in answer])
    assert (np.frombuffer(data, np.int16) > 1000).sum() <= 4 * 4800


@pytest.mark.parametrize("format", ["wav", "mp3", "opus", "flac"])
async def test_a_voice_that_was_given_up_never_ends_the_file_of_the_next(
    house: House, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    await house.warm("a", "b", "c")
    house.set(first_seconds=0.5)
    FAULTS["a"], FAULTS["b"] = "middle", "hang"
    real, loop, leftovers = FrailEngine.synthesize, asyncio.get_running_loop(), house.engines.operations.leftovers

    def synthesize(self: FrailEngine, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        if self._own.id == "c":
            yield np.full(4800, 0.1, np.float32)
            GATE.set()  # b comes back, and runs to its end, while c is at work
            asyncio.run_coroutine_threadsafe(leftovers.close(), loop).result(PATIENCE)
        yield from real(self, text, voice, params)

    monkeypatch.setattr(FrailEngine, "synthesize", synthesize)
    request = SpeechRequest("Hello there, how are you today?", SynthesisConfig(format=format))  # type: ignore[arg-type]
    context = RequestContext("tts", priority=Priority.STREAM)
    async with aclosing(house.engines.speak(context, request)) as answer:
        chunks = [chunk async for chunk in answer]
    assert context.output_data.engine == "c"
    data = b"".join(chunk.data for chunk in chunks)
    data = chunks[-1].header + data[len(chunks[-1].header) :]
    assert decoded_seconds(data) == pytest.approx(sum(chunk.seconds for chunk in chunks), abs=0.1)


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


@pytest.fixture
def given_up_as_it_speaks(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Engine a fails at its second piece; b is given up in the moment in which what it made is on its way."""
    begun, watched, made = threading.Event(), threading.Event(), threading.Event()

    def synthesize(self: FrailEngine, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        name = self._own.id
        if text == PROBE_TEXT:
            yield np.full(1600, 0.2, np.float32)
            return
        HEARD.append((name, text))
        if name == "a" and [each for each, _ in HEARD].count("a") > 1:
            raise RuntimeError("it broke")
        if name == "b":
            begun.set()
            watched.wait(PATIENCE)
        yield np.full(round(len(text) / PACE * 16_000), -0.2 if name == "b" else 0.2, np.float32)
        if name == "b":
            made.set()

    def left(self: Patience, *, long: bool = False) -> float:
        if self._instance.name != "b" or not begun.is_set():
            return 0.01
        watched.set()
        made.wait(PATIENCE)  # as long as this blocks the event loop, nobody is given anything
        return 0.0

    monkeypatch.setattr(FrailEngine, "synthesize", synthesize)
    monkeypatch.setattr(Patience, "left", left)


@pytest.mark.usefixtures("given_up_as_it_speaks")
@pytest.mark.parametrize("words", [1, 40])
async def test_what_was_ready_as_its_voice_was_given_up_is_heard(house: House, words: int) -> None:
    text = " ".join(
        ["Hello there, this is said by the first of them."] + [f"And {n} more words." for n in range(words)]
    )
    request = SpeechRequest(text, SynthesisConfig(format="pcm"))
    context = RequestContext("tts", priority=Priority.STREAM)
    async with aclosing(house.engines.speak(context, request)) as answer:
        data = b"".join([chunk.data async for chunk in answer])
    await house.engines.operations.leftovers.close()
    by_b = next(spoken for name, spoken in HEARD if name == "b")
    heard = np.frombuffer(data, np.int16)
    assert (heard < -1000).sum() / 16_000 == pytest.approx(len(by_b) / PACE, rel=0.1)
    spoken = [next(spoken for name, spoken in HEARD if name == "a"), by_b, said("c")]
    assert " ".join(filter(None, spoken)) == text
    assert context.metrics.audio_seconds == pytest.approx(len(heard) / 16_000)
