"""Audio that is pushed into a live stream faster than anybody speaks: it is heard as the same audio in a file is."""

from __future__ import annotations

import io
import itertools
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import cast

import av
import numpy as np
import pytest

from adapters.transcription.intake import AudioSource
from adapters.transcription.paced import EARLY_SECONDS, PacedSession
from adapters.transcription.recorded import RecordedUtterances
from adapters.transcription.rolling import RollingSession
from engines.registry import Registry
from stts.context import RequestContext
from stts.engine_api import Samples
from stts.plans import ListenRequest
from stts.settings import Settings
from stts.streams.channel import Channel
from stts.streams.live import LiveAudio
from stts.streams.prefetch import prefetch
from stts.text.transcript import collect_transcript
from stts.transcription import (
    AudioData,
    TranscriptCheckpoint,
    TranscriptEvent,
    TranscriptionConfig,
    TranscriptPartial,
    TranscriptSegment,
)
from tests.adapters.execution.engines_under_test import until
from tests.adapters.transcription.engines_under_test import Heard, engines, open_session, sound
from tests.engines.speech import person, read
from tests.wired import Engines


def at_once() -> float:
    return 0.0


async def posted(made: Engines, samples: Samples, engine: str) -> str:
    file = io.BytesIO()
    with av.open(file, "w", format="wav") as container:
        stream = container.add_stream("pcm_s16le", rate=16_000, layout="mono")
        assert isinstance(stream, av.AudioStream)
        data = (samples * 32767).astype("<i2")[np.newaxis]
        frame = av.AudioFrame.from_ndarray(data, format="s16", layout="mono")
        frame.sample_rate = 16_000
        container.mux([*stream.encode(frame), *stream.encode(None)])
    size = file.tell()
    file.seek(0)
    request = ListenRequest(AudioData(file, size), TranscriptionConfig(engine=engine))
    return (await collect_transcript(made.listen(RequestContext("stt"), request))).text


@pytest.mark.socket
async def test_real_speech_that_is_pushed_has_the_words_of_the_file() -> None:
    """In pieces of a tenth of a second, of a second, and at once; one after the other, for a decoder takes a while."""
    made = Engines(Registry(), Settings)
    try:
        speech = read(person(), seconds=4.0)
        words = await posted(made, speech, "faster_whisper")
        assert words
        for step in (0.1, 1.0, 30.0):
            session = await made.session(TranscriptionConfig(engine="faster_whisper"))
            heard = Heard(made, session, at_once)
            for start in range(0, len(speech), round(step * 16_000)):
                heard.audio.write(speech[start : start + round(step * 16_000)])
            assert await heard.end() == words
            assert heard.context.metrics.audio_seconds == pytest.approx(4.0)
            await session.aclose()
    finally:
        await made.close()


@pytest.mark.parametrize("engine", ["quick", "batch"])
async def test_no_place_is_held_for_it_and_the_next_is_heard_live(engine: str) -> None:
    async with engines(place_seconds=0.0) as made:
        session = await open_session(made, engine)
        pushed = Heard(made, session, at_once)
        pushed.audio.write(sound(EARLY_SECONDS + 1))
        await pushed.end()
        spoken = Heard(made, session)
        spoken.audio.write(sound(0.9))
        spoken.audio.checkpoint()
        await spoken.until(TranscriptCheckpoint)
        assert await spoken.end() == spoken.settled[0] != ""
        await session.aclose()


@pytest.mark.parametrize("probabilities", [(0.0, 0.9), (0.9, 0.0)])
async def test_its_regions_follow_from_how_its_frames_were_judged_when_they_came(
    probabilities: tuple[float, float],
) -> None:
    """All of it is as loud, so that an engine asked now would hear speech in both halves."""
    async with engines() as made:
        session = await open_session(made, "quick")
        heard = Heard(made, session, at_once)
        for probability in probabilities:
            for _ in range(60):
                heard.audio.write(sound(0.032), probability)
        await heard.end()
        (segment,) = [event.segment for event in heard.events if isinstance(event, TranscriptSegment)]
        begun = 0.0 if probabilities[0] else 60 * 0.032 - Settings().stt.padding_seconds
        assert segment.start == pytest.approx(begun, abs=0.033)
        await session.aclose()


async def test_what_was_told_of_it_for_good_stays() -> None:
    async with engines() as made:
        session = await open_session(made, "quick")
        heard = Heard(made, session, itertools.chain(range(0, 8000, 1000), itertools.repeat(-1000)).__next__)
        for count in range(1, 9):
            heard.audio.write(sound(0.3))
            await heard.until(TranscriptPartial, count)
        told = heard.told
        heard.audio.write(sound(3.0))
        assert told and (await heard.end()).startswith(told)
        await session.aclose()


async def test_what_was_only_thought_of_it_is_taken_back() -> None:
    async with engines() as made:
        session = await open_session(made, "quick")
        heard = Heard(made, session, at_once)
        heard.audio.write(sound(0.4))
        thought = await heard.until(TranscriptPartial)
        heard.audio.write(sound(3.0))
        await heard.end()
        assert isinstance(thought, TranscriptPartial) and thought.tail
        assert heard.events[heard.events.index(thought) + 1] == TranscriptPartial("", "")
        await session.aclose()


@pytest.mark.parametrize("engine", ["quick", "batch"])
async def test_who_speaks_on_after_a_burst_is_heard_live(engine: str) -> None:
    """Audio that came while the engine was loaded, or the network stalled, comes at once; the rest as it is spoken."""
    async with engines() as made:
        session = await open_session(made, engine)
        now = 0.0
        heard = Heard(made, session, lambda: now)
        heard.audio.write(sound(5.0))
        await until(lambda: heard.audio.waiting == 0)
        for _ in range(5):
            now += 1.0
            heard.audio.write(sound(1.0))
            await until(lambda: heard.audio.waiting == 0)
        heard.audio.checkpoint()
        assert await heard.end() == heard.settled[0] != ""
        await session.aclose()


class Hasty:
    """Decides words that nobody has been told of when more comes than could have been spoken."""

    def __init__(self, pushed: LiveAudio) -> None:
        self._pushed = pushed

    async def transcribe(self, audio: AudioSource, context: RequestContext) -> AsyncGenerator[TranscriptEvent, None]:
        async def make(ready: Channel[TranscriptEvent]) -> None:
            await audio.take()
            ready.put(TranscriptPartial("decided", ""), 1)
            self._pushed.write(sound(3.0))
            self._pushed.close()
            await audio.take()

        async with aclosing(prefetch(make, 64, "hasty")) as events:
            async for event in events:
                yield event


class Counting:
    """Tells how much it was given."""

    async def transcribe(self, audio: AudioSource, context: RequestContext) -> AsyncGenerator[TranscriptEvent, None]:
        samples = 0
        while pieces := await audio.take():
            samples += sum(len(piece) for piece in pieces if isinstance(piece, np.ndarray))
        yield TranscriptPartial(f"{samples} samples", "")


async def test_nothing_is_lost_that_was_decided_and_not_told() -> None:
    pushed = LiveAudio(30.0, at_once)
    pushed.write(sound(1.0))
    session = PacedSession(cast(RollingSession, Hasty(pushed)), cast(RecordedUtterances, Counting()))
    events = [event async for event in session.transcribe(pushed, RequestContext("stt"))]
    assert events == [TranscriptPartial("64000 samples", "")]
