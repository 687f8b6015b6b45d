"""Leaves keys that are not set out of what clients are told: closed models of theirs fail at a key they do not know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MEANT_NULL = frozenset(
    {
        "previous_item_id", "turn_detection", "transcription", "noise_reduction", "input_audio_transcription",
        "input_audio_noise_reduction", "transcript", "code", "param", "event_id",
    }
)  # fmt: skip
"""Keys whose null says something: an item is the first, a part is off, words are not known, an error has no detail."""
VERBATIM = frozenset({"parameters", "metadata", "reasoning", "truncation", "tracing"})
"""Objects that clients wrote themselves and get back as they wrote them."""


def without_unset(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The same object, and those within it, without the keys that are null and mean nothing by it."""
    return {
        name: value if name in VERBATIM else _within(value)
        for name, value in fields.items()
        if value is not None or name in MEANT_NULL
    }


def _within(value: Any) -> Any:
    if isinstance(value, Mapping):
        return without_unset(value)
    if isinstance(value, list):
        return [_within(each) for each in value]
    return value
