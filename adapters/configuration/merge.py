"""Layers into one typed model, and everything that is wrong with them said in one message."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from adapters.configuration.keys import KEYS, Key, KeyPath, section_fields
from adapters.configuration.sources import Layer, Source, deep_merged
from stts.errors import InvalidConfiguration
from stts.settings import Settings

_LISTED_PROBLEMS = 8
_SHOWN_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Configuration:
    """What the sources say at one moment."""

    layers: tuple[Layer, ...]
    """Lowest first."""
    settings: Settings

    @classmethod
    def of(cls, *layers: Layer) -> Configuration:
        """Raises InvalidConfiguration."""
        return cls(layers, validated(layers))

    def source(self, key: Key) -> Source:
        """The highest layer that says something about the key."""
        named = (layer.source for layer in reversed(self.layers) if layer.has((key.section, key.field)))
        return next(named, "default")

    def overrides(self, path: KeyPath) -> bool:
        """Whether `.env` or the environment says something about the value."""
        return any(layer.has(path) for layer in self.layers if layer.source in ("dotenv", "environment"))


def validated(layers: Sequence[Layer]) -> Settings:
    """Raises InvalidConfiguration naming every key that is wrong, its place, and what it may be."""
    merged = _merged(layers)
    try:
        settings = Settings.model_validate(merged)
    except ValidationError as error:
        raise _invalid(error, layers) from None
    try:
        json.dumps(merged, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        raise InvalidConfiguration("A value holds what is not Unicode text.", param="configuration") from None
    return settings


def _invalid(error: ValidationError, layers: Sequence[Layer]) -> InvalidConfiguration:
    problems = error.errors(include_url=False, include_context=False)
    said = [_said(details, layers) for details in problems[:_LISTED_PROBLEMS]]
    if len(problems) > _LISTED_PROBLEMS:
        said.append(f"and {len(problems) - _LISTED_PROBLEMS} more")
    first = problems[0]
    return InvalidConfiguration("; ".join(said), param=_known(_path(first)), allowed=_allowed(first))


def _merged(layers: Sequence[Layer]) -> dict[str, Any]:
    """The file replaces a default; the layers above it add entries to mappings, to default ones too."""
    merged: dict[str, Any] = {}
    for layer in layers:
        if layer.source != "file":
            merged = deep_merged(_default_mappings(layer), merged)
        merged = deep_merged(merged, layer.values)
    return merged


def _default_mappings(layer: Layer) -> dict[str, Any]:
    defaults: dict[str, Any] = {}
    for key in KEYS.values():
        if key.mapping and layer.has((key.section, key.field)):
            defaults.setdefault(key.section, {})[key.field] = key.of(Settings())
    return defaults


def _said(details: ErrorDetails, layers: Sequence[Layer]) -> str:
    path = _path(details)
    layer = _layer_of(path, layers)
    message = _message(details, layer)
    if layer is None or layer.source == "runtime":
        return f"{_known(path)}: {message}"
    place = layer.place(path)
    name = ".".join(path) + _shown(path, details["input"])
    return f"{place}: {name}: {message}" if place else f"{name}: {message}"


def _layer_of(path: KeyPath, layers: Sequence[Layer]) -> Layer | None:
    """The highest layer that has the value, or the nearest thing it is in."""
    for length in range(len(path), 0, -1):
        for layer in reversed(layers):
            if layer.has(path[:length]):
                return layer
    return None


def _message(details: ErrorDetails, layer: Layer | None) -> str:
    match details["type"]:
        case "extra_forbidden":
            allowed = _allowed(details)
            return "there is no such key" + (f"; allowed: {', '.join(allowed)}" if allowed else "")
        case "string_type" if layer and layer.source == "file":
            return "must be text; put it in quotes"
        case _:
            return details["msg"].replace("Input should be", "must be")


def _allowed(details: ErrorDetails) -> list[str] | None:
    if details["type"] != "extra_forbidden":
        return None
    path = _path(details)
    return list(Settings.model_fields) if len(path) == 1 else list(section_fields(path[0]))


def _path(details: ErrorDetails) -> KeyPath:
    return tuple(str(part) for part in details["loc"])


def _known(path: KeyPath) -> str:
    """As much of the name as is ours. What a client sent is never sent back, not even as a name."""
    if ".".join(path[:2]) in KEYS:
        return ".".join(path[:2])
    return path[0] if path[0] in Settings.model_fields else "configuration"


def _shown(path: KeyPath, value: Any) -> str:
    """The operator's own value, unless it is a secret, or may be one."""
    key = KEYS.get(".".join(path[:2]))
    if key is None or key.secret or (key.mapping and key.protected) or not isinstance(value, str | int | float):
        return ""
    return f" = {json.dumps(value, ensure_ascii=False)[:_SHOWN_CHARACTERS]}"
