"""Parameters that clients of another system send, as far as the engine that speaks takes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from adapters.parameters import validated
from stts.errors import InvalidParameter


def accepted(model: type[BaseModel], values: Mapping[str, Any]) -> dict[str, Any]:
    """Those that the engine has, with values in its own ranges: the ranges of the other system are not its own."""
    return {name: value for name, value in values.items() if _takes(model, name, value)}


def _takes(model: type[BaseModel], name: str, value: Any) -> bool:
    try:
        validated(model, {name: value}, ignore_unknown=False)
    except InvalidParameter:
        return False
    return True
