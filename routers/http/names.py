"""Optional names that clients send in many ways: a language, a voice, an engine. Every dialect reads them with these.

Null, an empty string, white space and `auto` mean that none is given; a list of one means what is in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from stts.engine_state import AUTO
from stts.languages import read_language

NAME_CHARACTERS = 200
LANGUAGE_CHARACTERS = 35
WITHOUT_CONTROLS = r"^[^\x00-\x1f\x7f]*$"
"""Pattern of what is written on one line, and can be kept by every database."""

NO_KEYWORD = re.compile(r"[<>\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")
"""Signs that the hosted service refuses in a keyword of a transcription: angle brackets and line breaks."""
WHAT_NO_KEYWORD_HAS = "A keyword may have no angle bracket and no line break."


def read_name(value: object) -> object:
    """The name without space around it, None where none is given; what is no name is returned as it came.

    A voice may come as an object with an `id` or a `name`, as newer clients of the OpenAI dialect send it.
    """
    if isinstance(value, Sequence) and not isinstance(value, str | bytes) and len(value) <= 1:
        value = value[0] if value else None
    if isinstance(value, dict) and ("id" in value or "name" in value):
        value = value.get("id") or value.get("name")
    if isinstance(value, str):
        value = value.strip()
        return None if value.lower() in ("", AUTO) else value
    return value


def read_engine(value: object) -> object:
    """Reads a name like `read_name`, with `auto` where none is given."""
    name = read_name(value)
    return AUTO if name is None or str(name).lower() == "default" else name


# The bound is that of the string: pydantic cannot apply one to None.
LanguageTag = Annotated[Annotated[str, Field(max_length=LANGUAGE_CHARACTERS)] | None, BeforeValidator(read_language)]
"""A BCP 47 tag; None: none was given, so it is detected or is the voice's own."""

VoiceName = Annotated[Annotated[str, Field(max_length=NAME_CHARACTERS)] | None, BeforeValidator(read_name)]
"""A voice, or None for the engine's default."""

EngineName = Annotated[str, BeforeValidator(read_engine), Field(max_length=NAME_CHARACTERS)]
"""An engine, or `auto`."""

OwnWord = Annotated[str, Field(max_length=NAME_CHARACTERS, pattern=WITHOUT_CONTROLS)]
"""A client's own word for something."""


def _keyword(word: str) -> str:
    if NO_KEYWORD.search(word):
        raise ValueError(WHAT_NO_KEYWORD_HAS)
    return word


Keyword = Annotated[str, Field(min_length=1, max_length=NAME_CHARACTERS), AfterValidator(_keyword)]
"""A word to expect in what is transcribed."""
