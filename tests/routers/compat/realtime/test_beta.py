"""The older dialect: what its clients send and read."""

from __future__ import annotations

from typing import Any

import pytest

from routers.compat.realtime.beta import EVENTS, incoming, is_flat, outgoing
from routers.compat.realtime.session import opened

FLAT: dict[str, Any] = {
    "modalities": ["text", "audio"],
    "instructions": "Be kind.",
    "voice": "sage",
    "input_audio_format": "g711_ulaw",
    "output_audio_format": "pcm16",
    "input_audio_transcription": {"model": "whisper-1"},
    "input_audio_noise_reduction": None,
    "turn_detection": {"type": "server_vad", "silence_duration_ms": 300},
    "speed": 1.1,
    "temperature": 0.7,
    "max_response_output_tokens": 200,
    "tools": [],
    "tool_choice": "auto",
}


def test_a_flat_session_becomes_a_current_one_and_comes_back() -> None:
    command = incoming({"type": "session.update", "session": FLAT})
    session = opened("realtime", "gpt-4o-realtime-preview", 1).updated(command["session"])
    shape = session.speaks
    assert shape is not None
    assert (shape.audio.output.voice, shape.audio.output.speed, shape.temperature) == ("sage", 1.1, 0.7)
    assert shape.audio.input.format.type == "audio/pcmu" and shape.max_output_tokens == 200
    told = outgoing({"type": "session.updated", "session": session.wire()})
    assert told is not None
    fields = told["session"]
    assert {name: fields[name] for name in FLAT if name not in ("turn_detection", "input_audio_transcription")} == {
        name: value for name, value in FLAT.items() if name not in ("turn_detection", "input_audio_transcription")
    }
    assert fields["turn_detection"]["silence_duration_ms"] == 300
    assert fields["input_audio_transcription"]["model"] == "whisper-1"
    assert "audio" not in fields


def test_text_alone_stays_text_alone() -> None:
    assert incoming({"type": "response.create", "response": {"modalities": ["text"]}})["response"] == {
        "output_modalities": ["text"]
    }


@pytest.mark.parametrize("value", [None, 3, "blue", [], {"audio": 3, "voice": "alloy"}, {"input": [3, {"role": 4}]}])
def test_what_has_no_sense_is_left_for_the_schema(value: Any) -> None:
    assert incoming({"type": "session.update", "session": value, "response": value, "item": value})


@pytest.mark.parametrize(
    ("command", "flat"),
    [
        ({"type": "session.update", "session": {"voice": "alloy"}}, True),
        ({"type": "session.update", "session": {"modalities": ["text"]}}, True),
        ({"type": "transcription_session.update", "session": {}}, True),
        ({"type": "session.update", "session": {"type": "realtime", "instructions": "x"}}, False),
        ({"type": "session.update", "session": {"audio": {}, "voice": "alloy"}}, False),
        ({"type": "session.update", "session": 3}, False),
        ({"type": "response.create"}, False),
    ],
)
def test_dialects_are_told_apart(command: dict[str, Any], flat: bool) -> None:
    assert is_flat(command) is flat


@pytest.mark.parametrize(("ours", "theirs"), EVENTS.items())
def test_events_have_their_older_names(ours: str, theirs: str) -> None:
    assert outgoing({"type": ours, "delta": "x"}) == {"type": theirs, "delta": "x"}


def test_an_item_is_created_once() -> None:
    item = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Yes."}]}
    told = outgoing({"type": "conversation.item.added", "item": item, "previous_item_id": None})
    assert told is not None and told["type"] == "conversation.item.created"
    assert told["item"]["content"] == [{"type": "text", "text": "Yes."}]
    assert outgoing({"type": "conversation.item.done", "item": item}) is None
    assert item["content"] == [{"type": "output_text", "text": "Yes."}]


def test_an_assistants_contents_are_read_under_their_older_names() -> None:
    item = {"type": "message", "role": "assistant", "content": [{"type": "text", "text": "Yes."}, 3]}
    read = incoming({"type": "conversation.item.create", "item": item})["item"]
    assert read["content"] == [{"type": "output_text", "text": "Yes."}, 3]
    user = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "No."}]}
    assert incoming({"type": "conversation.item.create", "item": user})["item"] == user


def test_a_transcription_session_has_events_of_its_own() -> None:
    session = opened("transcription", None, 1)
    told = outgoing({"type": "session.created", "session": session.wire()})
    assert told is not None and told["type"] == "transcription_session.created"
    assert told["session"]["input_audio_format"] == "pcm16" and "modalities" not in told["session"]
    assert incoming({"type": "transcription_session.update", "session": {}})["type"] == "session.update"


def test_a_response_tells_its_voice_as_before() -> None:
    response = {
        "id": "resp_1",
        "output": [],
        "output_modalities": ["audio"],
        "audio": {"output": {"voice": "alloy", "format": {"type": "audio/pcma"}}},
    }
    told = outgoing({"type": "response.done", "response": response})
    assert told is not None
    assert told["response"] == {
        "id": "resp_1",
        "output": [],
        "modalities": ["text", "audio"],
        "voice": "alloy",
        "output_audio_format": "g711_alaw",
    }
