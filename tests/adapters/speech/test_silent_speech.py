"""Texts in which nothing can be spoken, and engines that say nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from importlib.metadata import EntryPoint
from typing import Any

import numpy as np
import pytest

from engines.registry import GROUP, Registry
from stts.context import RequestContext
from stts.engine_api import Samples, SpeechParams, Voice
from stts.errors import EngineError, InvalidText
from stts.plans import SpeechRequest
from stts.settings import Settings
from stts.speech import AudioFormat, SynthesisConfig
from stts.streams.live import LiveText
from tests.audio import decoded
from tests.fakes import ToneEngine
from tests.wired import Engines

FORMATS: list[AudioFormat] = ["wav", "mp3", "opus", "aac", "flac"]


class LatinEngine(ToneEngine):
    """Has a sound for ASCII letters only, as some engines do without saying so."""

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        yield from super().synthesize("".join(filter(str.isascii, filter(str.isalpha, text))), voice, params)


class MuteEngine(ToneEngine):
    """Makes as many samples as it should, all of them silent."""

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        yield from (np.zeros_like(block) for block in super().synthesize(text, voice, params))


class EndlessEngine(ToneEngine):
    """Never comes to the end of a text."""

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        while True:
            yield from super().synthesize(text, voice, params)


class StereoEngine(ToneEngine):
    """Two channels, against its promise."""

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        yield from (np.stack([block, block]) for block in super().synthesize(text, voice, params))


class IntegerEngine(ToneEngine):
    """Whole numbers, against its promise."""

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Any]:
        yield from ((block * 32767).astype(np.int16) for block in super().synthesize(text, voice, params))


@pytest.fixture
async def engines() -> AsyncIterator[Engines]:
    kinds = {"latin": LatinEngine, "mute": MuteEngine, "endless": EndlessEngine}
    kinds |= {"stereo": StereoEngine, "integer": IntegerEngine}
    registry = Registry([EntryPoint(name, f"{__name__}:{kind.__name__}", GROUP) for name, kind in kinds.items()])
    settings = Settings()
    made = Engines(registry, lambda: settings)
    yield made
    await made.close()


async def spoken(engines: Engines, text: str | LiveText, **config: Any) -> tuple[bytes, RequestContext]:
    context = RequestContext("tts")
    request = SpeechRequest(text, SynthesisConfig(**{"engine": "latin", **config}))
    async with aclosing(engines.speak(context, request)) as chunks:
        return b"".join([chunk.data async for chunk in chunks]), context


@pytest.mark.parametrize("format", FORMATS)
async def test_marks_alone_are_a_short_silence(engines: Engines, format: AudioFormat) -> None:
    data, context = await spoken(engines, "...", format=format)
    samples, rate = decoded(data)
    assert 0.1 <= len(samples) / rate < 0.3
    assert abs(samples).max() < 0.001
    assert context.output_data.silent is True
    assert context.warnings
    assert context.metrics.audio_seconds == pytest.approx(0.1)


@pytest.mark.parametrize("effects", [{"trim_silence": True}, {"speed": 4.0, "pitch": 5.0, "normalize": -20.0}])
async def test_effects_leave_the_silence(engines: Engines, effects: dict[str, Any]) -> None:
    data, _ = await spoken(engines, "—", format="pcm", **effects)
    assert data == bytes(2 * 1600)


async def test_a_symbol_that_the_engine_does_not_know_is_silence_too(engines: Engines) -> None:
    data, context = await spoken(engines, "\U0001f600", format="pcm")
    assert data == bytes(2 * 1600)
    assert context.output_data.silent is True


async def test_words_in_a_script_that_the_voice_cannot_read_are_the_clients_mistake(engines: Engines) -> None:
    for text, script in (("你好", "Han"), ("Привет. Как дела?", "Cyrillic")):
        with pytest.raises(InvalidText, match=f"cannot read the {script} script"):
            await spoken(engines, text)


async def test_an_engine_that_makes_no_sound_of_words_it_should_read_has_failed(engines: Engines) -> None:
    with pytest.raises(EngineError, match="no sound"):
        await spoken(engines, "Äöü ßß.")


@pytest.mark.parametrize("text", ["①", "٣", "۵", "ʻ", "ꜱ"])
async def test_signs_that_many_voices_do_not_know_are_silence_and_no_failure(engines: Engines, text: str) -> None:
    data, context = await spoken(engines, text, format="pcm")
    assert data == bytes(2 * 1600)
    assert context.output_data.silent is True
    assert "The engine made no sound of a part of the text." in context.warnings


async def test_a_live_text_that_the_voice_cannot_read_is_the_clients_mistake(engines: Engines) -> None:
    text = LiveText(100)
    text.write("Привет. Как дела?")
    text.close()
    with pytest.raises(InvalidText, match="cannot read the Cyrillic script"):
        await spoken(engines, text)


async def test_a_part_without_a_sound_is_told(engines: Engines) -> None:
    data, context = await spoken(engines, f"{'Привет. ' * 100} Hello.", format="pcm")
    assert data
    assert "The engine made no sound of a part of the text." in context.warnings
    assert not context.output_data.silent


async def test_what_is_spoken_is_not_marked(engines: Engines) -> None:
    data, context = await spoken(engines, "... and so on", format="pcm")
    assert data and not context.output_data.silent and not context.warnings


async def test_an_empty_text_stays_an_error(engines: Engines) -> None:
    for text in ("", " \n", "\u200b"):
        with pytest.raises(InvalidText):
            await spoken(engines, text)


async def test_a_live_text_of_marks_alone_is_nothing(engines: Engines) -> None:
    text = LiveText(100)
    text.write("... ")
    text.close()
    data, _ = await spoken(engines, text)
    assert data == b""


@pytest.mark.parametrize("trim", [True, False])
async def test_silence_in_place_of_words_is_no_speech(engines: Engines, trim: bool) -> None:
    with pytest.raises(EngineError, match="no sound"):
        await spoken(engines, "Is anybody there?", engine="mute", trim_silence=trim)


async def test_a_voice_that_does_not_come_to_an_end_is_ended(engines: Engines) -> None:
    with pytest.raises(EngineError, match="does not come to an end"):
        await spoken(engines, "Hi.", engine="endless")


@pytest.mark.parametrize("engine", ["stereo", "integer"])
async def test_what_is_no_row_of_samples_is_no_sound(engines: Engines, engine: str) -> None:
    with pytest.raises(EngineError, match="no sound"):
        await spoken(engines, "Hi.", engine=engine)
