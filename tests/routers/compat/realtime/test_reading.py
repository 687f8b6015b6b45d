from __future__ import annotations

from typing import Any

import pytest

from routers.compat.realtime import beta
from routers.compat.realtime.reading import meant
from routers.compat.realtime.session import SessionObject, opened
from stts.errors import InvalidParameter


def realtime(**fields: Any) -> SessionObject:
    return opened("realtime", "gpt-realtime", 1).updated({"type": "realtime", **fields})


def heard(session: SessionObject) -> Any:
    return session.shape.audio.input


@pytest.mark.parametrize("empty", ["", "  ", None, "auto", [], ["auto"], "AUTO"])
def test_an_empty_language_is_none_and_the_rest_of_the_update_counts(empty: Any) -> None:
    session = realtime(
        instructions="Be kind.", audio={"input": {"transcription": {"model": "whisper-1", "language": empty}}}
    )
    assert heard(session).transcription.language is None
    assert session.speaks is not None and session.speaks.instructions == "Be kind."


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"language": "english"}, "en"),
        ({"language": "EN_us"}, "en-US"),
        ({"language": ["de"]}, "de"),
    ],
)
def test_a_language_in_any_form(fields: dict[str, Any], found: str) -> None:
    assert heard(realtime(audio={"input": {"transcription": fields}})).transcription.language == found


def test_texts_where_lists_are_meant_are_lists_of_one() -> None:
    session = realtime(
        output_modalities="text",
        include="item.input_audio_transcription.logprobs",
        tools={"type": "function", "name": "weather"},
        audio={"input": {"transcription": {"languages": "english", "keywords": "Anna"}}},
    )
    shape = session.speaks
    assert shape is not None and shape.output_modalities == ["text"]
    assert shape.include == ["item.input_audio_transcription.logprobs"] and shape.tools[0].name == "weather"
    assert (heard(session).transcription.languages, heard(session).transcription.keywords) == (["en"], ["Anna"])


@pytest.mark.parametrize("off", [None, False, "", "none", "Disabled"])
def test_turn_detection_is_turned_off_in_many_ways(off: Any) -> None:
    assert heard(realtime(audio={"input": {"turn_detection": off}})).turn_detection is None


@pytest.mark.parametrize(
    ("short", "kind"), [("semantic_vad", "semantic_vad"), ("server_vad", "server_vad"), ({}, "server_vad")]
)
def test_and_on(short: Any, kind: str) -> None:
    session = realtime(audio={"input": {"turn_detection": None}}).updated(
        {"audio": {"input": {"turn_detection": short}}}
    )
    assert heard(session).turn_detection.type == kind


def test_an_empty_voice_or_model_changes_nothing() -> None:
    session = realtime(model="", audio={"output": {"voice": "", "speed": None}})
    shape = session.speaks
    assert shape is not None and (shape.model, shape.audio.output.voice) == ("gpt-realtime", "alloy")


def test_the_older_dialect_may_name_one_modality() -> None:
    command = beta.incoming({"type": "session.update", "session": {"modalities": "text", "voice": ""}})
    shape = opened("realtime", None, 1).updated(command["session"]).speaks
    assert shape is not None and shape.output_modalities == ["text"]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"audio": {"input": {"turn_detection": "loud"}}}, "session.audio.input.turn_detection"),
        ({"audio": {"output": {"speed": "fast"}}}, "session.audio.output.speed"),
        ({"output_modalities": "smell"}, "session.output_modalities.0"),
    ],
)
def test_what_is_refused_is_named(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        realtime(**fields)
    assert refused.value.param is not None and refused.value.param.startswith(param)


def test_what_has_no_sense_is_left_as_it_is() -> None:
    fields = {"tools": [{"parameters": {"language": ""}}], "instructions": "", "metadata": {"a": ""}}
    assert meant(fields) == fields


@pytest.mark.parametrize("model", ["gpt-live-transcribe", "gpt-realtime-whisper", "gpt-live-transcribe-2026-11-01"])
def test_live_transcription_is_committed_by_the_client(model: str) -> None:
    by_address = opened("transcription", model, 1)
    by_update = opened("transcription", None, 1).updated({"audio": {"input": {"transcription": {"model": model}}}})
    for session in (by_address, by_update):
        assert heard(session).turn_detection is None and session.hears_live
        asked = session.updated({"audio": {"input": {"turn_detection": {"type": "server_vad"}}}})
        assert heard(asked).turn_detection.type == "server_vad" and not asked.hears_live
        other = session.updated({"audio": {"input": {"transcription": {"model": "whisper-1"}}}})
        assert heard(other).turn_detection.type == "server_vad"


def test_other_sessions_end_turns_by_silence() -> None:
    assert heard(opened("transcription", "whisper-1", 1)).turn_detection.type == "server_vad"
    speaking = realtime(audio={"input": {"transcription": {"model": "gpt-realtime-whisper"}}})
    assert heard(speaking).turn_detection.type == "server_vad"
