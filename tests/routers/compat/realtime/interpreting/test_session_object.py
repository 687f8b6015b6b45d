from __future__ import annotations

from typing import Any

import pytest

from routers.compat.realtime.interpreting.session_object import SessionObject, new_session
from stts.errors import InvalidParameter


def session(**fields: Any) -> SessionObject:
    return new_session({"model": "gpt-realtime-translate", **fields}, 7)


def test_a_session_has_the_fields_of_the_hosted_one() -> None:
    told = session().wire()
    assert told.pop("id").startswith("sess_")
    assert told == {
        "type": "translation",
        "model": "gpt-realtime-translate",
        "expires_at": 7,
        "audio": {"input": {"transcription": None, "noise_reduction": None}, "output": {"language": "en"}},
    }


def test_changes_are_merged_and_null_turns_off() -> None:
    first = session().updated(
        {"audio": {"input": {"transcription": {"model": "whisper-1"}, "noise_reduction": {"type": "near_field"}}}}
    )
    second = first.updated(
        {"audio": {"output": {"language": "German"}, "input": {"noise_reduction": {"strength": 0.5}}}}
    )
    assert second.language == "de" and second.tells_source
    reduction = second.shape.audio.input.noise_reduction
    assert reduction is not None and (reduction.type, reduction.strength) == ("near_field", 0.5)
    third = second.updated({"audio": {"input": {"transcription": None, "noise_reduction": None}}})
    assert not third.tells_source and third.shape.audio.input.noise_reduction is None
    assert third.updated({"model": "gpt-realtime-translate", "type": "translation"}) == third


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"model": "other"}, "session.model"),
        ({"type": "realtime"}, "session.type"),
        ({"audio": {"output": {"language": "klingonese-x"}}}, "session.audio.output.language"),
        ({"audio": {"input": {"transcription": {}}}}, "session.audio.input.transcription.model"),
        ({"audio": {"input": {"noise_reduction": {"strength": 2, "type": "near_field"}}}}, "session.audio.input"),
        ({"audio": {"input": {"noise_reduction": {"strength": 0.2}}}}, "session.audio.input.noise_reduction.type"),
        ({"audio": "loud"}, "session.audio"),
        ({"audio": {"input": {"format": {"type": "audio/pcmu"}}}}, "session.audio.input.format.type"),
        ({"audio": {"input": {"format": "g711_alaw"}}}, "session.audio.input.format.type"),
        ({"audio": {"output": {"format": {"type": "audio/pcm", "rate": 16000}}}}, "session.audio.output.format.rate"),
    ],
)
def test_what_is_wrong_is_named(given: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        session().updated(given)
    assert refused.value.param is not None and refused.value.param.startswith(param)


def test_the_one_format_may_be_named_and_is_not_told() -> None:
    named = {"input": {"format": {"type": "audio/pcm", "rate": 24_000}}, "output": {"format": "pcm16"}}
    assert session(audio=named).wire()["audio"] == session().wire()["audio"]


@pytest.mark.parametrize("given", [{"model": None}, {"model": ""}, {"type": "realtime"}])
def test_a_session_has_a_model_and_its_type(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameter):
        session(**given)
