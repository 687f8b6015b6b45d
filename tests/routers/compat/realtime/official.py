"""Events as the official client's types have them: every one has to be a known one, strictly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

from routers.compat.realtime.unset import VERBATIM

SERVER_EVENTS: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)


def check(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events, each of which the official client knows with all its fields."""
    checked = list(events)
    for event in checked:
        told = SERVER_EVENTS.validate_python({"event_id": "event_1", **event}, strict=True)
        assert told.type == event["type"]
        unknown = set(event) - set(type(told).model_fields)
        assert not unknown, f"{event['type']} has {unknown}"
    return checked


def types(events: Iterable[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in events]


def nulls(value: Any) -> Iterator[str]:
    """Names of keys that are null, outside of what clients wrote."""
    if isinstance(value, dict):
        for name, each in value.items():
            if each is None:
                yield name
            elif name not in VERBATIM:
                yield from nulls(each)
    elif isinstance(value, list):
        for each in value:
            yield from nulls(each)
