"""Speakers of transcripts, through the official client on a socket, with real voices and the real model of them."""

from __future__ import annotations

import base64
from typing import Any, get_args

import numpy as np
import pytest
from openai import AsyncOpenAI, BadRequestError, OpenAI
from openai.types.audio import (
    TranscriptionDiarized,
    TranscriptionTextDeltaEvent,
    TranscriptionTextDoneEvent,
    TranscriptionTextSegmentEvent,
)

from routers.compat.openai.transcription_schemas import ResponseFormat
from routers.http.long_field_names import LONG_FIELD_BYTES
from tests import patient
from tests.audio import encoded
from tests.routers.compat.recordings import silence, weather
from tests.server import RunningServer
from tests.speakers import Spoken, conversation, need_speakers, right_share, voice

pytestmark = pytest.mark.socket

EAR = "faster_whisper"


@pytest.fixture(scope="module", autouse=True)
def speakers() -> None:
    need_speakers()


def recording(voices: int, turns: int) -> tuple[str, bytes]:
    return "talk.wav", encoded(conversation(voices, turns)[0])


def reference(number: int, seconds: float = 4.0) -> str:
    samples = np.concatenate(voice(number))[: round(seconds * 16_000)]
    return "data:audio/wav;base64," + base64.b64encode(encoded(samples)).decode()


def told(segments: Any) -> list[Spoken]:
    return [Spoken(each.start, each.end, each.speaker) for each in segments]


@pytest.mark.parametrize(("ear", "turns"), [(EAR, 8), ("pocketsphinx", 4)])
def test_two_speakers_are_told_apart(openai: OpenAI, ear: str, turns: int) -> None:
    samples, truth = conversation(2, turns)
    answer = openai.audio.transcriptions.create(
        model=ear, file=("talk.wav", encoded(samples)), response_format="diarized_json", chunking_strategy="auto"
    )
    assert isinstance(answer, TranscriptionDiarized)
    heard, right = right_share(told(answer.segments), truth)
    assert heard > 0.85 and right >= 0.95
    assert answer.segments[0].speaker == "A" and {each.speaker for each in answer.segments} == {"A", "B"}
    assert [each.id for each in answer.segments] == [f"seg_{number}" for number in range(len(answer.segments))]
    assert {each.type for each in answer.segments} == {"transcript.text.segment"}
    assert " ".join(each.text for each in answer.segments) == answer.text and answer.task == "transcribe"
    assert answer.usage is not None and answer.usage.type == "duration"


def test_those_who_are_known_in_a_stream(openai: OpenAI) -> None:
    samples, truth = conversation(2, 8)
    with openai.audio.transcriptions.create(
        model="gpt-4o-transcribe-diarize",
        file=("talk.wav", encoded(samples)),
        response_format="diarized_json",
        chunking_strategy="auto",
        known_speaker_names=["Bert", "Ann"],
        known_speaker_references=[reference(1), reference(0)],
        stream=True,
        extra_body={"model": EAR},
    ) as stream:
        *events, done = list(stream)
    segments = [each for each in events if isinstance(each, TranscriptionTextSegmentEvent)]
    deltas = [each for each in events if isinstance(each, TranscriptionTextDeltaEvent)]
    assert isinstance(done, TranscriptionTextDoneEvent)
    assert "".join(each.delta for each in deltas) == done.text
    assert [each.segment_id for each in deltas] == [each.id for each in segments]
    assert {each.speaker for each in segments} == {"Ann", "Bert"}
    names = {"0": "Ann", "1": "Bert"}
    right = [Spoken(each.start, each.end, names[each.speaker]) for each in truth]
    assert right_share(told(segments), right)[1] >= 0.95
    assert next(each for each in right if each.start < segments[0].end).speaker == segments[0].speaker


async def test_the_async_client(async_openai: AsyncOpenAI) -> None:
    answer = await async_openai.audio.transcriptions.create(
        model=EAR, file=recording(2, 4), response_format="diarized_json", extra_body={"num_speakers": 1}
    )
    assert isinstance(answer, TranscriptionDiarized)
    assert {each.speaker for each in answer.segments} == {"A"}, "as many as were said to speak"


def test_an_ear_that_tells_no_words_hears_each_turn_by_itself(openai: OpenAI) -> None:
    answer = openai.audio.transcriptions.create(model="echo", file=recording(2, 4), response_format="diarized_json")
    assert isinstance(answer, TranscriptionDiarized)
    assert right_share(told(answer.segments), conversation(2, 4)[1])[1] >= 0.9


def test_silence_has_no_speakers(openai: OpenAI) -> None:
    answer = openai.audio.transcriptions.create(model=EAR, file=silence(), response_format="diarized_json")
    assert isinstance(answer, TranscriptionDiarized) and (answer.text, answer.segments) == ("", [])


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"known_speaker_names[]": ["Ann"]}, "known_speaker_references"),
        ({"known_speaker_references[]": ["data:audio/wav;base64,AAAA"]}, "known_speaker_references"),
        ({"known_speaker_names[]": ["Ann", "Ann"], "known_speaker_references[]": ["x", "x"]}, "known_speaker_names"),
        ({"known_speaker_names[]": list("abcde"), "known_speaker_references[]": list("abcde")}, "known_speaker_names"),
        ({"known_speaker_names[]": ["Ann"], "known_speaker_references[]": ["hello"]}, "known_speaker_references.0"),
        (
            {"known_speaker_names[]": ["Ann"], "known_speaker_references[]": ["data:audio/wav;base64,é"]},
            "known_speaker_references.0",
        ),
        (
            {"known_speaker_names[]": ["Ann"], "known_speaker_references[]": ["data:audio/wav;base64,AAAA"]},
            "known_speaker_references.0",
        ),
        ({"num_speakers": "0"}, "num_speakers"),
        ({"num_speakers": "1000"}, "num_speakers"),
    ],
)
@pytest.mark.parametrize("stream", ["true", "false"])
def test_what_is_no_known_speaker(server: RunningServer, fields: dict[str, Any], param: str, stream: str) -> None:
    answer = post(server, {"response_format": "diarized_json", "stream": stream, **fields})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param


@pytest.mark.parametrize("seconds", [1.0, 11.0])
def test_recordings_of_known_speakers_have_a_length(openai: OpenAI, seconds: float) -> None:
    with pytest.raises(BadRequestError, match="2 to 10 seconds"):
        openai.audio.transcriptions.create(
            model=EAR,
            file=weather(),
            response_format="diarized_json",
            known_speaker_names=["Ann"],
            known_speaker_references=[reference(0, seconds)],
        )


def test_long_fields_are_bounded(server: RunningServer) -> None:
    huge = "data:audio/wav;base64," + "A" * LONG_FIELD_BYTES
    assert post(server, {"known_speaker_names[]": "Ann", "known_speaker_references[]": huge}).status_code == 400
    assert post(server, {"prompt": "x" * 20_000}).status_code == 400
    many = ["data:audio/wav;base64," + "A" * 20_000] * 5
    assert post(server, {"known_speaker_references[]": many}).status_code == 400, "a fifth long one is none"


def test_known_speakers_of_other_formats_are_told_to_be_ignored(server: RunningServer) -> None:
    fields = {"known_speaker_names[]": ["Ann"], "known_speaker_references[]": [reference(0)]}
    answer = post(server, {"response_format": "json", **fields})
    assert answer.status_code == 200 and "known speakers" in answer.json()["warnings"][0]


def test_recordings_of_known_speakers_in_json(server: RunningServer) -> None:
    body = {
        "model": EAR,
        "response_format": "diarized_json",
        "input_audio": {"data": base64.b64encode(recording(2, 4)[1]).decode()},
        "known_speaker_names": ["Ann"],
        "known_speaker_references": [reference(0)],
    }
    answer = patient.post(f"{server.url}/v1/audio/transcriptions", json=body)
    assert {each["speaker"] for each in answer.json()["segments"]} == {"Ann", "A"}


def post(server: RunningServer, fields: dict[str, Any]) -> Any:
    url = f"{server.url}/v1/audio/transcriptions"
    return patient.post(url, data={"model": "whisper-1", **fields}, files={"file": weather()})


def test_the_formats_are_those_of_the_client() -> None:
    from openai.types.audio_response_format import AudioResponseFormat

    assert set(get_args(ResponseFormat)) == set(get_args(AudioResponseFormat))
