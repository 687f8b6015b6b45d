"""Parameters of an engine beside the common fields, out of its schema: one field, one widget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["number", "integer", "boolean", "choice", "text"]


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    title: str
    kind: Kind
    default: Any
    description: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()

    def fits(self, value: Any) -> bool:
        """A value that was kept is one of this parameter's still: engines change."""
        if self.kind == "boolean":
            return isinstance(value, bool)
        if self.kind == "choice":
            return value in self.choices
        if self.kind == "text":
            return isinstance(value, str)
        if isinstance(value, bool) or not isinstance(value, int if self.kind == "integer" else (int, float)):
            return False
        above = self.minimum is None or value >= self.minimum
        return above and (self.maximum is None or value <= self.maximum)


def parameters(schema: Mapping[str, Any]) -> tuple[Parameter, ...]:
    """Those that a form can show; the rest keep what the engine takes of itself."""
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return ()
    found = (_parameter(name, field) for name, field in properties.items() if isinstance(field, dict))
    return tuple(parameter for parameter in found if parameter is not None)


def wishes(chosen: Mapping[str, Any], known: tuple[Parameter, ...]) -> dict[str, Any]:
    """Values that differ from the defaults: all else is the engine's to say."""
    return {
        each.name: chosen[each.name]
        for each in known
        if each.name in chosen and chosen[each.name] != each.default and each.fits(chosen[each.name])
    }


def _parameter(name: str, field: Mapping[str, Any]) -> Parameter | None:
    options = field.get("anyOf")
    if isinstance(options, list):
        plain = [option for option in options if isinstance(option, dict) and option.get("type") != "null"]
        if len(plain) != 1:
            return None
        field = {**plain[0], **{key: value for key, value in field.items() if key != "anyOf"}}
    default = field.get("default")
    title = str(field.get("title") or name.replace("_", " ").capitalize())
    told = str(field.get("description") or "")
    if isinstance(values := field.get("enum"), list) and all(isinstance(value, str) for value in values):
        return Parameter(name, title, "choice", default, told, choices=tuple(values))
    kinds: dict[Any, Kind] = {"number": "number", "integer": "integer", "boolean": "boolean", "string": "text"}
    kind = kinds.get(field.get("type"))
    if kind is None or (default is None and kind != "text"):
        return None
    low = field.get("minimum", field.get("exclusiveMinimum"))
    return Parameter(name, title, kind, default, told, low, field.get("maximum", field.get("exclusiveMaximum")))
