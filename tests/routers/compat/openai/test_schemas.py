from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from routers.compat.openai.schemas import CreateSpeechRequest
from stts.context import Priority


def spoken(**fields: Any) -> CreateSpeechRequest:
    return CreateSpeechRequest.model_validate({"model": "tts-1", "input": "Hello.", **fields})


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
