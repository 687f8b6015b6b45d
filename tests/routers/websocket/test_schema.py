"""The JSON schema in the docs is that of the messages, and knows every one of them."""

from __future__ import annotations

import json

import pytest
from jsonschema_rs import validator_for

from routers.websocket.schema import FILE, SIDES, schema, written
from tests.routers.websocket.shapes import knows, shape


def test_the_file_is_what_is_made() -> None:
    assert FILE.read_text(encoding="utf-8") == written(), "run: python -m routers.websocket.schema"


def test_it_is_a_schema_with_a_definition_for_every_side() -> None:
    made = json.loads(written())
    assert made["$schema"].endswith("2020-12/schema")
    assert made["$defs"].keys() >= SIDES.keys()
    for side in SIDES:
        validator_for({"$ref": f"#/$defs/{side}", "$defs": made["$defs"]})


@pytest.mark.parametrize("side", [side for side in SIDES if side.endswith("server")])
def test_errors_are_told_everywhere(side: str) -> None:
    error = {"type": "error", "code": "busy", "message": "Full.", "retryable": True, "request_id": "r", "fatal": True}
    assert knows(side, error)
    assert not knows(side, error | {"surprise": 1})
    assert not knows(side, {"type": "error"})
    assert not knows(side, {"type": "nonsense"})


@pytest.mark.parametrize(
    ("side", "message"),
    [
        ("conversation_v2_client", {"type": "text", "text": "hello"}),
        ("conversation_v2_client", {"type": "session.update", "config": {"voice": "slt"}}),
        ("conversation_v2_client", {"type": "played", "generation": 1, "ms": 40}),
        ("conversation_v2_query", {"mode": "text", "rate": 8000, "session": "abc"}),
        ("stt_client", {"type": "config", "language": "en"}),
        ("tts_client", {"type": "text", "text": "hello"}),
        ("conversation_client", {"type": "audio", "data": "AAAA"}),
    ],
)
def test_what_a_client_may_say_is_known(side: str, message: dict[str, object]) -> None:
    assert shape(side).is_valid(message)


def test_what_no_client_may_say_is_not_known() -> None:
    assert not shape("conversation_v2_client").is_valid({"type": "text", "text": ""})
    assert not shape("conversation_v2_client").is_valid({"type": "playd", "generation": 1, "ms": 40})
    assert not shape("conversation_v2_query").is_valid({"rate": 100})


def test_every_call_makes_a_schema_of_its_own() -> None:
    first = schema()
    first["$defs"].clear()
    assert schema()["$defs"]
