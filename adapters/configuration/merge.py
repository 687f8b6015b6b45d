"""Layers into one typed model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from adapters.configuration.keys import KEYS, Key, KeyPath
from adapters.configuration.problems import Check, model_problems, refusal
from adapters.configuration.sources import Layer, Source, deep_merged
from stts.errors import InvalidConfiguration
from stts.settings import Settings


@dataclass(frozen=True, slots=True)
class Configuration:
    """What the sources say at one moment."""

    layers: tuple[Layer, ...]
    """Lowest first."""
    settings: Settings

    @classmethod
    def of(cls, *layers: Layer, check: Check) -> Configuration:
        """Raises InvalidConfiguration."""
        return cls(layers, validated(layers, check))

    def source(self, key: Key) -> Source:
        """The highest layer that says something about the key."""
        named = (layer.source for layer in reversed(self.layers) if layer.has((key.section, key.field)))
        return next(named, "default")

    def overrides(self, path: KeyPath) -> bool:
        """Whether `.env` or the environment says something about the value."""
        return any(layer.has(path) for layer in self.layers if layer.source in ("dotenv", "environment"))


def validated(layers: Sequence[Layer], check: Check) -> Settings:
    """Raises InvalidConfiguration naming every key that is wrong, its place, and what it may be."""
    merged = _merged(layers)
    try:
        settings = Settings.model_validate(merged)
    except ValidationError as error:
        raise refusal(model_problems(error, Settings), layers) from None
    try:
        json.dumps(merged, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        raise InvalidConfiguration("A value holds what is not Unicode text.", param="configuration") from None
    problems = list(check(settings))
    if problems:
        raise refusal(problems, layers)
    return settings


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
