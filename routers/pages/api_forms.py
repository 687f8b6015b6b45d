"""Forms on the docs page: a file picker for the recording, and fields that can be sent as they stand.

The page would fill in "string" for every text and the least or the most for every number that may be left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

RECORDINGS = (
    *("/stt", "/v1/audio/transcriptions", "/v1/audio/translations", "/v1/audio/speech/timestamps"),
    *("/v1/audio/diarization", "/files"),
)
"""Routes whose form needs a recording."""

FIELDS: Mapping[tuple[str, str], Any] = {
    ("/v1/audio/transcriptions", "model"): "whisper-1",
    ("/v1/audio/translations", "model"): "whisper-1",
    ("/v1/audio/transcriptions", "timestamp_granularities"): ["segment"],
    ("/v1/audio/translations", "timestamp_granularities"): ["segment"],
    ("/v1/audio/voices", "name"): "Anna",
    ("/v1/audio/voice_consents", "name"): "Anna",
    ("/v1/audio/voice_consents", "language"): "en-US",
    ("/conversation", "text"): "Hello, who are you?",
    ("/v1/audio/speech/timestamps", "threshold"): 0.5,
}
"""Fields of forms that are filled in."""


def fill_forms(document: dict[str, Any]) -> None:
    """Doing it twice changes nothing more."""
    for path, operations in document.get("paths", {}).items():
        for operation in operations.values():
            content = operation.get("requestBody", {}).get("content", {})
            if (form := content.get("multipart/form-data")) is not None:
                form["schema"] = _form(path, _resolved(form["schema"], document))


def _form(path: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Form schema with a file picker for the recording, and optional fields left empty."""
    properties = {name: _field(path, name, each) for name, each in schema.get("properties", {}).items()}
    required = list(schema.get("required", ()))
    if path in RECORDINGS and "file" not in required:
        required.append("file")
    return {**schema, "properties": properties, **({"required": required} if required else {})}


def _field(path: str, name: str, schema: dict[str, Any]) -> dict[str, Any]:
    kinds = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    plain = {**{key: value for key, value in schema.items() if key != "anyOf"}, **(kinds[0] if len(kinds) == 1 else {})}
    if plain.get("contentMediaType") == "application/octet-stream":
        return {**plain, "format": "binary"}
    if (path, name) in FIELDS:
        return {**plain, "example": FIELDS[path, name]}
    if kinds and "default" not in plain and plain.get("type") in ("integer", "number"):
        # What may be left out: the page would fill in the least or the most that is allowed.
        return {**plain, "type": ["string", plain["type"]], "example": ""}
    if plain.get("type") == "string" and "enum" not in plain and "default" not in plain:
        return {**plain, "example": ""}
    if plain.get("type") == "array":
        return {**plain, "example": []}
    return plain if kinds or "default" in plain else schema


def _resolved(schema: dict[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schema
    if name := schema.get("$ref", "").removeprefix("#/components/schemas/"):
        found = document["components"]["schemas"][name]
    return found
