"""Reads the fields of a session or a response as clients mean them: an empty text is none, one is a list of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

LISTS = frozenset({"output_modalities", "languages", "keywords", "include", "tools"})
NESTED = frozenset({"audio", "input", "output", "transcription", "turn_detection", "noise_reduction", "format"})
TEXTS = frozenset({"instructions", "prompt"})
"""Fields in which an empty text says something: that there is none."""
OFF = frozenset({"none", "null", "off", "disabled", "false"})
AUDIO_FORMATS = {"pcm16": "audio/pcm", "g711_ulaw": "audio/pcmu", "g711_alaw": "audio/pcma"}


def meant(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The same fields in the shapes that the schema has; what has no sense is left for it to refuse by name."""
    return {name: _meant(name, value) for name, value in fields.items()}


def _meant(name: str, value: Any) -> Any:
    if isinstance(value, str) and not value.strip() and name not in TEXTS:
        return None
    if name in LISTS and isinstance(value, str | Mapping):
        return [value]
    value = READERS[name](value) if name in READERS else value
    return meant(value) if name in NESTED and isinstance(value, Mapping) else value


def _turn_detection(value: Any) -> Any:
    if value is False or (isinstance(value, str) and value.strip().lower() in OFF):
        return None
    if isinstance(value, str):
        return {"type": value}
    return {"type": "server_vad"} if value == {} else value


def _transcription(value: Any) -> Any:
    if value is False or (isinstance(value, str) and value.strip().lower() in OFF):
        return None
    return {"model": value} if isinstance(value, str) else value


def _noise_reduction(value: Any) -> Any:
    if not value or (isinstance(value, str) and value.strip().lower() in OFF):
        return None
    return {"type": value} if isinstance(value, str) else value


def _format(value: Any) -> Any:
    return {"type": AUDIO_FORMATS.get(value, value)} if isinstance(value, str) else value


READERS: Mapping[str, Callable[[Any], Any]] = {
    "turn_detection": _turn_detection,
    "transcription": _transcription,
    "noise_reduction": _noise_reduction,
    "format": _format,
}
"""Fields that are objects, and have a short form."""
