from __future__ import annotations

import io
from typing import Any

import pytest
from fastapi import UploadFile
from pydantic import ValidationError

from routers.compat.openai.schemas import CreateSpeechRequest, CreateTranscriptionRequest, CreateTranslationRequest
from stts.context import Priority
from stts.errors import InvalidParameter
from stts.settings import STTSettings


def spoken(**fields: Any) -> CreateSpeechRequest:
    return CreateSpeechRequest.model_validate({"model": "tts-1", "input": "Hello.", **fields})


def form(**fields: Any) -> dict[str, Any]:
    return {"model": "whisper-1", "file": UploadFile(io.BytesIO(b"x")), **fields}


def listening(**fields: Any) -> CreateTranscriptionRequest:
    return CreateTranscriptionRequest.model_validate(form(**fields))


def test_defaults_of_speech() -> None:
    config = spoken().config("auto")
    assert (config.format, config.voice, config.speed, config.sample_rate) == ("mp3", None, None, None)
    assert spoken(speed=1.0).config("auto").speed == 1.0, "said, so that a voice's own speed is not taken"
    assert config.ignore_unknown_parameters and spoken().priority is Priority.STREAM


def test_null_is_absent() -> None:
    nothing = dict.fromkeys(("voice", "speed", "response_format", "instructions", "stream_format", "extra"))
    assert spoken(**nothing).config("auto") == spoken().config("auto")


def test_pcm_has_its_rate_unless_another_is_asked_for() -> None:
    assert spoken(response_format="pcm").config("auto").sample_rate == 24_000
    assert spoken(response_format="pcm", sample_rate=8000).config("auto").sample_rate == 8000
    assert spoken(response_format="flac").config("auto").sample_rate is None


def test_further_fields_are_parameters() -> None:
    config = spoken(exaggeration=0.3, instructions="Softly.", seed=5).config("auto")
    assert config.parameters == {"exaggeration": 0.3, "instructions": "Softly."}
    assert config.seed == 5


@pytest.mark.parametrize(
    ("fields", "language"),
    [({}, None), ({"language": "Auto"}, None), ({"language": "de"}, "de"), ({"lang_code": "fr"}, "fr")],
)
def test_languages_of_speech(fields: dict[str, str], language: str | None) -> None:
    assert spoken(**fields).config("auto").language == language


def test_only_a_whole_answer_has_no_listener() -> None:
    assert spoken(stream=False).priority is Priority.COLLECTED
    assert spoken(stream=False, stream_format="sse").priority is Priority.STREAM


@pytest.mark.parametrize("bad", [{"voice": {"id": 5}}, {"voice": {"id": "x", "y": {}}, "speed": float("nan")}])
def test_what_does_not_fit(bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        spoken(**bad)


def test_lists_of_both_names_are_joined() -> None:
    fields = {"timestamp_granularities": ["word"], "timestamp_granularities[]": "segment", "keywords[]": ["a", "b"]}
    request = listening(response_format="verbose_json", **fields)
    assert request.timestamp_granularities == ["word", "segment"]
    assert request.config("auto").word_timestamps
    assert request.keywords == ["a", "b"]


def test_keywords_go_before_the_prompt() -> None:
    assert listening(keywords=["rain", "warm"], prompt="A forecast.").config("auto").prompt == "rain, warm A forecast."
    assert listening(prompt="A forecast.").config("auto").prompt == "A forecast."
    assert listening(prompt="").config("auto").prompt is None


def test_temperature_zero_leaves_the_engine_its_choice() -> None:
    assert listening(temperature="0").config("auto").parameters == {}
    assert listening(temperature="0.5", beam_size="3").config("auto").parameters == {
        "temperature": 0.5,
        "beam_size": "3",
    }


def test_empty_fields_are_absent() -> None:
    request = listening(language="", temperature="", response_format="", stream="")
    assert request.config("auto") == listening().config("auto")
    assert not request.stream


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"stream": "true", "response_format": "vtt"}, "stream"),
    ],
)
def test_what_does_not_go_together(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        listening(**fields).config("auto")
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"include": ["logprobs"]}, "include"),
        ({"include[]": "something_new"}, "include"),
        ({"timestamp_granularities": ["word"]}, "timestamp_granularities"),
        ({"timestamp_granularities[]": "segment", "response_format": "srt"}, "timestamp_granularities"),
    ],
)
def test_what_cannot_be_had_is_told_and_left_out(fields: dict[str, Any], word: str) -> None:
    request = listening(**fields)
    (warning,) = request.warnings()
    assert warning.startswith(word)
    assert not request.config("auto").word_timestamps


def test_what_can_be_had_is_nothing_to_tell() -> None:
    assert listening(timestamp_granularities=["word"], response_format="verbose_json", include="").warnings() == []


def test_subtitles_want_word_times() -> None:
    for format, wanted in (("srt", True), ("vtt", True), ("json", False), ("verbose_json", False)):
        assert listening(response_format=format).config("auto").prefer_word_times is wanted


def test_rules_of_subtitles_are_those_of_the_operator_where_the_request_has_none() -> None:
    operator = STTSettings(max_line_width=30, reading_speed=20.0)
    rules = listening(max_line_count="3", max_line_width="").cue_rules(operator)
    assert (rules.line_width, rules.line_count, rules.max_seconds, rules.reading_speed) == (30, 3, 7.0, 20.0)


def test_translations_translate() -> None:
    config = CreateTranslationRequest.model_validate(form(prompt="In English.", temperature=0.3)).config("whisper")
    assert (config.engine, config.task, config.prompt) == ("whisper", "translate", "In English.")
    assert config.parameters == {"temperature": 0.3}
