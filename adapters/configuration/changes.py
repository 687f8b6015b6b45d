"""A PATCH body: `{"limits": {"queue_length": 10}}` or `{"limits.queue_length": 10}`, as assignments.

As in a JSON merge patch (RFC 7396) the entries of a mapping are merged, and null takes an entry out; null for a key
brings its default back. Names that the client made up are never repeated in a message.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from adapters.configuration.keys import Key, KeyPath
from adapters.configuration.old_keys import moved_path
from adapters.configuration.values import REMOVED, Assignment, assignments, value_at
from stts.errors import Forbidden, InvalidConfiguration


def changes_of(root: Key, body: Mapping[str, Any], now: Mapping[str, Any]) -> list[Assignment]:
    """Raises InvalidConfiguration for keys that do not exist, Forbidden for protected ones."""
    changes = [change for name, value in body.items() for change in _changes(root, root.split(name), value, now)]
    protected = [key.name for path, _ in changes if (key := root.holder(path)[0]).protected]
    if protected:
        raise Forbidden(
            f"Only the file and the environment may set: {', '.join(dict.fromkeys(protected))}. Nothing was changed.",
            param=protected[0],
        )
    return changes


def _changes(root: Key, path: KeyPath, value: Any, now: Mapping[str, Any]) -> Iterator[Assignment]:
    path = moved_path(path)
    key, found = root.at(path)
    if found != path and not key.names:
        raise _unknown(key)
    entry = key.kind == "section" and root.holder(path)[0].kind != "section"
    if entry and value is None:
        yield path, REMOVED
    elif key.kind != "value" and isinstance(value, dict):
        for name, inner in value.items():
            yield from _changes(root, (*path, name), inner, now)
    elif key.kind == "section":
        raise InvalidConfiguration(f"{key.name}: must be a mapping of keys.", param=key.name)
    elif value is not None:
        yield from assignments(key, value, "patch", path)
    elif found == path:
        yield from assignments(key, key.default, "all", path)
    else:
        yield path, REMOVED
    if value is not None:
        yield from _new_entries(root, path, now)


def _new_entries(root: Key, path: KeyPath, now: Mapping[str, Any]) -> Iterator[Assignment]:
    """The entries and items on the way that are not there yet: their mapping says whether they may come."""
    for length in range(1, len(path) + 1):
        key, found = root.at(path[:length])
        if key.kind == "section" and root.holder(found)[0].kind != "section" and value_at(now, found) is None:
            yield found, {}


def _unknown(key: Key) -> InvalidConfiguration:
    if not key.path:
        return InvalidConfiguration("There is no such section.", param="configuration", allowed=list(key.inner))
    allowed = list(key.inner) if key.kind == "section" else None
    return InvalidConfiguration(f"{key.name}: there is no such key.", param=key.name, allowed=allowed)
