"""The price of an operation that sent nothing: what was heard of a recording, and no more."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from middleware.pipeline import Operation, compose
from middleware.stages.quotas import QuotaStage
from stts.access.allowances import QuotaExceeded
from stts.access.concurrency import Concurrency
from stts.access.quotas import QuotaBook
from stts.context import RequestContext
from stts.engine_api import Segment
from stts.errors import AudioTooLong, EngineError, STTSError, UndecodableAudio
from stts.plans import ListenRequest, SpeechRequest
from stts.settings import Settings
from stts.speech import RETRACTION, AudioChunk, SynthesisConfig
from stts.streams.hold import Hold
from stts.streams.live import LiveText
from stts.transcription import AudioData, TranscriptEvent, TranscriptionConfig, TranscriptSegment
from tests.stts.access.test_quotas import MemoryQuotas

NETWORK = "192.0.2.1"
LIMITS = Settings.model_validate({"quotas": {"address": {"audio_seconds_in_per_day": 3600}}})
HEARD = 2.5


def listening(heard: float | None, begun: asyncio.Event) -> Operation[ListenRequest, TranscriptEvent]:
    """Hears so many seconds, then waits for ever; None: it waits for its engine."""

    async def run(context: RequestContext, request: ListenRequest) -> AsyncIterator[TranscriptEvent]:
        context.metrics.audio_seconds = heard
        begun.set()
        await asyncio.Event().wait()
        yield  # type: ignore[misc]

    return run


@pytest.mark.parametrize("heard, cost", [(None, 0.0), (HEARD, HEARD)])
async def test_a_client_that_leaves_pays_what_was_heard(heard: float | None, cost: float) -> None:
    counted = MemoryQuotas()
    book = QuotaBook(counted.opened)
    stage = QuotaStage(book, Concurrency("concurrent"), lambda: LIMITS)
    context = RequestContext("stt")
    context.input_data.network = NETWORK
    request = ListenRequest(AudioData(io.BytesIO(bytes(320_000)), 320_000), TranscriptionConfig())

    begun = asyncio.Event()

    async def run() -> None:
        async with aclosing(compose([stage], listening(heard, begun))(context, request)) as events:
            await anext(events)

    task = asyncio.create_task(run())
    await begun.wait()
    assert counted.total > HEARD, "it is reserved"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await book.close()
    assert counted.total == cost and context.status == "cancelled"


@pytest.mark.parametrize("words", [True, False])
@pytest.mark.parametrize("hold", [None, Hold()])
@pytest.mark.parametrize("error", [AudioTooLong("too long"), UndecodableAudio("broken"), EngineError("It broke.")])
async def test_what_was_heard_before_the_callers_own_mistake_counts(
    words: bool, hold: Hold | None, error: STTSError
) -> None:
    """In silence too, of which nothing is told before it ends."""
    counted = MemoryQuotas()
    book = QuotaBook(counted.opened)
    stage = QuotaStage(book, Concurrency("concurrent"), lambda: LIMITS)
    context = RequestContext("stt", hold=hold)
    context.input_data.network = NETWORK

    async def listen(context: RequestContext, request: ListenRequest) -> AsyncIterator[TranscriptEvent]:
        context.metrics.audio_seconds = HEARD
        if words:
            yield TranscriptSegment(Segment("Hello.", 0.0, HEARD))
        raise error

    request = ListenRequest(AudioData(io.BytesIO(bytes(320_000)), 320_000), TranscriptionConfig())
    with pytest.raises(type(error)):
        async with aclosing(compose([stage], listen)(context, request)) as events:
            async for _ in events:
                pass
    await book.close()
    was_sent = words and hold is None
    assert counted.total == (0.0 if error.status >= 500 and not was_sent else HEARD)


async def test_a_client_that_leaves_an_answer_that_is_held_back_pays_what_was_made() -> None:
    counted = MemoryQuotas()
    book = QuotaBook(counted.opened)
    limits = Settings.model_validate({"quotas": {"address": {"audio_seconds_out_per_day": 3600}}})
    stage = QuotaStage(book, Concurrency("concurrent"), lambda: limits)
    context = RequestContext("tts", hold=Hold())
    context.input_data.network = NETWORK

    async def speak(context: RequestContext, request: SpeechRequest) -> AsyncIterator[AudioChunk]:
        yield AudioChunk(b"", 20.0)
        await asyncio.Event().wait()

    async with aclosing(compose([stage], speak)(context, SpeechRequest("Hello.", SynthesisConfig()))) as chunks:
        await anext(chunks)
    await book.close()
    assert counted.total == 20.0 and context.status == "cancelled"


@pytest.mark.parametrize("is_live", [False, True])
async def test_a_text_costs_as_much_as_a_dictionary_of_its_own_makes_of_it(is_live: bool) -> None:
    counted = MemoryQuotas()
    book = QuotaBook(counted.opened)
    limits = Settings.model_validate({"quotas": {"address": {"characters_per_day": 1000}}})
    stage = QuotaStage(book, Concurrency("concurrent"), lambda: limits)
    for words, cost in [({"ha": "long laughter"}, len("Say long laughter")), ({"Say": "."}, 6), ({}, 6)]:
        context, before = RequestContext("tts"), counted.total
        context.input_data.network = NETWORK

        async def speak(context: RequestContext, request: SpeechRequest) -> AsyncIterator[AudioChunk]:
            yield AudioChunk(b"", 1.0, "Say ha")

        request = SpeechRequest(LiveText(100) if is_live else "Say ha", SynthesisConfig(dictionary=words))
        async with aclosing(compose([stage], speak)(context, request)) as chunks:
            assert [chunk.text async for chunk in chunks] == ["Say ha"]
        await book.close()
        assert counted.total - before == cost


@pytest.mark.parametrize(("kept", "cost"), [(True, 0.0), (False, 30.0)])
async def test_an_answer_that_failed_before_it_was_sent_costs_nothing(kept: bool, cost: float) -> None:
    counted = MemoryQuotas()
    book = QuotaBook(counted.opened)
    limits = Settings.model_validate({"quotas": {"address": {"audio_seconds_out_per_day": 3600}}})
    stage = QuotaStage(book, Concurrency("concurrent"), lambda: limits)
    context = RequestContext("tts", hold=(hold := Hold()))
    context.input_data.network = NETWORK

    async def speak(context: RequestContext, request: SpeechRequest) -> AsyncIterator[AudioChunk]:
        yield AudioChunk(b"", 20.0)
        assert hold.take_back()
        yield RETRACTION
        yield AudioChunk(b"", 30.0)
        if not kept:
            assert hold.release(1)
        raise EngineError("It broke.")

    request = SpeechRequest("Hello.", SynthesisConfig())
    with pytest.raises(EngineError):
        async with aclosing(compose([stage], speak)(context, request)) as chunks:
            assert [chunk.seconds async for chunk in chunks] == [20.0, 0.0, 30.0]
    await book.close()
    assert counted.total == cost


@pytest.mark.parametrize(("pauses", "cost"), [(0.0, 5.0), (40.0, 45.0)])
async def test_pauses_around_speech_count_with_it(pauses: float, cost: float) -> None:
    counted = MemoryQuotas()
    book = QuotaBook(counted.opened)
    limits = Settings.model_validate({"quotas": {"address": {"audio_seconds_out_per_day": 60}}})
    stage = QuotaStage(book, Concurrency("concurrent"), lambda: limits)

    async def speak(context: RequestContext, request: SpeechRequest) -> AsyncIterator[AudioChunk]:
        yield AudioChunk(b"", 2.0)
        yield RETRACTION
        yield AudioChunk(b"", 5.0)

    async def spoken(silence: float) -> None:
        context = RequestContext("tts")
        context.input_data.network = NETWORK
        request = SpeechRequest("Hello.", SynthesisConfig(), silence=silence)
        async with aclosing(compose([stage], speak)(context, request)) as chunks:
            async for _ in chunks:
                pass

    with pytest.raises(QuotaExceeded):
        await spoken(61.0)
    await spoken(pauses)
    await book.close()
    assert counted.total == cost


CHARACTERS = Settings.model_validate({"quotas": {"address": {"characters_per_day": 30}}})


async def test_shares_that_are_reserved_ahead_are_those_of_the_operations() -> None:
    counted = MemoryQuotas()
    book = QuotaBook(counted.opened)
    stage = QuotaStage(book, Concurrency("concurrent"), lambda: CHARACTERS)

    async def speak(context: RequestContext, request: SpeechRequest) -> AsyncIterator[AudioChunk]:
        yield AudioChunk(b"x", 1.0, str(request.text))

    def context_of() -> RequestContext:
        context = RequestContext("tts")
        context.input_data.network = NETWORK
        return context

    requests = [SpeechRequest("a" * 10, SynthesisConfig()), SpeechRequest("b" * 15, SynthesisConfig())]
    shares = await stage.ahead(context_of(), requests)
    with pytest.raises(QuotaExceeded):
        await stage.ahead(context_of(), requests)
    for request, share in zip(requests, shares, strict=True):
        context = context_of()
        context.quota_ahead = share
        assert [item async for item in compose([stage], speak)(context, request)]
        await share.give_back()  # it was taken
    with pytest.raises(QuotaExceeded):
        await stage.ahead(context_of(), [SpeechRequest("c" * 6, SynthesisConfig())])
    (left,) = await stage.ahead(context_of(), [SpeechRequest("d" * 5, SynthesisConfig())])
    await left.give_back()
    await book.close()
    assert counted.total == 25
