"""Fields for dictionaries: of the shapes of requests, of cards and of the configuration."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from stts.pronunciation.entries import MOST_ENTRIES, SPOKEN_CHARACTERS, WORD_CHARACTERS, read_entries

Entries = Annotated[
    dict[str, str],
    BeforeValidator(read_entries),
    WithJsonSchema(
        {
            "type": "object",
            "maxProperties": MOST_ENTRIES,
            "propertyNames": {"minLength": 1, "maxLength": WORD_CHARACTERS},
            "additionalProperties": {"type": "string", "minLength": 1, "maxLength": SPOKEN_CHARACTERS},
        }
    ),
]
