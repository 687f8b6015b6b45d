"""Values of keys as nested mappings: how one source goes over another, and what a change makes of them.

A list of sections is a mapping here, too: place -> section. So every value has one path, and lists merge like mappings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, Final

from adapters.configuration.keys import Key, KeyPath

Values = dict[str, Any]


class _Mark(Enum):
    REMOVED = "removed"
    UNCHANGED = "unchanged"


REMOVED: Final = _Mark.REMOVED
"""In place of an entry that is to go."""
UNCHANGED: Final = _Mark.UNCHANGED


class Whole(Values):
    """A mapping that takes the place of the one below it instead of going over it entry by entry."""


def by_path(key: Key | None, value: Any, *, null_removes: bool = False) -> Any:
    """What a source says about the key, with lists of sections by place and empty sections as such.

    With `null_removes`, null in a mapping takes the entry out (RFC 7396).
    """
    if key is None:
        return value
    if value is None and key.kind != "value":
        return Whole() if key.kind == "items" else {}
    if key.kind == "items" and isinstance(value, list):
        value = Whole((str(place), item) for place, item in enumerate(value))
    if not isinstance(value, dict):
        return value
    if key.kind == "value":
        return _nulls_removed(value) if null_removes else value
    removes = null_removes and key.kind != "section"
    return type(value)(
        (name, REMOVED if removes and inner is None else by_path(key.child(name), inner, null_removes=null_removes))
        for name, inner in value.items()
    )


def for_model(key: Key | None, value: Any) -> Any:
    """The reverse of `by_path`: places as lists again."""
    if key is None or key.kind == "value" or not isinstance(value, dict):
        return value
    inner = {name: for_model(key.child(name), entry) for name, entry in value.items()}
    if key.kind == "items" and all(name.isdecimal() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> Values:
    """Mappings are merged entry by entry, everything else is replaced; entries that are REMOVED go."""
    result = Whole() if isinstance(above, Whole) else Whole(below) if isinstance(below, Whole) else dict(below)
    for name, value in above.items():
        if value is REMOVED:
            result.pop(name, None)
        elif isinstance(value, dict):
            under = result.get(name)
            result[name] = merged(under if isinstance(under, dict) else {}, value)
        else:
            result[name] = value
    return result


def with_default_mappings(key: Key, values: Mapping[str, Any]) -> Values:
    """A mapping in the file takes the place of the default one; where the file has none, what is above goes over it."""
    result = dict(values)
    for name, inner in key.inner.items():
        if inner.kind == "section":
            below = values.get(name, {})
            result[name] = with_default_mappings(inner, below) if isinstance(below, dict) else below
        elif name not in values and (inner.names or inner.kind != "value"):
            result[name] = by_path(inner, inner.default)
    return result


def difference(key: Key | None, below: Any, wanted: Any) -> Any:
    """The least that must go over `below` to make it `wanted`; UNCHANGED where that is nothing."""
    if not (isinstance(below, dict) and isinstance(wanted, dict)):
        return UNCHANGED if below == wanted else wanted
    changed: Values = {}
    for name, value in wanted.items():
        inner = key.child(name) if key is not None else None
        found = difference(inner, below[name] if name in below else by_path(inner, inner and inner.default), value)
        if found is not UNCHANGED:
            changed[name] = found
        elif name not in below and inner is not None and key is not None and key.kind != "section":
            changed[name] = {}  # a new entry with nothing but defaults
    if key is None or key.kind != "section":
        changed |= {name: REMOVED for name in below if name not in wanted}
    return changed or UNCHANGED


def value_at(values: Any, path: KeyPath) -> Any:
    """None where there is nothing."""
    for name in path:
        values = values.get(name) if isinstance(values, dict) else None
    return values


def placed(values: Mapping[str, Any], path: KeyPath, value: Any) -> Values:
    """The mapping with this value at the path, in place of what was there."""
    name, *inner = path
    under = values.get(name)
    if inner:
        value = placed(under if isinstance(under, dict) else {}, tuple(inner), value)
    return {**values, name: value}


def without(values: Mapping[str, Any], path: KeyPath) -> Values:
    """The mapping without what is at the path, which is there."""
    name, *inner = path
    if inner:
        return {**values, name: without(values[name], tuple(inner))}
    return {other: value for other, value in values.items() if other != name}


def only(values: Any, paths: Iterable[KeyPath]) -> Values:
    """What the mapping says at these paths."""
    result: Values = {}
    for path in paths:
        result = placed(result, path, value_at(values, path))
    return result


def with_nulls(value: Any) -> Any:
    """As it is written down: null in place of what is removed."""
    if isinstance(value, dict):
        return {name: with_nulls(entry) for name, entry in value.items()}
    return None if value is REMOVED else value


def _nulls_removed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: REMOVED if entry is None else _nulls_removed(entry) for name, entry in value.items()}
    return value
