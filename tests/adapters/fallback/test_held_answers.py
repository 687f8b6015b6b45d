"""An answer that is held back may fail at any place: the next engine makes it anew, from the beginning."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from stts.context import RequestContext
from stts.errors import EngineError
from stts.plans import SpeechRequest
from stts.speech import SynthesisConfig
from stts.streams.hold import Hold
from stts.text.transcript import collect_transcript
from stts.transcription import TranscriptEvent, TranscriptRetracted
from tests.adapters.fallback.conftest import House
from tests.adapters.fallback.frail_engines import FAULTS, GATE, HEARD, STARTED
from tests.adapters.fallback.test_listening_faults import recording
from tests.patience import PATIENCE

TEXT = "The first sentence is spoken by a voice. The second one is not, since that voice has broken by then."

PIECE_SECONDS = 0.6
"""Audio that a frail voice makes of each piece of text."""


async def stream_of(events: list[TranscriptEvent]):  # type: ignore[no-untyped-def]
    for event in events:
        yield event


@pytest.mark.parametrize("fault", ["middle", "second"])
@pytest.mark.parametrize("voice_may_change", [False, True])
async def test_the_next_voice_makes_all_of_it(house: House, fault: str, voice_may_change: bool) -> None:
    house.set(voice_may_change=voice_may_change)
    FAULTS["a"] = fault
    assert await house.speak(TEXT, hold=Hold(), speed=0.5) == "b"
    assert "a" in {name for name, _ in HEARD}
    pieces = [said for name, said in HEARD if name == "b"]
    assert " ".join(pieces) == TEXT
    assert house.seconds == pytest.approx(PIECE_SECONDS / 0.5 * len(pieces))
    context = house.context
    assert (context.output_data.fallback, context.output_data.voice) == ("engine_failed", "anna")
    assert context.warnings == ["a could not do this (engine_failed); b did."]
    assert (house.failures("a"), context.metrics.characters) == (1, len(TEXT))


async def test_a_voice_that_stalls_half_way_is_given_up(house: House) -> None:
    await house.warm("a", "b")
    house.set(first_seconds=0.5)
    FAULTS["a"] = "stall"
    assert await house.speak(TEXT, hold=Hold()) == "b"
    assert house.context.output_data.fallback == "engine_timeout"
    GATE.set()
    await house.engines.operations.leftovers.close()


async def test_once_it_is_sent_nothing_is_made_anew(house: House) -> None:
    FAULTS["a"] = "middle"
    context = RequestContext("tts", hold=(hold := Hold()))
    request = SpeechRequest(TEXT, SynthesisConfig(format="pcm"))
    async with aclosing(house.engines.speak(context, request)) as chunks:
        await anext(chunks)
        assert hold.release(0)
        with pytest.raises(EngineError):
            async for chunk in chunks:
                assert not chunk.retracts
    assert {name for name, _ in HEARD} == {"a"}
    assert (context.output_data.engine, house.failures("a")) == ("a", 1)


async def test_who_stood_in_is_known_with_the_first_chunk(house: House) -> None:
    FAULTS["a"] = "raise"
    context = RequestContext("tts", hold=Hold())
    request = SpeechRequest(TEXT, SynthesisConfig(format="pcm"))
    async with aclosing(house.engines.speak(context, request)) as chunks:
        await anext(chunks)
        assert (context.output_data.engine, context.output_data.fallback) == ("b", "engine_failed")
        assert context.warnings == ["a could not do this (engine_failed); b did."]
        assert house.failures("a") == 1, "another has begun it"


@pytest.mark.parametrize("fault", ["raise", "middle"])
async def test_an_engine_that_fails_rests_also_while_clients_leave(house: House, fault: str) -> None:
    FAULTS["a"] = fault
    for number in range(3):
        context = RequestContext("tts", hold=Hold())
        request = SpeechRequest(f"{TEXT} This is number {number}.", SynthesisConfig(format="pcm"))
        async with aclosing(house.engines.speak(context, request)) as chunks:
            async for _ in chunks:
                if context.output_data.engine == "b":
                    break
    assert house.breaker("a") == "open"


async def test_an_engine_is_charged_also_if_the_client_leaves_before_another_has_begun(house: House) -> None:
    FAULTS.update(a="raise", b="hang")
    leaving = asyncio.ensure_future(house.speak(TEXT, hold=Hold()))
    await asyncio.to_thread(STARTED.wait, PATIENCE)
    leaving.cancel()
    GATE.set()
    await asyncio.wait([leaving])
    assert (house.failures("a"), house.failures("b")) == (1, 0)


async def test_an_engine_that_works_again_is_not_charged_at_the_end_of_what_stood_in(house: House) -> None:
    await house.warm("a", "b")
    FAULTS["a"] = "raise"
    context = RequestContext("tts", hold=Hold())
    request = SpeechRequest(TEXT, SynthesisConfig(format="pcm"))
    async with aclosing(house.engines.speak(context, request)) as chunks:
        await anext(chunks)
        FAULTS.clear()
        assert await house.speak() == "a"
        async for _ in chunks:
            pass
    assert (context.output_data.engine, house.failures("a")) == ("b", 0)


async def test_a_text_that_breaks_it_half_way_is_charged_once(house: House) -> None:
    FAULTS["a"] = "middle"
    for _ in range(5):
        assert await house.speak(TEXT, hold=Hold()) == "b"
    assert (house.breaker("a"), house.failures("a")) == ("closed", 1)


@pytest.mark.parametrize("config", [{"engine": "a"}, {"voice": "mine"}])
async def test_no_other_voice_where_none_may_stand_in(house: House, config: dict[str, str]) -> None:
    FAULTS["a"] = "middle"
    with pytest.raises(EngineError):
        await house.speak(TEXT, hold=Hold(), **config)
    assert {name for name, _ in HEARD} == {"a"}


async def test_the_next_ear_hears_all_of_it(house: House) -> None:
    FAULTS["d"] = "middle"
    events = await house.listen(recording(), hold=Hold())
    assert TranscriptRetracted() in events
    result = await collect_transcript(stream_of(events))
    assert {segment.text for segment in result.segments} == {"e"}
    assert (house.context.output_data.engine, house.failures("d")) == ("e", 1)


def test_a_hold_is_not_released_before_a_retraction_has_come() -> None:
    hold = Hold()
    assert hold.take_back()
    assert not hold.release(0) and hold.kept
    assert hold.release(1) and not hold.kept
    assert not hold.take_back()
