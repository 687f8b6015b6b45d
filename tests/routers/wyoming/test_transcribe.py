"""Speech in over a real socket, sent by the reference client, heard by the real engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from wyoming.asr import Transcribe
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event, Eventable
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart

from routers.wyoming.schemas import AudioShape, TranscribeShape
from routers.wyoming.transcribe import Transcription
from stts.context import RequestContext
from stts.conversation.services import SessionServices
from stts.engine_api import ListenParams, Samples
from stts.plans import TranscriptionPlan
from stts.protocols import HearRequest, Judged
from stts.settings import Settings, STTSettings
from stts.streams.live import LiveAudio, Mark
from stts.transcription import TranscriptDone, TranscriptEvent, TranscriptionConfig
from stts.vad.segmenter import levels
from tests.audio import decoded, tone
from tests.engines.speech import DATA, WORDS, share_heard, word_error_rate
from tests.routers.wyoming.conftest import Client
from tests.routers.wyoming.test_pcm import raw

MISHEARD = 0.5
"""Part of the words that a decoder may get wrong which looks at them only once."""
SILENCE = np.zeros(16_000, np.float32)


def sentence(name: str) -> Samples:
    samples, rate = decoded((DATA / name).read_bytes())
    assert rate == 16_000
    return samples


async def say(
    client: Client, samples: Samples, *, width: int = 2, channels: int = 1, chunk_seconds: float = 0.06
) -> None:
    """As a microphone would, without its pauses."""
    await client.write_event(AudioStart(16_000, width, channels).event())
    size = int(chunk_seconds * 16_000)
    for start in range(0, len(samples), size):
        data = raw(samples[start : start + size], width, channels)
        await client.write_event(AudioChunk(16_000, width, channels, data).event())
    await client.write_event(AudioStop().event())


def understood(events: Sequence[Event]) -> str:
    """The transcript, after chunks that joined are the same."""
    kinds = [event.type for event in events]
    assert kinds[0] == "transcript-start" and kinds[-2:] == ["transcript", "transcript-stop"]
    assert set(kinds[1:-2]) <= {"transcript-chunk"}
    text: str = events[-2].data["text"]
    assert "".join(event.data["text"] for event in events[1:-2]) == text
    return text


async def test_words_come_in_parts_and_then_as_one(client: Client) -> None:
    await client.write_event(Transcribe(language="en").event())
    await say(client, sentence("kitchen.flac"))
    events = await client.until("transcript-stop")
    assert word_error_rate(WORDS["kitchen.flac"], understood(events)) < MISHEARD
    assert len(events) >= 4
    assert events[-2].data["language"] == "en"


async def test_the_first_words_come_before_the_last_audio(client: Client) -> None:
    samples = sentence("kitchen.flac")
    await client.write_event(AudioStart(16_000, 2, 1).event())
    await client.write_event(AudioChunk(16_000, 2, 1, raw(samples[:-8000], 2)).event())
    first = await client.until("transcript-chunk")
    assert first[-1].data["text"].startswith("please")
    await client.write_event(AudioChunk(16_000, 2, 1, raw(samples[-8000:], 2)).event())
    await client.write_event(AudioStop().event())
    understood([*first, *await client.until("transcript-stop")])


async def test_regions_are_joined_and_silence_between_them_does_no_harm(client: Client) -> None:
    both = np.concatenate((SILENCE, sentence("kitchen.flac"), SILENCE, SILENCE, sentence("weather.flac"), SILENCE))
    await say(client, both)
    text = understood(await client.until("transcript-stop"))
    assert word_error_rate(f"{WORDS['kitchen.flac']} {WORDS['weather.flac']}", text) < MISHEARD
    assert "  " not in text and text == text.strip()


@pytest.mark.parametrize(("width", "channels"), [(1, 1), (3, 2), (4, 1)])
async def test_any_shape_of_audio_is_heard(client: Client, width: int, channels: int) -> None:
    await say(client, sentence("kitchen.flac"), width=width, channels=channels, chunk_seconds=1.0)
    text = understood(await client.until("transcript-stop"))
    assert share_heard(WORDS["kitchen.flac"], text) > 0.4


async def test_telephone_audio_is_heard(client: Client) -> None:
    slow = sentence("kitchen.flac")[::2]
    await client.write_event(AudioStart(8000, 2, 1).event())
    await client.write_event(AudioChunk(8000, 2, 1, raw(slow, 2)).event())
    await client.write_event(AudioStop().event())
    assert understood(await client.until("transcript-stop"))


@pytest.mark.parametrize("samples", [SILENCE[:0], SILENCE, tone(1.0)], ids=["nothing", "silence", "a tone"])
async def test_what_is_no_speech_has_no_words(client: Client, samples: Samples) -> None:
    await say(client, samples)
    assert understood(await client.until("transcript-stop")) == ""


class ByLoudness:
    """Voice activity: a frame is speech where it is loud."""

    def stream(self) -> ByLoudness:
        return self

    def judge(self, frames: Samples, done: Callable[[Judged | BaseException], None]) -> None:
        loud = np.abs(frames).max(axis=1) > 0.1
        answer = Judged(loud.astype(float).tolist(), levels(frames).tolist())
        asyncio.get_running_loop().call_soon(done, answer)

    async def probabilities(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        loud: NDArray[np.float32] = (np.abs(frames).max(axis=1) > 0.1).astype(np.float32)
        return loud

    def close(self) -> None:
        """It holds nothing."""


class Ears:
    """A session that keeps what it hears."""

    plan = TranscriptionPlan(TranscriptionConfig(), "echo", ListenParams())

    def __init__(self) -> None:
        self.heard: list[Samples] = []

    async def transcribe(self, audio: LiveAudio, context: RequestContext) -> AsyncGenerator[TranscriptEvent, None]:
        while taken := await audio.take():
            self.heard += [piece for piece in taken if not isinstance(piece, Mark)]
        yield TranscriptDone(audio.seconds, None)

    def retire(self) -> None:
        return

    async def aclose(self) -> None:
        """It holds nothing."""


async def heard_of(samples: Samples, settings: Settings) -> Samples:
    """The samples that reach the engine."""
    ears = Ears()

    async def open_ears(config: TranscriptionConfig) -> Ears:
        return ears

    def hear(context: RequestContext, request: HearRequest) -> AsyncGenerator[TranscriptEvent, None]:
        return request.session.transcribe(request.audio, context)

    async def send(event: object) -> None:
        """To nobody."""

    parts = SessionServices(hear, never, never, open_ears, never, ByLoudness(), None, RequestContext)
    transcription = Transcription(TranscribeShape(), parts, settings)
    running = asyncio.create_task(transcription.run(TranscriptionConfig(), send))
    await transcription.hear(AudioShape(rate=16_000, width=4, channels=1), raw(samples, 4))
    await transcription.finish()
    await running
    return np.concatenate([np.zeros(0, np.float32), *ears.heard])


def never(*arguments: object) -> Any:
    raise AssertionError("a transcription speaks to nobody")


@pytest.mark.parametrize(("shortest", "every"), [(0.15, 1), (0.15, 6), (1.0, 1)])
async def test_speech_that_is_slow_to_be_recognised_as_such_loses_nothing_of_its_beginning(
    shortest: float, every: int
) -> None:
    sound, silence = np.linspace(0.2, 0.9, 512, dtype=np.float32), np.zeros(512, np.float32)
    speech = np.concatenate([sound if index % every == 0 else silence for index in range(60)])
    false_alarm = np.concatenate([sound, np.tile(silence, 12)])
    samples = np.concatenate([np.tile(silence, 40), false_alarm, speech, np.tile(silence, 40)])
    settings = Settings(stt=STTSettings(min_speech_seconds=shortest))
    heard = await heard_of(samples, settings)
    begin = int(np.flatnonzero(np.abs(heard) > 0.1)[0])
    assert np.allclose(heard[begin:][: len(speech)], speech, atol=1e-6)
    assert begin == pytest.approx(settings.stt.padding_seconds * 16_000, abs=512)


async def test_several_requests_on_one_connection(client: Client) -> None:
    for name in ("kitchen.flac", "weather.flac"):
        await say(client, sentence(name))
        assert understood(await client.until("transcript-stop"))


async def test_a_model_is_chosen_by_name(client: Client) -> None:
    await client.write_event(Transcribe(name="echo").event())
    await say(client, sentence("kitchen.flac"))
    assert understood(await client.until("transcript-stop")).startswith("word0 word1")
    # The wish was for one request.
    await say(client, sentence("kitchen.flac"))
    assert "window" in understood(await client.until("transcript-stop"))


NONE_GIVEN = [None, "", " ", "auto", "Auto", [], [None]]


@pytest.mark.parametrize("value", NONE_GIVEN)
async def test_no_name_and_no_language_in_any_form(client: Client, value: Any) -> None:
    options = {"name": value, "language": value, "vad_sensitivity": None, "transcript_names": None, "context": None}
    await client.write_event(Event("transcribe", options))
    await say(client, SILENCE)
    assert understood(await client.until("transcript-stop")) == ""


@pytest.mark.parametrize("name", ["whisper-1", "gpt-4o-transcribe", "PocketSphinx"])
@pytest.mark.parametrize("language", ["en_US", "EN", "english", "eng", "a"])
async def test_hosted_models_and_languages_by_any_name(client: Client, name: str, language: str) -> None:
    await client.write_event(Transcribe(name=name, language=language).event())
    await say(client, SILENCE)
    events = await client.until("transcript-stop")
    assert understood(events) == ""


async def test_chunks_that_end_inside_a_sample_are_heard_as_one_stream(client: Client) -> None:
    data = raw(sentence("kitchen.flac"), 2)
    await client.write_event(AudioStart(16_000, 2, 1).event())
    for start in range(0, len(data), 2047):
        await client.write_event(AudioChunk(16_000, 2, 1, data[start : start + 2047]).event())
        await client.write_event(AudioChunk(16_000, 2, 1, b"").event())
    await client.write_event(AudioStop().event())
    assert word_error_rate(WORDS["kitchen.flac"], understood(await client.until("transcript-stop"))) < MISHEARD


async def test_what_a_chunk_does_not_say_is_what_the_start_said(client: Client) -> None:
    data = raw(sentence("kitchen.flac"), 4, 2)
    await client.write_event(Event("audio-start", {"rate": 16_000, "width": 4, "channels": 2, "timestamp": None}))
    for start in range(0, len(data), 8192):
        told = {"rate": None} if start % 16_384 else {}
        await client.write_event(Event("audio-chunk", told, data[start : start + 8192]))
    await client.write_event(AudioStop().event())
    assert word_error_rate(WORDS["kitchen.flac"], understood(await client.until("transcript-stop"))) < MISHEARD


async def test_audio_needs_no_start(client: Client) -> None:
    await client.write_event(AudioChunk(16_000, 2, 1, raw(sentence("kitchen.flac"), 2)).event())
    await client.write_event(AudioStop().event())
    assert "window" in understood(await client.until("transcript-stop"))


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (AudioStop().event(), "conflict"),
        (AudioStart(100, 2, 1).event(), "invalid_parameter"),
        (AudioStart(16_000, 0, 1).event(), "invalid_parameter"),
        (AudioStart(16_000, 2, 100).event(), "invalid_parameter"),
        (Event("audio-start", {"rate": "fast", "width": 2, "channels": 1}), "invalid_parameter"),
        (Transcribe(language="x" * 1000).event(), "invalid_parameter"),
        (Event("transcribe", {"name": 7}), "invalid_parameter"),
    ],
)
async def test_what_cannot_be_heard_is_an_error_and_the_end(client: Client, event: Event, code: str) -> None:
    await client.write_event(event)
    events = await client.until()
    assert Error.from_event(events[-1]).code == code
    assert events[-1].type == "error"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (Transcribe(name="nosuch"), "unknown_engine"),
        (Transcribe(name="pocketsphinx", language="de"), "invalid_parameter"),
    ],
)
async def test_a_wish_that_cannot_be_met_is_told_while_audio_still_comes(
    client: Client, options: Transcribe, code: str
) -> None:
    await client.write_event(options.event())
    with suppress(ConnectionError):
        await say(client, np.tile(sentence("kitchen.flac"), 3))
    assert Error.from_event((await client.until())[-1]).code == code


async def test_too_much_audio_is_refused(client: Client) -> None:
    await say(client, np.zeros(16_000 * 21, np.float32), chunk_seconds=1.0)
    events = await client.until()
    assert Error.from_event(events[-1]).code == "audio_too_long"


@pytest.mark.parametrize(
    "events",
    [
        (AudioStart(16_000, 2, 1), AudioStart(16_000, 2, 1)),
        (AudioStart(16_000, 2, 1), Synthesize("Hello.")),
        (AudioStart(16_000, 2, 1), SynthesizeStart(), SynthesizeChunk("Hello.")),
        (SynthesizeStart(), SynthesizeChunk("Hello."), AudioStart(16_000, 2, 1)),
    ],
)
async def test_two_things_at_once_are_refused(client: Client, events: Sequence[Eventable]) -> None:
    """Each would wait for the other for ever."""
    for event in events:
        await client.write_event(event.event())
    assert (await client.until("error"))[-1].data["code"] == "conflict"
