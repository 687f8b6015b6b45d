"""The JSON messages of one dialect: which types there are, and what is wrong with one that is none of them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Generic, TypeVar, get_args

import pydantic_core
from pydantic import BaseModel, ValidationError

from middleware.edge.problem import plain_name
from stts.errors import InvalidParameter, InvalidRequest, STTSError

M = TypeVar("M", bound=BaseModel)


class Messages(Generic[M]):
    """Models told apart by their field `type`, a Literal of one or more names."""

    def __init__(self, *models: type[M], half_characters: bool = False) -> None:
        """`half_characters`: strings may be cut between UTF-16 units, as clients cut a text that they stream."""
        self._half_characters = half_characters
        self._models = {name: model for model in models for name in get_args(model.model_fields["type"].annotation)}

    @property
    def types(self) -> tuple[str, ...]:
        return tuple(self._models)

    def parse(self, text: str) -> M:
        """Raises InvalidRequest for what is no object, InvalidParameter for an unknown type or a wrong field."""
        return self.check(parse_object(text, half_characters=self._half_characters))

    def check(self, message: Mapping[str, Any]) -> M:
        """Validates a message whose JSON is parsed already; raises as `parse` does."""
        name = message.get("type")
        if name is None:
            raise InvalidParameter("The message has no `type`.", param="type", allowed=self.types)
        model = self._models.get(name) if isinstance(name, str) else None
        if model is None:
            raise InvalidParameter("There is no such `type` of message.", param="type", allowed=self.types)
        try:
            return model.model_validate(message)
        except ValidationError as error:
            raise invalid(error) from None


def parse_object(text: str | bytes, *, half_characters: bool = False) -> dict[str, Any]:
    """Raises InvalidRequest for what is not a JSON object."""
    try:
        if half_characters:
            message = json.loads(text, parse_constant=_refused)
        else:
            message = pydantic_core.from_json(text, allow_inf_nan=False)
    except (ValueError, RecursionError):
        raise InvalidRequest("This is not JSON.") from None
    if not isinstance(message, dict):
        raise InvalidRequest("A message is a JSON object.")
    return message


def _refused(constant: str) -> None:
    raise ValueError("NaN and Infinity are no JSON.")


def invalid(error: ValidationError) -> STTSError:
    """Returns an error about the first wrong field, without anything of its value."""
    first = error.errors(include_url=False, include_input=False)[0]
    param = ".".join(plain_name(str(part)) for part in first["loc"]) or "message"
    allowed = re.findall(r"'([^']*)'", first.get("ctx", {}).get("expected", "")) or None
    return InvalidParameter(f"{param}: {first['msg'].removeprefix('Value error, ')}", param=param, allowed=allowed)
