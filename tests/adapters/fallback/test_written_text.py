"""When a text that was still being written was there: what first audio counts from, whoever speaks it."""

from __future__ import annotations

import time
from contextlib import aclosing

import pytest

from stts.context import RequestContext
from stts.plans import SpeechRequest
from stts.speech import SynthesisConfig
from stts.streams.live import LiveText
from tests.adapters.fallback.conftest import House
from tests.adapters.fallback.frail_engines import FAULTS, GATE

EARLIER = 100.0
"""Seconds that somebody thinks before the first words."""


async def written(house: House, engine: str = "auto") -> tuple[float, float]:
    """Seconds from the first words to the end, and the seconds of `written`."""
    text, context = LiveText(1000), RequestContext("tts")
    context.start_time -= EARLIER
    text.write("Here is the first sentence of it. Here is the second one.")
    text.close()
    config = SynthesisConfig(engine=engine, format="pcm")
    async with aclosing(house.engines.speak(context, SpeechRequest(text, config))) as chunks:
        async for _ in chunks:
            pass
    assert context.metrics.written is not None
    return time.perf_counter() - context.start_time - context.metrics.written, context.metrics.written


@pytest.mark.parametrize("engine", ["auto", "a"])
async def test_it_is_known_whoever_is_asked(house: House, engine: str) -> None:
    assert (await written(house, engine))[1] >= EARLIER


async def test_it_is_known_of_a_text_whose_rest_another_speaks(house: House) -> None:
    house.set(voice_may_change=True)
    FAULTS["a"] = "second"
    assert (await written(house))[1] >= EARLIER


async def test_another_engine_that_reads_it_again_does_not_have_it_written_later(house: House) -> None:
    await house.warm("a", "b")
    house.set(first_seconds=0.5)
    FAULTS["a"] = "hang"
    assert (await written(house))[0] >= 0.5, "that long nobody spoke, though the text was there"
    GATE.set()
    await house.engines.operations.leftovers.close()
