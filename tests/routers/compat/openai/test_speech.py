from __future__ import annotations

from base64 import b64decode
from pathlib import Path
from typing import Any, Literal

import httpx
import numpy as np
import pytest
from openai import APIError, AsyncOpenAI, AsyncStream, BadRequestError, InternalServerError, OpenAI, Stream
from openai import BaseModel as OpenAIModel

from tests import patient
from tests.audio import decoded
from tests.routers.compat.conftest import INPUT_LIMIT
from tests.server import RunningServer

TEXT = "A tone of forty characters, near enough."
SECONDS = len(TEXT) * 0.06
FAILING = (
    "This much of it is still quite fine to say, and so is all that follows it up to the end of this sentence, which "
    "is longer than one piece of an engine that streams. Then something has to explode in the middle."
)

CONTAINERS = ("mp3", "opus", "aac", "flac", "wav")
Container = Literal["mp3", "opus", "aac", "flac", "wav"]


class SpeechEvent(OpenAIModel):
    """A stream event as the official client parses it; it has no type of its own for them."""

    type: str
    audio: str | None = None
    usage: dict[str, int] | None = None


def events(client: OpenAI, **fields: Any) -> Stream[SpeechEvent]:
    body = {"model": "tts-1", "voice": "alloy", "input": TEXT, "stream_format": "sse", **fields}
    return client.post("/audio/speech", body=body, cast_to=SpeechEvent, stream=True, stream_cls=Stream[SpeechEvent])


def frequency(samples: np.ndarray[Any, Any], rate: int) -> float:
    """Hz of the strongest tone."""
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * rate / len(samples))


@pytest.mark.parametrize("format", CONTAINERS)
def test_a_file_streamed_to_disk_is_whole(openai: OpenAI, tmp_path: Path, format: Container) -> None:
    path = tmp_path / f"speech.{format}"
    with openai.audio.speech.with_streaming_response.create(
        model="tts-1", voice="alloy", input=TEXT, response_format=format
    ) as answer:
        answer.stream_to_file(path)
    samples, rate = decoded(path.read_bytes())
    assert len(samples) / rate == pytest.approx(SECONDS, abs=0.15)
    assert frequency(samples, rate) == pytest.approx(220, abs=3)


@pytest.mark.parametrize("format", CONTAINERS)
async def test_the_async_client_gets_the_same(async_openai: AsyncOpenAI, tmp_path: Path, format: Container) -> None:
    path = tmp_path / f"speech.{format}"
    async with async_openai.audio.speech.with_streaming_response.create(
        model="tts-1", voice="alloy", input=TEXT, response_format=format
    ) as answer:
        await answer.stream_to_file(path)
    samples, rate = decoded(path.read_bytes())
    assert len(samples) / rate == pytest.approx(SECONDS, abs=0.15)


def test_the_default_is_mp3(openai: OpenAI) -> None:
    answer = openai.audio.speech.create(model="tts-1", voice="alloy", input=TEXT)
    assert answer.response.headers["content-type"] == "audio/mpeg"
    samples, rate = decoded(answer.content)
    assert len(samples) / rate == pytest.approx(SECONDS, abs=0.15)


def test_pcm_is_24_khz_whatever_the_engine(openai: OpenAI) -> None:
    answer = openai.audio.speech.create(model="tts-1", voice="alloy", input=TEXT, response_format="pcm")
    samples = np.frombuffer(answer.content, "<i2").astype(np.float32)
    assert len(samples) / 24_000 == pytest.approx(SECONDS, abs=0.15)
    assert frequency(samples, 24_000) == pytest.approx(220, abs=3)


def test_a_streamed_wav_has_one_header_that_leaves_the_length_open(openai: OpenAI) -> None:
    answer = openai.audio.speech.create(
        model="tts-1", voice="alloy", input=TEXT, response_format="wav", extra_body={"stream": True}
    )
    assert answer.content[4:8] == answer.content[40:44] == b"\xff\xff\xff\xff"
    assert answer.content.count(b"RIFF") == 1


def test_without_stream_the_length_is_known(openai: OpenAI) -> None:
    answer = openai.audio.speech.create(
        model="tts-1", voice="alloy", input=TEXT, response_format="wav", extra_body={"stream": False}
    )
    assert int(answer.response.headers["content-length"]) == len(answer.content)
    assert int.from_bytes(answer.content[40:44], "little") == len(answer.content) - 44


@pytest.mark.parametrize("speed", [0.25, 0.5, 2.0, 4.0])
def test_speed_shortens_without_changing_the_pitch(openai: OpenAI, speed: float) -> None:
    answer = openai.audio.speech.create(model="tts-1", voice="alloy", input=TEXT, response_format="wav", speed=speed)
    samples, rate = decoded(answer.content)
    assert len(samples) / rate == pytest.approx(SECONDS / speed, rel=0.1)
    assert frequency(samples, rate) == pytest.approx(220, abs=8)


@pytest.mark.parametrize("voice", ["alloy", "marin", "low", {"id": "low"}, {"id": "alloy"}, None])
def test_every_way_to_name_a_voice(openai: OpenAI, voice: Any) -> None:
    answer = openai.audio.speech.create(model="tts-1", voice=voice, input=TEXT)
    assert (answer.response.headers["x-engine"], answer.response.headers["x-voice"]) == ("tone", "low")


@pytest.mark.parametrize(
    ("model", "voice", "engine", "spoken"),
    [
        ("tts-1", "echo", "tone", "high"),
        ("tone", "echo", "tone", "high"),
        ("gpt-4o-mini-tts", "onyx", "espeak", "en-us+m7"),
        ("espeak", "echo", "espeak", "en-us+m1"),
        ("espeak", "de", "espeak", "de"),
        ("auto", "de", "espeak", "de"),
    ],
)
def test_models_and_voices_are_mapped(openai: OpenAI, model: str, voice: str, engine: str, spoken: str) -> None:
    answer = openai.audio.speech.create(model=model, voice=voice, input="Hello.")
    assert (answer.response.headers["x-engine"], answer.response.headers["x-voice"]) == (engine, spoken)


def test_a_hosted_voice_gives_way_to_the_language(openai: OpenAI) -> None:
    answer = openai.audio.speech.create(
        model="espeak", voice="alloy", input="Guten Tag.", extra_body={"lang_code": "de"}
    )
    assert answer.response.headers["x-voice"] == "de"


def test_parameters_of_the_engine_are_used_and_others_ignored(openai: OpenAI) -> None:
    extra = {
        "frequency": 440, "temperature": 0.7, "exaggeration": 0.4, "cfg_weight": 0.3, "seed": 7, "language": "en",
        "normalization_options": {"normalize": True}, "voice_aliases": ["a"], "return_timing": None, "speed": None,
    }  # fmt: skip
    answer = openai.audio.speech.create(
        model="tts-1", voice="low", input=TEXT, response_format="wav", instructions="Cheerful.", extra_body=extra
    )
    assert frequency(*decoded(answer.content)) == pytest.approx(440, abs=3)
    assert "instructions" in answer.response.headers["x-warnings"]


def test_a_sample_rate_may_be_asked_for(openai: OpenAI) -> None:
    for format in ("wav", "pcm"):
        answer = openai.audio.speech.create(
            model="tts-1",
            voice="low",
            input=TEXT,
            response_format=format,
            extra_body={"sample_rate": 8000},
        )
        assert answer.response.headers["x-sample-rate"] == "8000"


def test_accept_changes_nothing(server: RunningServer) -> None:
    for accept in ("application/octet-stream", "text/html", "application/json"):
        answer = patient.post(
            f"{server.url}/v1/audio/speech", json={"model": "tts-1", "input": TEXT}, headers={"accept": accept}
        )
        assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/mpeg")


@pytest.mark.parametrize("format", CONTAINERS)
def test_joined_deltas_are_one_file(openai: OpenAI, format: Container) -> None:
    with events(openai, response_format=format) as stream:
        *deltas, done = list(stream)
    assert len(deltas) > 1
    assert {each.type for each in deltas} == {"speech.audio.delta"}
    samples, rate = decoded(b"".join(b64decode(each.audio or "") for each in deltas))
    assert len(samples) / rate == pytest.approx(SECONDS, abs=0.15)
    assert done.type == "speech.audio.done"
    assert done.usage is not None
    assert done.usage["input_tokens"] == len(TEXT) / 4
    assert done.usage["output_tokens"] == pytest.approx(SECONDS * 20, abs=3)
    assert done.usage["total_tokens"] == done.usage["input_tokens"] + done.usage["output_tokens"]


async def test_events_through_the_async_client(async_openai: AsyncOpenAI) -> None:
    body = {"model": "tts-1", "voice": {"id": "high"}, "input": TEXT, "stream_format": "sse"}
    stream = await async_openai.post(
        "/audio/speech", body=body, cast_to=SpeechEvent, stream=True, stream_cls=AsyncStream[SpeechEvent]
    )
    types = [each.type async for each in stream]
    assert types == ["speech.audio.delta"] * (len(types) - 1) + ["speech.audio.done"]


def test_a_failure_among_events_is_raised_by_the_client(openai: OpenAI) -> None:
    seen: list[str] = []
    with events(openai, input=FAILING) as stream, pytest.raises(APIError) as caught:
        seen.extend(each.type for each in stream)
    assert "speech.audio.delta" in seen
    assert "speech.audio.done" not in seen
    assert caught.value.code == "engine_failed"
    assert "explode" not in str(caught.value.body)


def test_a_failure_before_the_first_event_has_its_status(openai: OpenAI) -> None:
    for stream_format in ("sse", "audio"):
        with pytest.raises(InternalServerError) as caught:
            openai.audio.speech.create(model="tts-1", voice="low", input="explode", stream_format=stream_format)
        assert caught.value.type == "server_error"


def test_a_failure_in_mid_stream_is_no_whole_file(server: RunningServer) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        patient.post(f"{server.url}/v1/audio/speech", json={"model": "tts-1", "input": FAILING, "stream": True})


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": ""}, "input"),
        ({"input": " \u200b\n"}, "input"),
        ({"input": "x" * (INPUT_LIMIT + 1)}, "input"),
        ({"input": 5}, "input"),
        ({"input": None}, "input"),
        ({"voice": "nosuch"}, "voice"),
        ({"voice": {"colour": "low"}}, "voice"),
        ({"voice": "broken"}, "voice"),
        ({"voice": ["low", "high"]}, "voice"),
        ({"model": None}, "model"),
        ({"model": ""}, "model"),
        ({"response_format": "ogg"}, "response_format"),
        ({"speed": 0.2}, "speed"),
        ({"speed": 4.1}, "speed"),
        ({"speed": "fast"}, "speed"),
        ({"stream_format": "chunks"}, "stream_format"),
        ({"sample_rate": 7000}, "sample_rate"),
        ({"sample_rate": "high"}, "sample_rate"),
        ({"language": "xx"}, "language"),
        ({"frequency": 10}, "frequency"),
        ({"seed": -1}, "seed"),
    ],
)
def test_what_cannot_be_spoken_is_400_and_names_the_field(openai: OpenAI, fields: dict[str, Any], param: str) -> None:
    body = {"model": "tone", "voice": "low", "input": TEXT, **fields}
    with pytest.raises(BadRequestError) as caught:
        openai.audio.speech.create(model="", voice="", input="", extra_body=body)
    assert (caught.value.param, caught.value.type) == (param, "invalid_request_error")
    assert caught.value.code


def test_the_longest_input_is_spoken(openai: OpenAI) -> None:
    answer = openai.audio.speech.create(
        model="gpt-4o-mini-tts", voice="alloy", input="Go. " * (INPUT_LIMIT // 4), response_format="pcm"
    )
    assert len(answer.content) > 24_000
