"""A PATCH body: `{"limits": {"queue_length": 10}}` or `{"limits.queue_length": 10}`, as values over those of now.

As in a JSON merge patch (RFC 7396) the entries of a mapping are merged, and null takes an entry out; null for a key
brings its default back. Names that the client made up are never repeated in a message.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.configuration.keys import Key, KeyPath
from adapters.configuration.old_keys import moved_values
from adapters.configuration.values import REMOVED, Whole, by_path, merged, placed, value_at
from stts.errors import Forbidden, InvalidConfiguration


@dataclass(frozen=True, slots=True)
class Change:
    key: Key
    path: KeyPath
    """The path of the key, or of an entry that comes or goes."""
    value: Any

    def leaves(self) -> list[KeyPath]:
        """The paths of all that the change names: the key itself, or entries of a mapping."""
        return list(_leaves(self.path, self.value))


def changes_of(root: Key, body: Mapping[str, Any], now: Mapping[str, Any]) -> list[Change]:
    """Raises InvalidConfiguration for keys that do not exist, Forbidden for protected ones."""
    nested: dict[str, Any] = {}
    for name, value in body.items():
        nested = merged(nested, placed({}, root.split(name), value))
    changes = list(_changes(root, (), moved_values(nested)[0], now))
    protected = [change.key.name for change in changes if change.key.protected]
    if protected:
        raise Forbidden(
            f"Only the file and the environment may set: {', '.join(protected)}. Nothing was changed.",
            param=protected[0],
        )
    return changes


def changed(values: Mapping[str, Any], changes: list[Change]) -> dict[str, Any]:
    """The values with the changes over them."""
    result = dict(values)
    for change in changes:
        result = merged(result, placed({}, change.path, change.value))
    return result


def outermost(root: Key, path: KeyPath) -> KeyPath:
    """The path up to the first key that is no plain section: what is checked and saved as one."""
    length = next(length for length in range(1, len(path) + 1) if root.at(path[:length])[0].kind != "section")
    return path[:length]


def _changes(key: Key, path: KeyPath, value: Any, now: Any) -> Iterator[Change]:
    if key.kind == "value":
        yield Change(key, path, _new_value(key, value))
    elif key.kind != "section" and (value is None or isinstance(value, list)):
        yield Change(key, path, _new_value(key, value))
        for place, item in enumerate(value or ()):
            yield from _changes(key.inner["*"], (*path, str(place)), item, {})
    elif not isinstance(value, dict):
        raise InvalidConfiguration(f"{key.name}: must be a mapping of keys.", param=key.name)
    else:
        for name, entry in value.items():
            yield from _inner_changes(key, (*path, name), entry, value_at(now, (name,)))


def _inner_changes(key: Key, path: KeyPath, value: Any, now: Any) -> Iterator[Change]:
    inner = key.child(path[-1])
    if inner is None or (key.kind == "items" and not path[-1].isdecimal()):
        raise _unknown(key)
    if key.kind == "section":
        yield from _changes(inner, path, value, now)
    elif value is None:
        yield Change(key, path, REMOVED)
    else:
        if now is None:
            yield Change(key, path, {})
        yield from _changes(inner, path, value, now)


def _new_value(key: Key, value: Any) -> Any:
    """Null is the default. A default mapping takes the place of what is there now."""
    if value is not None:
        return by_path(key, value, null_removes=True)
    default = by_path(key, key.default)
    return Whole(default) if isinstance(default, dict) else default


def _unknown(key: Key) -> InvalidConfiguration:
    if not key.path:
        return InvalidConfiguration("There is no such section.", param="configuration", allowed=list(key.inner))
    allowed = list(key.inner) if key.kind == "section" else None
    return InvalidConfiguration(f"{key.name}: there is no such key.", param=key.name, allowed=allowed)


def _leaves(path: KeyPath, value: Any) -> Iterator[KeyPath]:
    if not isinstance(value, dict) or not value:
        yield path
        return
    for name, entry in value.items():
        yield from _leaves((*path, name), entry)
