"""Speech and transcripts on the event loop of a program: values, errors, and a close while something goes on."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from embedded import AsyncSpeech
from stts.errors import (
    EngineError,
    InvalidConfiguration,
    InvalidParameter,
    STTSError,
    Unavailable,
    UndecodableAudio,
    UnknownEngine,
    UnknownVoice,
)
from tests.audio import decoded, encoded, tone
from tests.embedded.conftest import Sections
from tests.fakes import registry
from tests.stts.analytics.usages import until

LONG = "This sentence is said again and again. " * 100


def running(speech: AsyncSpeech) -> int:
    """Calls at work in engines."""
    return sum(each.running for each in speech.services.engines.descriptions())


@pytest.fixture
async def speech(sections: Sections) -> AsyncIterator[AsyncSpeech]:
    async with AsyncSpeech(settings=sections, registry=registry()) as speech:
        yield speech


async def test_a_text_becomes_audio_that_knows_what_it_is(speech: AsyncSpeech, tmp_path: Path) -> None:
    audio = await speech.speak("Hello, world!", voice="high", format="mp3", sample_rate=24_000, channels=2)
    assert (audio.format, audio.media_type, audio.sample_rate, audio.channels) == ("mp3", "audio/mpeg", 24_000, 2)
    assert (audio.engine, audio.voice, audio.language, audio.warnings) == ("tone", "high", "en", ())
    samples, rate = decoded(audio.save(tmp_path / "hello.mp3").read_bytes())
    assert audio.seconds == pytest.approx(len(samples) / rate, abs=0.1)
    assert "Hello" not in repr(audio)


async def test_a_name_of_another_format_is_refused(speech: AsyncSpeech, tmp_path: Path) -> None:
    audio = await speech.speak("Hello")
    with pytest.raises(InvalidParameter, match="speak with format='mp3'"):
        audio.save(tmp_path / "hello.mp3")
    assert audio.save(tmp_path / "hello").read_bytes()[:4] == b"RIFF"
    assert (await speech.speak("Hello", format="ogg")).save(tmp_path / "a.oga").exists()


async def test_speed_language_and_parameters(speech: AsyncSpeech) -> None:
    plain = await speech.speak("Hello, world!", language="English")
    slow = await speech.speak("Hello, world!", speed=0.5, pitch=2, parameters={"frequency": 440})
    assert slow.seconds == pytest.approx(2 * plain.seconds, rel=0.05)


async def test_the_same_is_spoken_once(sections: Sections) -> None:
    sections["cache"] = {"enabled": True}
    async with AsyncSpeech(settings=sections, registry=registry()) as speech:
        assert (await speech.speak("Hello")).data == (await speech.speak("Hello")).data
        assert speech.services.metrics.totals("tts").cached == {"MISS": 1, "HIT": 1}


async def test_pieces_are_one_file(speech: AsyncSpeech) -> None:
    pieces = [piece async for piece in speech.stream(LONG, format="mp3")]
    assert len(pieces) > 3
    samples, rate = decoded(b"".join(pieces))
    assert len(samples) / rate > 100


async def test_a_stream_that_is_left_ends(speech: AsyncSpeech) -> None:
    async with aclosing(speech.stream(LONG, format="pcm")) as pieces:
        async for _ in pieces:
            break
    await until(lambda: running(speech) == 0)


async def test_voices_of_the_engines_that_are_here(speech: AsyncSpeech) -> None:
    voices = await speech.voices("tone")
    assert [(each.id, each.engine, each.languages) for each in voices] == [
        ("low", "tone", ("en",)),
        ("high", "tone", ("en",)),
    ]
    assert await speech.voices("tone", language="fa") == []
    assert await speech.voices("edge") == []
    assert {"tone", "espeak"} <= {each.engine for each in await speech.voices()}
    with pytest.raises(UnknownEngine):
        await speech.voices("nosuch")


async def test_recordings_are_written_down(speech: AsyncSpeech, tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    path.write_bytes(encoded(tone(2.0)))
    with path.open("rb") as file:
        file.seek(10)
        found = [await speech.transcribe(each) for each in (path, str(path), path.read_bytes(), file)]
    assert all(each.duration == pytest.approx(2.0, abs=0.05) for each in found)
    with pytest.raises(UndecodableAudio):
        await speech.transcribe(io.BytesIO(b"no recording"))
    with pytest.raises(FileNotFoundError):
        await speech.transcribe(tmp_path / "nothing.wav")


@pytest.mark.parametrize(
    ("wishes", "error"),
    [
        ({"voice": "nosuch"}, UnknownVoice),
        ({"engine": "nosuch"}, UnknownEngine),
        ({"format": "midi"}, InvalidParameter),
        ({"speed": 9.0}, InvalidParameter),
        ({"pitch": 99.0}, InvalidParameter),
        ({"channels": 6}, InvalidParameter),
        ({"volume": 1}, InvalidParameter),
        ({"dictionary": {"": "x"}}, InvalidParameter),
        ({"parameters": {"warmth": 1}}, InvalidParameter),
        ({"language": "klingon"}, STTSError),
    ],
)
async def test_mistakes_are_told_in_words(speech: AsyncSpeech, wishes: Any, error: type[STTSError]) -> None:
    with pytest.raises(error) as raised:
        await speech.speak("Hello", **wishes)
    assert raised.value.message


async def test_an_engine_that_fails_is_an_error_and_nothing_more(speech: AsyncSpeech) -> None:
    with pytest.raises(EngineError):
        await speech.speak("explode")
    assert (await speech.speak("Hello")).seconds > 0


async def test_nothing_goes_on_where_it_is_not_open(sections: Sections) -> None:
    speech = AsyncSpeech(settings=sections, registry=registry())
    for _ in range(2):
        with pytest.raises(Unavailable, match="not open"):
            await speech.speak("Hello")
        await speech.open()
        await speech.open()
        await speech.speak("Hello")
        await speech.close()
        await speech.close()


async def test_a_close_ends_what_goes_on(sections: Sections) -> None:
    sections["engines"]["options"]["tone"]["speed"] = 1.0
    speech = AsyncSpeech(settings=sections, registry=registry())
    await speech.open()
    calls = [asyncio.create_task(speech.speak(LONG)), asyncio.create_task(collected(speech))]
    await until(lambda: running(speech) > 0)
    await speech.close()
    for call in calls:
        with pytest.raises(Unavailable, match="closed while this went on"):
            await call


async def collected(speech: AsyncSpeech) -> bytes:
    return b"".join([piece async for piece in speech.stream(LONG)])


async def test_a_call_that_is_cancelled_ends_its_work(sections: Sections) -> None:
    sections["engines"]["options"]["tone"]["speed"] = 1.0
    async with AsyncSpeech(settings=sections, registry=registry()) as speech:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await speech.speak(LONG)
        await until(lambda: running(speech) == 0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"tss": {}}, "no section 'tss'"), ({"tts": {"format": "midi"}}, "tts.format"), ({"tts": {"x": 1}}, "tts.x")],
)
async def test_settings_that_are_wrong_are_told(settings: Sections, message: str, sections: Sections) -> None:
    speech = AsyncSpeech(settings=sections | settings, registry=registry())
    with pytest.raises(InvalidConfiguration, match=message):
        await speech.open()
    with pytest.raises(Unavailable):
        await speech.speak("Hello")


async def test_a_configuration_of_a_server_opens_no_database(sections: Sections, tmp_path: Path) -> None:
    (tmp_path / "server.yaml").write_text(
        "server: {host: 0.0.0.0, port: 80}\nsecurity: {keys: true}\nwyoming: {enabled: true}\naudit: {enabled: true}\n"
        "listeners: {a: {dialects: [openai], port: 81}}\ntts: {voices: {tone: high}}\n"
    )
    async with AsyncSpeech(tmp_path / "server.yaml", sections, registry=registry()) as speech:
        assert (await speech.speak("Hello")).voice == "high"
    assert not list((tmp_path / "data").rglob("*.db*")) and not list((tmp_path / "data").rglob("*.sqlite*"))
