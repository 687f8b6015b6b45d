"""One spoken answer leaves nothing behind."""

from __future__ import annotations

import gc
import weakref
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any

import pytest

from adapters.speech.render import LEISURE_SECONDS, gathered
from stts.audio.speech import SpeechRenderer
from stts.context import Priority, RequestContext
from stts.errors import EngineError
from stts.plans import SpeechRequest
from stts.settings import Settings
from stts.speech import AudioChunk, SynthesisConfig
from tests.fakes import registry
from tests.wired import Engines

TEXT = "One sentence after the other, and every one of them is spoken. " * 20


@pytest.fixture
async def engines() -> AsyncIterator[Engines]:
    settings = Settings.model_validate({"engines": {"options": {"tone": {"fail_on": "explode"}}}})
    made = Engines(registry(), lambda: settings)
    yield made
    await made.close()


@pytest.fixture
def renderers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[weakref.ref[SpeechRenderer]]]:
    """All that are made, while nobody collects what refers to itself."""
    made: list[weakref.ref[SpeechRenderer]] = []

    class Noted(SpeechRenderer):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            made.append(weakref.ref(self))

    monkeypatch.setattr("adapters.speech.adapter.SpeechRenderer", Noted)
    gc.collect()
    gc.disable()
    yield made
    gc.enable()


def test_a_fast_engine_s_blocks_are_gathered_and_a_slow_one_s_sent_at_once() -> None:
    fast = iter([0.0, 0.0, 0.001, 0.002, 0.003])
    blocks = [AudioChunk(b"a", 1.0), AudioChunk(b"", 0.0), AudioChunk(b"b", 1.0), AudioChunk(b"c", 1.0)]
    assert [chunk.data for chunk in gathered(iter(blocks), lambda: next(fast))] == [b"a", b"bc"]
    headers = [AudioChunk(b"h", 0.0), AudioChunk(b"i", 0.0), *blocks]
    still = (0.0 for _ in range(100))
    assert [chunk.data for chunk in gathered(iter(headers), lambda: next(still))] == [b"h", b"i", b"a", b"bc"]
    slow = (seconds / 10 for seconds in range(100))
    assert [chunk.data for chunk in gathered(iter(blocks), lambda: next(slow))] == [b"a", b"b", b"c"]


def test_where_nobody_waits_a_longer_moment_is_sent_together() -> None:
    blocks = [AudioChunk(data, 1.0) for data in (b"a", b"b", b"c", b"d")]
    times = iter([0.0, 0.01, LEISURE_SECONDS, LEISURE_SECONDS, LEISURE_SECONDS, LEISURE_SECONDS])
    sent = gathered(iter(blocks), lambda: next(times), pause=LEISURE_SECONDS)
    assert [chunk.data for chunk in sent] == [b"ab", b"cd"]


def speak(engines: Engines, text: str = TEXT, **config: Any) -> Any:
    config = {"engine": "tone", "format": "mp3", "normalize": -20.0, **config}
    context = RequestContext("tts", priority=config.pop("priority", Priority.STREAM))
    return engines.speak(context, SpeechRequest(text, SynthesisConfig(**config)))


async def test_a_finished_answer_frees_its_codecs_at_once(
    engines: Engines, renderers: list[weakref.ref[SpeechRenderer]]
) -> None:
    async with aclosing(speak(engines)) as chunks:
        assert sum([chunk.seconds async for chunk in chunks]) > 60
    assert [renderer() for renderer in renderers] == [None]


async def test_a_client_that_leaves_frees_them_at_once(
    engines: Engines, renderers: list[weakref.ref[SpeechRenderer]]
) -> None:
    async with aclosing(speak(engines)) as chunks:
        first: AudioChunk = await anext(chunks)
    assert first.data
    assert [renderer() for renderer in renderers] == [None]


async def test_the_text_is_all_spoken_whatever_its_pieces(engines: Engines) -> None:
    """The tone speaks 60 ms a character; spaces at the cuts are not spoken."""
    for priority in Priority:
        async with aclosing(speak(engines, format="pcm", normalize=None, priority=priority)) as chunks:
            seconds = sum([chunk.seconds async for chunk in chunks])
        assert 0.93 * len(TEXT) * 0.06 < seconds <= len(TEXT) * 0.06 + 0.1


async def test_what_was_made_before_a_failure_comes_before_it(engines: Engines) -> None:
    heard = 0.0
    with pytest.raises(EngineError):
        async with aclosing(speak(engines, f"{TEXT} Now explode.", format="pcm", normalize=None)) as chunks:
            async for chunk in chunks:
                heard += chunk.seconds
    assert heard > 30
