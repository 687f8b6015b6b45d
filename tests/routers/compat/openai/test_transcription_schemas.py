from __future__ import annotations

import io
import json
from typing import Any

import pytest
from fastapi import UploadFile

from routers.compat.openai.transcription_schemas import CreateTranscriptionRequest, CreateTranslationRequest
from stts.errors import InvalidParameter
from stts.settings import STTSettings
from stts.transcription import Chunking


def form(**fields: Any) -> dict[str, Any]:
    return {"model": "whisper-1", "file": UploadFile(io.BytesIO(b"x")), **fields}


def listening(**fields: Any) -> CreateTranscriptionRequest:
    return CreateTranscriptionRequest.model_validate(form(**fields))


def test_lists_of_both_names_are_joined() -> None:
    fields = {"timestamp_granularities": ["word"], "timestamp_granularities[]": "segment", "keywords[]": ["a", "b"]}
    request = listening(response_format="verbose_json", **fields)
    assert request.timestamp_granularities == ["word", "segment"]
    assert request.config("auto").word_timestamps
    assert request.keywords == ["a", "b"]


def test_keywords_and_languages_are_those_of_the_request() -> None:
    config = listening(keywords=["rain", " warm "], prompt="A forecast.", **{"languages[]": ["de", "en"]}).config(
        "auto"
    )
    assert (config.keywords, config.prompt) == (("rain", "warm"), "A forecast.")
    assert (config.language, config.languages) == (None, ("de", "en"))
    assert listening(keywords="rain").config("auto").keywords == ("rain",), "a plain string is a list of one"
    assert listening(languages="de").config("auto").languages == ("de",)
    assert listening(language="fr", languages=["de"]).config("auto").languages == (), "the one language decides"
    assert listening(prompt="", keywords="", languages=[]).config("auto") == listening().config("auto")


@pytest.mark.parametrize("keyword", ["<script>", "a > b", "two\nlines", "two\r", "a\u2028b"])
def test_keywords_have_no_brackets_and_no_line_breaks(keyword: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        listening(keywords=["fine", keyword]).config("auto")
    assert caught.value.param == "keywords"


def test_the_model_that_tells_speakers_apart_takes_no_prompt() -> None:
    for model in ("gpt-4o-transcribe-diarize", "GPT-4o-transcribe-diarize"):
        with pytest.raises(InvalidParameter) as caught:
            listening(model=model, prompt="A forecast.").config("auto")
        assert caught.value.param == "prompt"
    assert listening(model="gpt-4o-transcribe", prompt="A forecast.").config("auto").prompt == "A forecast."
    assert listening(model="gpt-4o-transcribe-diarize", prompt="").config("auto").prompt is None


def test_what_has_no_effect_is_told() -> None:
    assert listening().warnings() == []
    told = listening(num_speakers=2, language="de", languages=["de", "fr"]).warnings()
    assert [each.split(" ")[0] for each in told] == ["num_speakers", "languages"]
    assert listening(num_speakers=2, response_format="diarized_json").warnings() == []


@pytest.mark.parametrize("threshold", ["0", "1", "0.0", "1.0"])
def test_a_threshold_goes_from_0_to_1(threshold: str) -> None:
    chunking = listening(**{"chunking_strategy[threshold]": threshold}).config("auto").chunking
    assert chunking is not None and chunking.threshold == float(threshold)


VAD = {"type": "server_vad", "threshold": 0.7, "prefix_padding_ms": 100, "silence_duration_ms": 900}


@pytest.mark.parametrize(
    "fields",
    [
        {"chunking_strategy": json.dumps(VAD)},
        {f"chunking_strategy[{name}]": str(value) for name, value in VAD.items()},
        {f"chunking_strategy[{name}]": str(value) for name, value in VAD.items() if name != "type"},
    ],
)
def test_chunking_in_both_encodings(fields: dict[str, str]) -> None:
    assert listening(**fields).config("auto").chunking == Chunking(0.7, 0.1, 0.9)


@pytest.mark.parametrize("text", ["auto", "AUTO", '"auto"', "", "null", "{}"])
def test_chunking_left_to_the_server(text: str) -> None:
    assert listening(chunking_strategy=text).config("auto").chunking is None


def test_chunking_says_only_what_it_says() -> None:
    assert listening(chunking_strategy='{"type":"server_vad"}').config("auto").chunking == Chunking()
    asked = {"chunking_strategy[silence_duration_ms]": "50", "chunking_strategy[new]": "x"}
    assert listening(**asked).config("auto").chunking == Chunking(silence=0.05)
    nothing = '{"type":null,"threshold":null,"silence_duration_ms":50}'
    assert listening(chunking_strategy=nothing).config("auto").chunking == Chunking(silence=0.05)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"chunking_strategy": "fixed"}, "chunking_strategy"),
        ({"chunking_strategy": "[1]"}, "chunking_strategy"),
        ({"chunking_strategy": '{"type":"other"}'}, "chunking_strategy.type"),
        ({"chunking_strategy": '{"threshold":NaN}'}, "chunking_strategy.threshold"),
        ({"chunking_strategy[threshold]": "1.5"}, "chunking_strategy.threshold"),
        ({"chunking_strategy[silence_duration_ms]": "-1"}, "chunking_strategy.silence_duration_ms"),
        ({"chunking_strategy[prefix_padding_ms]": "1e9"}, "chunking_strategy.prefix_padding_ms"),
        ({"chunking_strategy": "[" * 9000}, "chunking_strategy"),
    ],
)
def test_chunking_that_is_none(fields: dict[str, str], param: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        listening(**fields).config("auto")
    assert caught.value.param == param


def test_log_probabilities_where_an_answer_has_a_place_for_them() -> None:
    for format, wanted in (("json", True), ("verbose_json", True), ("text", False), ("srt", False)):
        request = listening(response_format=format, **{"include[]": "logprobs"})
        assert request.config("auto").logprobs is wanted
        assert bool(request.warnings()) is not wanted
    assert not listening().config("auto").logprobs


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
    ("fields", "word"),
    [
        ({"include": ["logprobs"], "response_format": "text"}, "include"),
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
