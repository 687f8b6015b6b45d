"""The session object: what is merged, what is cleared, what stays."""

from __future__ import annotations

from typing import Any

import pytest
from openai.types.realtime import RealtimeSessionCreateResponse, RealtimeTranscriptionSessionCreateResponse

from routers.compat.realtime.session import SessionObject, merged, opened
from stts.errors import InvalidParameter

NOW = 1_800_000_000
FUNCTION = {"type": "function", "name": "weather", "description": "Tells it.", "parameters": {"type": "object"}}


@pytest.fixture
def session() -> SessionObject:
    return opened("realtime", "gpt-realtime", NOW)


def audio_input(session: SessionObject) -> Any:
    return session.wire()["audio"]["input"]


def test_the_defaults_are_what_the_official_client_reads(session: SessionObject) -> None:
    wire = RealtimeSessionCreateResponse.model_validate(session.wire(), strict=True)
    assert wire.id.startswith("sess_") and wire.expires_at == NOW and wire.model == "gpt-realtime"
    assert wire.output_modalities == ["audio"] and wire.max_output_tokens == "inf"
    assert session.wire()["audio"]["input"]["turn_detection"]["silence_duration_ms"] == 500
    assert "temperature" not in session.wire()


def test_a_transcription_session_only_listens() -> None:
    wire = opened("transcription", "whisper-1", NOW).wire()
    assert RealtimeTranscriptionSessionCreateResponse.model_validate(wire, strict=True).type == "transcription"
    assert wire["object"] == "realtime.transcription_session"
    assert wire["audio"]["input"]["transcription"]["model"] == "whisper-1"
    assert "output" not in wire["audio"] and "instructions" not in wire


def test_fields_are_merged_one_by_one(session: SessionObject) -> None:
    first = session.updated({"type": "realtime", "audio": {"output": {"voice": "marin"}}, "instructions": "Be kind."})
    second = first.updated({"audio": {"output": {"speed": 1.2}, "input": {"transcription": {"model": "whisper-1"}}}})
    output = second.wire()["audio"]["output"]
    assert (output["voice"], output["speed"]) == ("marin", 1.2)
    assert second.wire()["instructions"] == "Be kind."
    third = second.updated({"audio": {"input": {"transcription": {"language": "de"}}}})
    assert audio_input(third)["transcription"]["model"] == "whisper-1"
    assert session.wire()["audio"]["output"]["voice"] == "alloy"


def test_what_is_empty_clears(session: SessionObject) -> None:
    full = session.updated({"instructions": "Be kind.", "tools": [FUNCTION]})
    assert full.wire()["tools"] == [FUNCTION]
    bare = full.updated({"instructions": "", "tools": [], "audio": {"input": {"turn_detection": None}}})
    assert (bare.wire()["instructions"], bare.wire()["tools"]) == ("", [])
    assert audio_input(bare)["turn_detection"] is None and bare.turns is None


def test_null_changes_nothing_where_null_means_nothing(session: SessionObject) -> None:
    assert session.updated({"instructions": None, "tools": None, "audio": None}) == session


def test_another_kind_of_turn_detection_begins_with_its_own_defaults(session: SessionObject) -> None:
    tuned = session.updated({"audio": {"input": {"turn_detection": {"threshold": 0.8}}}})
    assert audio_input(tuned)["turn_detection"]["threshold"] == 0.8
    other = tuned.updated({"audio": {"input": {"turn_detection": {"type": "semantic_vad", "eagerness": "low"}}}})
    assert audio_input(other)["turn_detection"] == {
        "type": "semantic_vad",
        "eagerness": "low",
        "create_response": True,
        "interrupt_response": True,
    }
    assert audio_input(other.updated({"audio": {"input": {"turn_detection": {"type": "server_vad"}}}}))[
        "turn_detection"
    ]["threshold"] == pytest.approx(0.5)


def test_a_format_is_replaced_as_a_whole(session: SessionObject) -> None:
    telephone = session.updated({"audio": {"input": {"format": {"type": "audio/pcmu"}}}})
    assert audio_input(telephone)["format"] == {"type": "audio/pcmu"}
    assert audio_input(telephone.updated({"audio": {"input": {"format": {"type": "audio/pcm"}}}}))["format"] == {
        "type": "audio/pcm",
        "rate": 24_000,
    }


def test_a_voice_may_be_an_object(session: SessionObject) -> None:
    assert session.updated({"audio": {"output": {"voice": {"id": "voice_1"}}}}).wire()["audio"]["output"]["voice"] == (
        "voice_1"
    )


def test_fields_that_nobody_knows_are_ignored(session: SessionObject) -> None:
    assert session.updated({"colour": "blue", "audio": {"input": {"smell": 1}}}) == session


@pytest.mark.parametrize(
    ("patch", "param"),
    [
        ({"type": "transcription"}, "session.type"),
        ({"model": 3}, "session.model"),
        ({"output_modalities": ["audio", "text"]}, "session.output_modalities"),
        ({"output_modalities": []}, "session.output_modalities"),
        ({"audio": {"output": {"speed": 2.0}}}, "session.audio.output.speed"),
        ({"audio": {"input": {"turn_detection": {"threshold": 7}}}}, "session.audio.input.turn_detection"),
        ({"audio": {"input": {"turn_detection": {"idle_timeout_ms": 10}}}}, "session.audio.input.turn_detection"),
        ({"audio": {"input": {"format": {"type": "audio/mp3"}}}}, "session.audio.input.format"),
        ({"audio": {"input": {"transcription": {"keywords": ["a<b"]}}}}, "session.audio.input.transcription.keywords"),
        ({"tools": [{"type": "mcp", "server_label": "x"}]}, "session.tools"),
        ({"max_output_tokens": 0}, "session.max_output_tokens"),
        ({"prompt": {"id": "pmpt_1"}}, "session.prompt"),
        ({"instructions": 3}, "session.instructions"),
        ({"audio": 3}, "session.audio"),
    ],
)
def test_what_cannot_be_is_refused_by_name(session: SessionObject, patch: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        session.updated(patch)
    assert caught.value.param is not None and caught.value.param.startswith(param)


@pytest.mark.parametrize("model", ["gpt-realtime", "gpt-4o-realtime-preview", "espeak"])
def test_the_model_of_the_address_stays_whatever_a_client_adds(session: SessionObject, model: str) -> None:
    assert session.updated({"model": model}) == session
    updated = session.updated({"model": model, "instructions": "Be kind."}).speaks
    assert updated is not None
    assert (updated.model, updated.instructions) == ("gpt-realtime", "Be kind.")


def test_who_has_named_no_model_may_do_so_once() -> None:
    session = opened("realtime", None, NOW).updated({"model": "tone"})
    assert session.wire()["model"] == "tone"
    assert session.updated({"model": "espeak"}) == session


def test_merging_leaves_the_old_fields_alone() -> None:
    old = {"audio": {"input": {"a": 1}}, "b": 2}
    assert merged(old, {"audio": {"input": {"c": 3}}, "b": None}) == {"audio": {"input": {"a": 1, "c": 3}}, "b": 2}
    assert old == {"audio": {"input": {"a": 1}}, "b": 2}
