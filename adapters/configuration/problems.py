"""Problems of a configuration in one message: the place, the key, and the allowed values.

The operator is shown the value, unless it may be a secret. What a client sent is never sent back, not even as a name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from adapters.configuration.keys import Key, KeyPath
from adapters.configuration.sources import Layer
from stts.errors import InvalidConfiguration
from stts.settings import Settings

_LISTED_PROBLEMS = 8
_SHOWN_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Problem:
    path: KeyPath
    message: str
    """Description of the problem, without the value."""
    value: Any = None
    allowed: tuple[str, ...] | None = None
    """Allowed values, where the list is short."""


Check = Callable[[Settings], Iterable[Problem]]
"""Finds what is wrong with settings that the model accepts."""


def nothing_more(settings: Settings) -> Iterable[Problem]:
    """The check of those for whom the model is enough."""
    return ()


_PLAIN = {
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "must be a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "must be a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "must be true or false"),
    **dict.fromkeys(("tuple_type", "list_type"), "must be a list, as in [one, two]"),
    "dict_type": "must be a mapping of keys",
    "string_type": "must be text; put it in quotes",
}
"""Problems that the model tells in types of Python, by its names for them."""


def model_problems(error: ValidationError, model: type[BaseModel], under: KeyPath = ()) -> list[Problem]:
    """Problems that the model reports; its keys stand below `under`."""
    return [_problem(details, model, under) for details in error.errors(include_url=False, include_context=False)]


def refusal(root: Key, problems: Sequence[Problem], layers: Sequence[Layer]) -> InvalidConfiguration:
    """Names every problem with the place in the layer that it comes from. There is at least one."""
    said = [_said(root, problem, layers) for problem in problems[:_LISTED_PROBLEMS]]
    if len(problems) > _LISTED_PROBLEMS:
        said.append(f"and {len(problems) - _LISTED_PROBLEMS} more")
    first = problems[0]
    return InvalidConfiguration("; ".join(said), param=_known(root, first.path), allowed=first.allowed)


def _problem(details: ErrorDetails, model: type[BaseModel], under: KeyPath) -> Problem:
    inner = tuple(str(part) for part in details["loc"])
    path, value = (*under, *inner), details["input"]
    match details["type"]:
        case "extra_forbidden":
            return Problem(path, "there is no such key", value, _fields(model, inner[:-1]))
        case "model_type" | "model_attributes_type":
            return Problem(path, "must be a mapping of keys")
        case kind if (plain := _PLAIN.get(kind)) is not None:
            return Problem(path, plain, value)
        case _:
            return Problem(
                path, details["msg"].removeprefix("Value error, ").replace("Input should be", "must be"), value
            )


def _fields(model: Any, path: KeyPath) -> tuple[str, ...] | None:
    """The keys of the model that stands at the path, through mappings and lists of models."""
    for name in path:
        if get_origin(model) is not None:
            arguments = get_args(model)
            model = arguments[1 if get_origin(model) is dict else 0]
        else:
            fields = getattr(model, "model_fields", {})
            model = fields[name].annotation if name in fields else None
    return tuple(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else None


def _said(root: Key, problem: Problem, layers: Sequence[Layer]) -> str:
    path, message = problem.path, problem.message
    if problem.allowed:
        message += f"; allowed: {', '.join(problem.allowed)}"
    layer = _layer_of(path, layers)
    if layer is not None and not layer.places:
        return f"{_known(root, path)}: {message}"
    place = layer.place(path) if layer is not None else None
    name = ".".join(path) + _shown(root, path, problem.value)
    return f"{place}: {name}: {message}" if place else f"{name}: {message}"


def _layer_of(path: KeyPath, layers: Sequence[Layer]) -> Layer | None:
    """The highest layer that has the value, or the nearest thing it is in."""
    for length in range(len(path), 0, -1):
        for layer in reversed(layers):
            if layer.has(path[:length]):
                return layer
    return None


def _known(root: Key, path: KeyPath) -> str:
    """The part of a key's name that is ours: names of entries may be the client's."""
    known: list[str] = []
    key = root
    for name in path:
        if name not in key.inner:
            break
        key = key.inner[name]
        known.append(name)
    return ".".join(known) or "configuration"


def _shown(root: Key, path: KeyPath, value: Any) -> str:
    """The operator's own value, unless it is a secret, or may be one."""
    key, _ = root.at(path)
    hidden = key.kind != "value" or key.secret or key.untyped or (key.names and key.protected)
    if hidden or not isinstance(value, str | int | float):
        return ""
    return f" = {json.dumps(value, ensure_ascii=False)[:_SHOWN_CHARACTERS]}"
