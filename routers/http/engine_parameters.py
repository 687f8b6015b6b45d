"""Parameters that clients of another system send, as far as the engine that speaks takes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from adapters.parameters import validated
from stts.errors import InvalidParameter


def accepted(model: type[BaseModel], values: Mapping[str, Any], warn: Callable[[str], None]) -> dict[str, Any]:
    """Those that the engine has, with values in its own ranges: the ranges of the other system are not its own.

    `warn` is told of each that is beyond them. Names are those of fields, never a client's.
    """
    taken: dict[str, Any] = {}
    for name, value in values.items():
        if name not in model.model_fields:
            continue
        try:
            validated(model, {name: value}, ignore_unknown=False)
        except InvalidParameter:
            warn(f"{name} is beyond what the engine takes: its own default counts.")
        else:
            taken[name] = value
    return taken
