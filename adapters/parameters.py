"""Checks what a request asks against what an engine can do: its language and its own parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from stts.engine_api import EngineInfo
from stts.engine_state import AUTO
from stts.errors import InvalidParameter, UnknownParameter
from stts.language_names import NAMES
from stts.languages import best_match, nearest

LISTED = 20
"""Voices or languages that an error names as allowed; the full lists are at /voices and /engines."""


def check_language(info: EngineInfo, language: str | None) -> None:
    """Raises InvalidParameter unless the engine speaks or understands the language."""
    if language is not None and info.languages and best_match(language, info.languages) is None:
        near = _near_languages(info, language)
        hint = f" Near it are: {', '.join(near)}." if near else ""
        allowed = [AUTO, *near, *(tag for tag in sorted(info.languages) if tag not in near)]
        raise InvalidParameter(
            f"{info.name} does not know this language.{hint}", param="language", allowed=allowed[:LISTED]
        )


def _near_languages(info: EngineInfo, language: str) -> list[str]:
    """The engine's tags that are written like this, or whose languages have names that are."""
    by_name = (best_match(NAMES[name], info.languages) for name in nearest(language, NAMES))
    known = [*nearest(language, info.languages), *(tag for tag in by_name if tag is not None)]
    return list(dict.fromkeys(known))


def validated(model: type[BaseModel], values: Mapping[str, Any], *, ignore_unknown: bool) -> BaseModel:
    """The engine's own parameters as its model. Raises InvalidParameter naming the field and what it may be."""
    if ignore_unknown:
        values = {name: value for name, value in values.items() if name in model.model_fields}
    for name in values:
        if name not in model.model_fields:
            raise UnknownParameter("This engine has no such parameter.", param=name[:64], allowed=[*model.model_fields])
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        raise InvalidParameter(f"{first['msg']}.", param=".".join(str(part) for part in first["loc"])) from None
