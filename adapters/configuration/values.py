"""Assignments of values to key paths by a source, each over those before it.

An item of a list of sections has its place as its name, so lists are no different from mappings here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, Final, Literal

from adapters.configuration.keys import Key, KeyPath

Assignment = tuple[KeyPath, Any]
"""A path and its value: a mark, or what has no inner names. An empty mapping leaves the mapping that is there."""
Meaning = Literal["all", "more", "patch"]
"""Meaning of a mapping in a source: the whole value, additions to the layer below, or a merge patch (RFC 7396)."""


class _Mark(Enum):
    REMOVED = "removed"
    EMPTIED = "emptied"


REMOVED: Final = _Mark.REMOVED
EMPTIED: Final = _Mark.EMPTIED
"""Marks a mapping whose entries in lower layers do not count."""


def assignments(key: Key | None, value: Any, meaning: Meaning, path: KeyPath = ()) -> Iterator[Assignment]:
    """Assignments of a source to the key, or to the mapping below a key that the path leads to."""
    if value is None and key is not None and key.kind != "value":
        value = [] if key.kind == "items" else {}
    replaces = meaning == "all"
    if isinstance(value, list) and key is not None and key.kind == "items":
        value, replaces = {str(place): item for place, item in enumerate(value)}, True
    if not isinstance(value, dict):
        yield path, value
        return
    mapping = key is None or key.kind != "section"
    if path:
        yield path, EMPTIED if replaces and mapping else {}
    for name, inner in value.items():
        if inner is None and mapping and meaning == "patch":
            yield (*path, name), REMOVED
        else:
            below = key if key is not None and key.kind == "value" else key and key.child(name)
            yield from assignments(below, inner, meaning, (*path, name))


def default_mappings(key: Key) -> Iterator[Assignment]:
    """Default mappings that sources may add to, where the file does not say otherwise."""
    for inner in key.inner.values():
        if inner.kind == "section":
            yield from default_mappings(inner)
        elif inner.names or inner.kind != "value":
            yield from assignments(inner, inner.default, "more", inner.path)


def tree_of(assigned: Iterable[Assignment]) -> dict[str, Any]:
    """Nested mappings with all that is assigned."""
    root: dict[str, Any] = {}
    for path, value in assigned:
        _assign(root, path, value)
    return root


def _assign(tree: dict[str, Any], path: KeyPath, value: Any) -> None:
    *outer, name = path
    for step in outer:
        if not isinstance(tree.get(step), dict):
            if value is REMOVED:
                return
            tree[step] = {}
        tree = tree[step]
    if value is REMOVED:
        tree.pop(name, None)
    elif value is EMPTIED or value == {}:
        tree[name] = tree[name] if value == {} and isinstance(tree.get(name), dict) else {}
    else:
        tree[name] = value


def value_at(tree: Any, path: KeyPath) -> Any:
    """None where there is nothing."""
    for name in path:
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree


def for_model(key: Key, tree: Any) -> Any:
    """The tree with lists of sections as lists."""
    if key.kind == "value" or not isinstance(tree, dict):
        return tree
    inner = {name: for_model(key.child(name) or key, value) for name, value in tree.items()}
    if key.kind == "items" and all(name.isdecimal() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner


def with_nulls(assigned: Iterable[Assignment]) -> Mapping[str, Any]:
    """The value as it is written to the file: null in place of a removed one."""
    return tree_of((path, None if value is REMOVED else value) for path, value in assigned)
