from __future__ import annotations

import json
import math
from typing import Any, Literal

import httpx
import pytest
from openai import APIError, AsyncOpenAI, BadRequestError, InternalServerError, OpenAI
from openai.types.audio import TranscriptionTextDeltaEvent, TranscriptionTextDoneEvent, TranscriptionVerbose

from tests import patient
from tests.routers.compat.recordings import silence, twice, weather
from tests.server import RunningServer

SEGMENT_KEYS = {
    "id", "seek", "start", "end", "text", "tokens", "temperature", "avg_logprob", "compression_ratio", "no_speech_prob",
}  # fmt: skip

# The client calls translations deprecated, as the hosted models that do them are.
pytestmark = pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")


def post(server: RunningServer, data: dict[str, Any], path: str = "transcriptions") -> httpx.Response:
    return patient.post(f"{server.url}/v1/audio/{path}", data=data, files={"file": weather()})


def heard(openai: OpenAI) -> str:
    return openai.audio.transcriptions.create(model="whisper-1", file=twice()).text


def test_json(openai: OpenAI) -> None:
    answer = openai.audio.transcriptions.create(model="whisper-1", file=weather())
    assert answer.text.startswith("word0 word1 word2")
    assert answer.languages is not None
    assert [language.code for language in answer.languages] == ["en"]
    assert answer.usage is not None
    assert answer.usage.to_dict() == {"type": "duration", "seconds": 5}


async def test_the_async_client_gets_the_same(openai: OpenAI, async_openai: AsyncOpenAI) -> None:
    answer = await async_openai.audio.transcriptions.create(model="echo", file=twice())
    assert answer.text == heard(openai)


def test_verbose_json_has_segments_with_all_their_keys(openai: OpenAI) -> None:
    answer = openai.audio.transcriptions.create(model="whisper-1", file=twice(), response_format="verbose_json")
    assert isinstance(answer, TranscriptionVerbose)
    assert (answer.language, answer.words) == ("english", None)
    assert answer.text == heard(openai)
    assert answer.segments is not None
    assert all(segment.to_dict().keys() == SEGMENT_KEYS for segment in answer.segments)
    assert [segment.id for segment in answer.segments] == list(range(len(answer.segments)))
    assert answer.segments[-1].start > 7 > answer.segments[0].end
    assert all(segment.seek == math.floor(segment.start * 100) for segment in answer.segments)
    assert " ".join(segment.text for segment in answer.segments) == answer.text
    assert answer.duration > answer.segments[-1].end - 0.5
    assert answer.usage is not None and answer.usage.seconds == math.ceil(answer.duration)


@pytest.mark.parametrize(
    ("granularities", "words", "segments"),
    [([], False, True), (["segment"], False, True), (["word"], True, False), (["word", "segment"], True, True)],
)
def test_words_and_segments_as_asked(
    openai: OpenAI, granularities: list[Literal["word", "segment"]], words: bool, segments: bool
) -> None:
    answer = openai.audio.transcriptions.create(
        model="whisper-1", file=twice(), response_format="verbose_json", timestamp_granularities=granularities
    )
    assert (answer.words is not None, answer.segments is not None) == (words, segments)
    if answer.words is not None:
        assert " ".join(word.word for word in answer.words) == answer.text
        assert [word.start for word in answer.words] == sorted(word.start for word in answer.words)


@pytest.mark.parametrize("name", ["timestamp_granularities", "timestamp_granularities[]"])
@pytest.mark.parametrize("asked", ["word", ["word"], ["segment", "word"]])
def test_lists_may_have_brackets_or_not(server: RunningServer, name: str, asked: str | list[str]) -> None:
    body = post(server, {"model": "whisper-1", "response_format": "verbose_json", name: asked}).json()
    assert "words" in body
    assert ("segments" in body) is ("segment" in asked)


def test_text(openai: OpenAI) -> None:
    assert openai.audio.transcriptions.create(model="whisper-1", file=twice(), response_format="text") == heard(openai)


@pytest.mark.parametrize(("format", "start"), [("srt", "1\n00:00:00,"), ("vtt", "WEBVTT\n\n00:00:00.")])
def test_subtitles(openai: OpenAI, format: Literal["srt", "vtt"], start: str) -> None:
    answer = openai.audio.transcriptions.create(model="whisper-1", file=twice(), response_format=format)
    assert answer.startswith(start)
    assert answer.count(" --> ") >= 2


def test_media_types(server: RunningServer) -> None:
    types = {
        format: post(server, {"model": "whisper-1", "response_format": format}).headers["content-type"]
        for format in ("json", "text", "srt", "vtt", "verbose_json")
    }
    assert types == {
        "json": "application/json",
        "text": "text/plain; charset=utf-8",
        "srt": "text/plain; charset=utf-8",
        "vtt": "text/vtt; charset=utf-8",
        "verbose_json": "application/json",
    }


def test_silence_is_an_empty_transcript(openai: OpenAI, server: RunningServer) -> None:
    create = openai.audio.transcriptions.create
    assert create(model="whisper-1", file=silence()).text == ""
    assert create(model="whisper-1", file=silence(), response_format="text") == ""
    assert create(model="whisper-1", file=silence(), response_format="srt") == ""
    assert create(model="whisper-1", file=silence(), response_format="vtt").strip() == "WEBVTT"
    verbose = create(
        model="whisper-1",
        file=silence(),
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
    )
    assert (verbose.text, verbose.segments, verbose.words, verbose.duration) == ("", [], [], 2.0)
    with create(model="whisper-1", file=silence(), stream=True) as stream:
        assert [each.type for each in stream] == ["transcript.text.done"]


def test_deltas_join_to_the_text(openai: OpenAI) -> None:
    with openai.audio.transcriptions.create(model="whisper-1", file=twice(), stream=True) as stream:
        *deltas, done = list(stream)
    assert len(deltas) >= 2
    assert isinstance(done, TranscriptionTextDoneEvent)
    assert "".join(each.delta for each in deltas if isinstance(each, TranscriptionTextDeltaEvent)) == done.text
    assert done.text == heard(openai)
    assert done.usage is not None and done.usage.input_token_details is not None
    assert done.usage.input_token_details.audio_tokens == math.ceil(10 * 12.64)
    assert done.usage.total_tokens == done.usage.input_tokens + done.usage.output_tokens


async def test_deltas_through_the_async_client(async_openai: AsyncOpenAI) -> None:
    stream = await async_openai.audio.transcriptions.create(
        model="gpt-4o-transcribe-x", file=weather(), stream=True, extra_body={"model": "echo"}
    )
    assert [each.type async for each in stream][-1] == "transcript.text.done"


def test_a_failure_among_events_is_raised_by_the_client(openai: OpenAI) -> None:
    types: list[str] = []
    with (
        openai.audio.transcriptions.create(model="faint", file=twice(), stream=True) as stream,
        pytest.raises(APIError) as caught,
    ):
        types.extend(each.type for each in stream)
    assert types == ["transcript.text.delta"]
    assert caught.value.code == "engine_failed"


def test_a_failure_of_a_whole_answer_has_its_status(openai: OpenAI) -> None:
    with pytest.raises(InternalServerError):
        openai.audio.transcriptions.create(model="faint", file=twice())


@pytest.mark.parametrize(
    "language", [{"language": "de"}, {"languages[]": "de"}, {"languages": "de"}, {"language": "de", "languages": "en"}]
)
def test_the_language_is_passed_on(server: RunningServer, language: dict[str, str]) -> None:
    body = post(server, {"model": "whisper-1", "response_format": "verbose_json", **language}).json()
    assert body["language"] == "german"


@pytest.mark.parametrize(
    "language", [{"language": ""}, {"language": "auto"}, {"languages": ["en", "de"]}, {"languages[]": []}, {}]
)
def test_without_one_language_it_is_detected(server: RunningServer, language: dict[str, Any]) -> None:
    body = post(server, {"model": "whisper-1", "response_format": "verbose_json", **language}).json()
    assert body["language"] == "english"


def test_what_clients_of_other_servers_send_is_accepted(openai: OpenAI) -> None:
    answer = openai.audio.transcriptions.create(
        model="whisper-1",
        file=("speech", weather()[1], "application/pdf"),
        prompt="A forecast.",
        keywords=["rain", "warm"],
        temperature=0.4,
        chunking_strategy={"type": "server_vad", "threshold": 0.4},
        known_speaker_names=["anna"],
        extra_body={"vad_filter": "true", "hotwords": "rain", "batch_size": 4},
    )
    assert answer.text.startswith("word0")
    assert openai.audio.transcriptions.create(model="whisper-1", file=weather(), chunking_strategy="auto").text


def test_translations(openai: OpenAI) -> None:
    create = openai.audio.translations.create
    text = create(model="whisper-1", file=twice()).text
    assert text == heard(openai)
    verbose = create(model="whisper-1", file=twice(), response_format="verbose_json", prompt="A forecast.")
    assert (verbose.language, verbose.text) == ("english", text)
    assert verbose.segments is not None
    assert verbose.segments[0].to_dict().keys() == SEGMENT_KEYS
    assert create(model="whisper-1", file=twice(), response_format="text") == text
    assert create(model="whisper-1", file=twice(), response_format="srt").startswith("1\n")
    assert create(model="whisper-1", file=twice(), response_format="vtt").startswith("WEBVTT")


async def test_translations_through_the_async_client(async_openai: AsyncOpenAI) -> None:
    answer = await async_openai.audio.translations.create(model="whisper-1", file=weather(), temperature=0.2)
    assert answer.to_dict().keys() == {"text"}


def test_an_engine_that_cannot_translate_refuses(openai: OpenAI) -> None:
    with pytest.raises(BadRequestError) as caught:
        openai.audio.translations.create(model="pocketsphinx", file=weather())
    assert caught.value.param == "model"
    assert "translate" in caught.value.message


def test_a_damaged_file_is_transcribed_as_far_as_it_goes(server: RunningServer, openai: OpenAI) -> None:
    name, data = twice()
    answer = openai.audio.transcriptions.create(model="whisper-1", file=(name, data[: len(data) // 2]))
    assert answer.text.startswith("word0")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": None}, "model"),
        ({"model": ""}, "model"),
        ({"response_format": "xml"}, "response_format"),
        ({"temperature": "1.5"}, "temperature"),
        ({"temperature": "nan"}, "temperature"),
        ({"timestamp_granularities": "letter", "response_format": "verbose_json"}, "timestamp_granularities.0"),
        ({"language": "xx"}, "language"),
        ({"stream": "maybe"}, "stream"),
        ({"keywords[]": "a<b"}, "keywords"),
        ({"chunking_strategy": "fixed"}, "chunking_strategy"),
        ({"chunking_strategy[threshold]": "2"}, "chunking_strategy.threshold"),
        ({"prompt": "x" * 4001}, "prompt"),
    ],
)
def test_what_cannot_be_done_is_400_and_names_the_field(
    server: RunningServer, fields: dict[str, str], param: str
) -> None:
    answer = post(server, {"model": "whisper-1", **fields})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["param"], error["type"]) == (param, "invalid_request_error")
    assert error["message"] and error["code"]


@pytest.mark.parametrize("field", ["include[]", "include", "timestamp_granularities[]"])
@pytest.mark.parametrize("format", ["json", "text", "srt"])
def test_what_cannot_be_had_does_not_lose_the_transcription(server: RunningServer, field: str, format: str) -> None:
    value = "logprobs" if field.startswith("include") else "word"
    # Of log probabilities that fake knows nothing.
    answer = post(server, {"model": "whisper-1", "response_format": format, field: value})
    assert answer.status_code == 200
    assert "word0" in answer.text
    told = answer.json()["warnings"][0] if format == "json" else answer.headers["x-warnings"]
    assert told.startswith(field.removesuffix("[]"))
    assert ("x-warnings" in answer.headers) is (format != "json"), "told once"


def test_the_client_that_asks_for_log_probabilities_gets_its_text(openai: OpenAI) -> None:
    create = openai.audio.transcriptions.create
    whole = create(model="whisper-1", file=weather(), include=["logprobs"])
    assert (whole.text, whole.logprobs) == (create(model="whisper-1", file=weather()).text, None)
    with create(model="whisper-1", file=weather(), include=["logprobs"], stream=True) as stream:
        *_, done = list(stream)
    assert isinstance(done, TranscriptionTextDoneEvent)
    assert done.text == whole.text
    assert done.model_extra and done.model_extra["warnings"]


def test_subtitles_keep_to_the_lines_that_were_asked_for(server: RunningServer) -> None:
    fields = {"model": "whisper-1", "response_format": "vtt", "max_line_width": "10", "max_line_count": "1"}
    lines = [line for line in post(server, fields).text.splitlines() if line.startswith("word")]
    assert len(lines) >= 4
    assert all(len(line) <= 10 for line in lines)


@pytest.mark.parametrize("data", [b"", b"RIFF", b"not audio at all" * 100])
@pytest.mark.parametrize("stream", [True, False])
def test_what_is_no_audio_is_400(openai: OpenAI, data: bytes, stream: bool) -> None:
    with pytest.raises(BadRequestError) as caught:
        openai.audio.transcriptions.create(model="whisper-1", file=("a.mp3", data), stream=stream)
    assert (caught.value.code, caught.value.param) == ("undecodable_audio", "file")


@pytest.mark.parametrize("path", ["transcriptions", "translations"])
def test_a_form_without_a_file_is_400(server: RunningServer, path: str) -> None:
    url = f"{server.url}/v1/audio/{path}"
    for answer, param in (
        (patient.post(url, files={"model": (None, "whisper-1")}), "file"),
        (patient.post(url, data={"model": "whisper-1", "file": "text"}), "file"),
        (patient.post(url, json={"model": "whisper-1"}), "input_audio"),
        (patient.post(url), "file"),
    ):
        assert answer.status_code == 400
        assert answer.json()["error"]["param"] == param


def test_events_are_plain_data_lines(server: RunningServer) -> None:
    answer = post(server, {"model": "whisper-1", "stream": "true"})
    assert answer.headers["content-type"] == "text/event-stream"
    lines = [line for line in answer.text.splitlines() if line]
    assert all(json.loads(line.removeprefix("data: "))["type"].startswith("transcript.text.") for line in lines)


def test_log_probabilities_of_a_real_ear(openai: OpenAI) -> None:
    create = openai.audio.transcriptions.create
    whole = create(model="pocketsphinx", file=weather(), include=["logprobs"])
    assert whole.logprobs and "".join(each.token or "" for each in whole.logprobs) == whole.text
    assert all(each.logprob is not None and each.logprob <= 0 for each in whole.logprobs)
    assert b"".join(bytes(map(int, each.bytes or ())) for each in whole.logprobs).decode() == whole.text
    assert create(model="pocketsphinx", file=weather()).logprobs is None
    with create(model="pocketsphinx", file=weather(), include=["logprobs"], stream=True) as stream:
        *deltas, done = list(stream)
    assert isinstance(done, TranscriptionTextDoneEvent) and done.logprobs
    told = [each for delta in deltas if isinstance(delta, TranscriptionTextDeltaEvent) for each in delta.logprobs or ()]
    assert [each.token for each in told] == [each.token for each in done.logprobs]
    assert "".join(each.token or "" for each in told) == done.text


@pytest.mark.parametrize("format", ["json", "text", "srt", "vtt", "verbose_json"])
def test_whoever_asks_for_a_stream_gets_one(openai: OpenAI, server: RunningServer, format: Any) -> None:
    create = openai.audio.transcriptions.create
    with create(model="whisper-1", file=twice(), response_format=format, stream=True) as stream:
        *deltas, done = list(stream)
    assert deltas and isinstance(done, TranscriptionTextDoneEvent)
    whole = post_twice(server, format)
    assert done.text == "".join(each.delta for each in deltas if isinstance(each, TranscriptionTextDeltaEvent)) == whole


def post_twice(server: RunningServer, format: str) -> str:
    fields = {"model": "whisper-1", "response_format": format}
    answer = patient.post(f"{server.url}/v1/audio/transcriptions", data=fields, files={"file": twice()})
    return str(answer.json()["text"]) if "json" in format else answer.text


@pytest.mark.parametrize(("silence_ms", "count"), [(300, 2), (9000, 1)])
def test_chunks_are_cut_as_they_are_asked_for(openai: OpenAI, silence_ms: int, count: int) -> None:
    answer = openai.audio.transcriptions.create(
        model="whisper-1",
        file=twice(),
        response_format="verbose_json",
        chunking_strategy={"type": "server_vad", "silence_duration_ms": silence_ms},
    )
    assert answer.segments is not None and len(answer.segments) == count


def test_keywords_that_an_engine_cannot_use_are_told(server: RunningServer) -> None:
    body = post(server, {"model": "pocketsphinx", "keywords[]": ["rain", "warm"]}).json()
    assert body["text"] and "keywords" in body["warnings"][0]
    assert "warnings" not in post(server, {"model": "whisper-1", "keywords[]": ["rain", "warm"]}).json()


def test_languages_of_which_the_engine_knows_none(server: RunningServer) -> None:
    answer = post(server, {"model": "whisper-1", "languages[]": ["fr", "it"]})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "languages")
    only = post(server, {"model": "whisper-1", "languages[]": ["fr", "de"], "response_format": "verbose_json"})
    assert only.json()["language"] == "german"
