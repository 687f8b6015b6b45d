"""Layers into one typed model, and two such models compared key by key."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from pydantic import ValidationError

from adapters.configuration.keys import EACH, Key, KeyPath, plain
from adapters.configuration.problems import Check, model_problems, refusal
from adapters.configuration.sources import Layer, Source
from adapters.configuration.values import REMOVED, Assignment, assignments, default_mappings, for_model, tree_of
from stts.errors import InvalidConfiguration
from stts.settings import Settings


@dataclass(frozen=True, slots=True)
class Configuration:
    """The layers of one moment, and the settings that they make."""

    layers: tuple[Layer, ...]
    """Lowest first: the file, changes over HTTP, `.env`, the environment."""
    settings: Settings

    def source(self, path: KeyPath) -> Source:
        """The highest layer that says something about the value."""
        return next((layer.source for layer in reversed(self.layers) if layer.has(path)), "default")

    def overrides(self, path: KeyPath) -> bool:
        """True if `.env` or the environment says something about the value."""
        return any(layer.has(path) for layer in self.layers if layer.source in ("dotenv", "environment"))


@dataclass(frozen=True, slots=True)
class Pair:
    """A key in two settings: `old` and `new` are None where there is no such entry."""

    path: KeyPath
    key: Key
    old: Any
    new: Any


def merged(root: Key, layers: Sequence[Layer]) -> dict[str, Any]:
    """All that the layers say, and the default mappings below them."""
    return tree_of(chain(default_mappings(root), *(layer.values for layer in layers)))


def validated(root: Key, layers: Sequence[Layer], check: Check) -> Settings:
    """Raises InvalidConfiguration naming every key that is wrong, its place, and what it may be."""
    values = merged(root, layers)
    assert root.model is not None
    try:
        settings = root.model.model_validate(for_model(root, values))
    except ValidationError as error:
        raise refusal(root, model_problems(error, root.model), layers) from None
    assert isinstance(settings, Settings)
    try:
        json.dumps(values, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        raise InvalidConfiguration("A value holds what is not Unicode text.", param="configuration") from None
    problems = list(check(settings))
    if problems:
        raise refusal(root, problems, layers)
    return settings


def compared(key: Key, old: Any, new: Any, path: KeyPath = ()) -> Iterator[Pair]:
    """Every key in both, in the order of the model. An entry that only one has is one pair, with the mapping's key."""
    if key.kind == "value":
        yield Pair(path, key, old, new)
        return
    before, after = _inside(key, old), _inside(key, new)
    if not before and not after:
        yield Pair(path, key, old, new)
    for name in {**before, **after}:
        inner = key.child(name)
        assert inner is not None
        if name in before and name in after:
            yield from compared(inner, before[name], after[name], (*path, name))
        else:
            yield Pair((*path, name), key, before.get(name), after.get(name))


def difference(root: Key, old: Settings, new: Settings) -> Iterator[Assignment]:
    """The least that must go over the old settings to make them the new ones."""
    for pair in compared(root, old, new):
        if pair.old == pair.new:
            continue
        if pair.key.kind == "value":
            yield from _patch(pair.path, plain(pair.old), plain(pair.new))
        elif pair.new is None:
            yield pair.path, REMOVED
        else:
            yield pair.path, {}
            yield from assignments(pair.key.inner[EACH], plain(pair.new), "more", pair.path)


def _patch(path: KeyPath, old: Any, new: Any) -> Iterator[Assignment]:
    if not isinstance(new, dict):
        yield path, new
        return
    before = old if isinstance(old, dict) else {}
    yield path, {}
    for name in {**before, **new}:
        if name not in new:
            yield (*path, name), REMOVED
        elif before.get(name) != new[name]:
            yield from _patch((*path, name), before.get(name), new[name])


def with_live_keys(key: Key, current: Any, new: Any) -> Any:
    """The current value of the key with what takes effect without a restart."""
    if key.kind == "value":
        return new if key.live else current
    before, after = _inside(key, current), _inside(key, new)
    names = after if key.live or key.kind == "section" else before
    inside = {name: after.get(name, before.get(name)) for name in names}
    for name in before.keys() & after.keys():
        if (inner := key.child(name)) is not None:
            inside[name] = with_live_keys(inner, before[name], after[name])
    if key.kind == "section":
        return current.model_copy(update=inside)
    return inside if key.kind == "entries" else tuple(inside.values())


def _inside(key: Key, value: Any) -> dict[str, Any]:
    match key.kind:
        case "section":
            return {name: getattr(value, name) for name in key.inner}
        case "items":
            return {str(place): item for place, item in enumerate(value)}
        case _:
            return dict(value)
