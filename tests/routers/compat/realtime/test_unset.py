from __future__ import annotations

from typing import Any, get_args

from openai.types.realtime import RealtimeServerEvent
from pydantic import BaseModel

from routers.compat.realtime.session import opened
from routers.compat.realtime.unset import MEANT_NULL, without_unset
from tests.routers.compat.realtime.official import nulls


def test_keys_that_are_not_set_are_absent_at_any_depth() -> None:
    event = {"type": "x", "a": None, "items": [{"b": None, "c": 0}], "audio": {"input": {"format": None, "d": ""}}}
    assert without_unset(event) == {"type": "x", "items": [{"c": 0}], "audio": {"input": {"d": ""}}}


def test_a_null_that_says_something_is_said() -> None:
    event = {"previous_item_id": None, "audio": {"input": {"turn_detection": None, "transcription": None}}}
    assert without_unset(event) == event


def test_what_a_client_wrote_is_told_as_it_was_written() -> None:
    tool = {"name": "f", "description": None, "parameters": {"type": "object", "default": None}}
    assert without_unset({"tools": [tool], "metadata": {"k": None}}) == {
        "tools": [{"name": "f", "parameters": {"type": "object", "default": None}}],
        "metadata": {"k": None},
    }


def test_every_kind_of_session_is_told_without_unset_keys() -> None:
    transcription = {"model": "whisper-1", "language": None, "languages": None, "keywords": None, "delay": None}
    for kind in ("realtime", "transcription"):
        session = opened(kind, "whisper-1", 1).updated({"audio": {"input": {"transcription": transcription}}})
        told = without_unset(session.wire())
        assert set(nulls(told)) <= MEANT_NULL
        assert told["audio"]["input"]["transcription"] == {"model": "whisper-1"}


def test_no_official_type_requires_a_key_that_may_be_null() -> None:
    """Else it would have to be told as null."""
    required = {
        f"{model.__name__}.{name}"
        for model in models(RealtimeServerEvent, set())
        for name, field in model.model_fields.items()
        if field.is_required() and type(None) in get_args(field.annotation)
    }
    assert required == set()


def models(shape: Any, seen: set[Any]) -> set[type[BaseModel]]:
    if isinstance(shape, type) and issubclass(shape, BaseModel) and shape not in seen:
        seen.add(shape)
        for field in shape.model_fields.values():
            models(field.annotation, seen)
    for part in get_args(shape):
        models(part, seen)
    return seen
