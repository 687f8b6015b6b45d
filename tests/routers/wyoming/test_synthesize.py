"""Speech over a real socket, asked for by the reference client."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import SelectProgram
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop, SynthesizeVoice

from routers.wyoming import synthesize
from stts.engine_api import Samples
from tests.routers.wyoming.conftest import Client

SENTENCE = "The ferry leaves at nine, and the last one comes back at five."


def audio(events: Sequence[Event]) -> tuple[Samples, int]:
    """The audio of one answer, from exactly one start to exactly one stop, and its rate."""
    kinds = [event.type for event in events]
    assert kinds[0] == "audio-start" and kinds[-1] == "audio-stop"
    assert set(kinds[1:-1]) == {"audio-chunk"}
    start = AudioStart.from_event(events[0])
    chunks = [AudioChunk.from_event(event) for event in events[1:-1]]
    assert {(chunk.rate, chunk.width, chunk.channels) for chunk in chunks} == {(start.rate, 2, 1)}
    position = 0
    for chunk in chunks:
        assert chunk.timestamp == position * 1000 // start.rate
        position += chunk.samples
    assert AudioStop.from_event(events[-1]).timestamp == position * 1000 // start.rate
    samples: Samples = np.frombuffer(b"".join(chunk.audio for chunk in chunks), "<i2").astype(np.float32)
    return samples / np.float32(32_768), start.rate


async def spoken(client: Client, text: str, **options: str) -> tuple[Samples, int]:
    voice = SynthesizeVoice(**options) if options else None
    await client.write_event(Synthesize(text, voice=voice).event())
    return audio(await client.until("audio-stop"))


async def test_a_text_is_one_start_its_audio_and_one_stop(client: Client) -> None:
    samples, rate = await spoken(client, SENTENCE)
    assert rate == 22_050
    assert 3.0 < len(samples) / rate < 6.0
    assert 0.02 < float(np.sqrt(np.mean(samples**2))) < 0.5


async def test_many_sentences_still_have_one_stop(client: Client) -> None:
    once, _ = await spoken(client, SENTENCE)
    often, _ = await spoken(client, " ".join([SENTENCE] * 6))
    assert 5 * len(once) < len(often) < 7 * len(once)


async def test_requests_of_one_connection_are_answered_in_order(client: Client) -> None:
    for text in ("One.", "This one is rather longer.", "Two."):
        await client.write_event(Synthesize(text).event())
    lengths = [len(audio(await client.until("audio-stop"))[0]) for _ in range(3)]
    assert lengths[1] > max(lengths[0], lengths[2])


async def test_a_voice_of_another_engine_chooses_the_engine(client: Client) -> None:
    _, rate = await spoken(client, "Hello", name="high")
    assert rate == 16_000


async def test_a_language_chooses_a_voice(client: Client) -> None:
    german, _ = await spoken(client, "Ich gehe heute nicht nach Hause", language="de-DE")
    named, _ = await spoken(client, "Ich gehe heute nicht nach Hause", name="de")
    english, _ = await spoken(client, "Ich gehe heute nicht nach Hause", name="en-us")
    # The engine is never quite the same twice.
    assert abs(len(german) - len(named)) < 200 < abs(len(german) - len(english))


async def test_a_program_is_selected_for_the_connection(client: Client) -> None:
    await client.write_event(SelectProgram("tone").event())
    _, rate = await spoken(client, "Hello")
    assert rate == 16_000


async def test_a_text_that_is_still_written_is_spoken(client: Client) -> None:
    await client.write_event(SynthesizeStart().event())
    for part in ("The ferry leaves at nine. And the last ", "one comes back at five."):
        await client.write_event(SynthesizeChunk(part).event())
    # Clients send the whole text as well, for servers that do not stream.
    await client.write_event(Synthesize("The ferry leaves at nine. And the last one comes back at five.").event())
    await client.write_event(SynthesizeStop().event())
    events = await client.until("synthesize-stopped")
    samples, rate = audio(events[:-1])
    assert 3.0 < len(samples) / rate < 6.0
    again, _ = await spoken(client, "And again.")
    assert len(again)


async def test_audio_comes_before_the_text_is_complete(client: Client) -> None:
    await client.write_event(SynthesizeStart(voice=SynthesizeVoice(name="low")).event())
    await client.write_event(SynthesizeChunk("The ferry leaves at nine. And then, ").event())
    first = await client.until("audio-chunk")
    assert [event.type for event in first] == ["audio-start", "audio-chunk"]
    await client.write_event(SynthesizeChunk("never again.").event())
    await client.write_event(SynthesizeStop().event())
    samples, rate = audio([*first, *await client.until("synthesize-stopped")][:-1])
    assert rate == 16_000
    assert len(samples) / rate == pytest.approx(0.06 * 46, abs=1.0)


@pytest.mark.parametrize("parts", [(), ("",), (" \n",)])
async def test_a_text_of_nothing_is_no_audio(client: Client, parts: tuple[str, ...]) -> None:
    await client.write_event(SynthesizeStart().event())
    for part in parts:
        await client.write_event(SynthesizeChunk(part).event())
    await client.write_event(SynthesizeStop().event())
    assert [event.type for event in await client.until("synthesize-stopped")] == ["synthesize-stopped"]


async def test_many_blanks_before_the_first_word_wait_for_nobody(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(synthesize, "TEXT_AHEAD", 10)
    await client.write_event(SynthesizeStart().event())
    for part in (" " * 20, " " * 20, "Hello."):
        await client.write_event(SynthesizeChunk(part).event())
    await client.write_event(SynthesizeStop().event())
    assert len(audio((await client.until("synthesize-stopped"))[:-1])[0])


@pytest.mark.parametrize("text", ["", " ", "...", "\u2026", "*", "-- --"])
async def test_a_text_in_which_nothing_can_be_spoken_is_an_empty_group(client: Client, text: str) -> None:
    for _ in range(2):
        await client.write_event(Synthesize(text).event())
        assert [event.type for event in await client.until("audio-stop")] == ["audio-start", "audio-stop"]
    await client.write_event(SynthesizeStart().event())
    await client.write_event(SynthesizeChunk("...").event())
    await client.write_event(SynthesizeStop().event())
    kinds = [event.type for event in await client.until("synthesize-stopped")]
    assert kinds == ["audio-start", "audio-stop", "synthesize-stopped"]


NONE_GIVEN: list[Any] = [None, "", " ", "auto", "AUTO", {}, [], {"name": None}, {"name": ""}, {"name": "auto"}]


@pytest.mark.parametrize("voice", [*NONE_GIVEN, {"language": None}, {"language": ""}, {"language": "auto", "name": []}])
async def test_no_voice_in_any_form(client: Client, voice: Any) -> None:
    data = {"text": "Hello", "voice": voice, "text_format": None, "context": None}
    await client.write_event(Event("synthesize", data))
    assert audio(await client.until("audio-stop"))[1] == 22_050
    await client.write_event(Event("synthesize-start", {"voice": voice, "text_format": ""}))
    await client.write_event(Event("synthesize-chunk", {"text": "Hello."}))
    await client.write_event(Event("synthesize-stop", {}))
    assert audio((await client.until("synthesize-stopped"))[:-1])[1] == 22_050


@pytest.mark.parametrize(
    "name", ["alloy", "Nova", "af_heart", "af_bella+af_sky", "en_US-lessac-medium", "default", "en_US"]
)
async def test_voices_of_other_services(client: Client, name: str) -> None:
    assert (await spoken(client, "Hello", name=name))[1] == 22_050


@pytest.mark.parametrize("program", ["espeak", "eSpeak", "tts-1", "auto", "", None])
async def test_a_program_by_any_name(client: Client, program: str | None) -> None:
    await client.write_event(Event("select-program", {"name": program}))
    assert (await spoken(client, "Hello"))[1] == 22_050


@pytest.mark.parametrize(
    "data",
    [
        {"voice": None},
        {"text": None},
        {"text": ["Hello"]},
        {"text": "Hello", "voice": 7},
        {"text": "Hello", "voice": {"name": {"first": "Ann"}}},
        {"text": "Hello", "voice": {"language": ["en", "de"]}},
    ],
)
async def test_data_of_the_wrong_type_is_an_error(client: Client, data: dict[str, Any]) -> None:
    await client.write_event(Event("synthesize", data))
    events = await client.until()
    assert [event.type for event in events] == ["error"]
    assert Error.from_event(events[0]).code == "invalid_parameter"


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (Synthesize("Hello", voice=SynthesizeVoice(name="nobody")), "unknown_voice"),
        (Synthesize("Hello", voice=SynthesizeVoice(language="xx")), "invalid_parameter"),
        (Synthesize("x" * 2001), "text_too_long"),
        (Synthesize("<speak>Hello</speak>", text_format="ssml"), "invalid_parameter"),
        (Synthesize("This will explode.", voice=SynthesizeVoice(name="low")), "engine_failed"),
        (SynthesizeChunk("Hello"), "conflict"),
        (SynthesizeStop(), "conflict"),
    ],
)
async def test_what_cannot_be_spoken_is_an_error_and_the_end(
    client: Client, event: Synthesize | SynthesizeChunk | SynthesizeStop, code: str
) -> None:
    await client.write_event(event.event())
    events = await client.until()
    assert [event.type for event in events] == ["error"]
    error = Error.from_event(events[0])
    assert error.code == code
    assert "Hello" not in error.text and "nobody" not in error.text


async def test_a_live_text_that_grows_too_long_is_an_error(client: Client) -> None:
    await client.write_event(SynthesizeStart(voice=SynthesizeVoice(name="low")).event())
    for _ in range(3):
        await client.write_event(SynthesizeChunk("x" * 1000).event())
    assert (await client.until())[-1].data["code"] == "text_too_long"


async def test_two_texts_at_once_are_refused(client: Client) -> None:
    await client.write_event(SynthesizeStart().event())
    await client.write_event(SynthesizeStart().event())
    assert (await client.until())[-1].data["code"] == "conflict"


async def test_clients_side_by_side_do_not_disturb_each_other(client: Client, settings: object) -> None:
    async def one(number: int) -> int:
        async with Client(client.port) as own:
            return len((await spoken(own, f"{SENTENCE} {'and again ' * number}"))[0])

    lengths = await asyncio.gather(*map(one, range(5)))
    assert lengths == sorted(lengths)
