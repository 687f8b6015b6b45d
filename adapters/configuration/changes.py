"""A PATCH body: `{"limits": {"queue_length": 10}}` or `{"limits.queue_length": 10}`, as new values of keys.

As in a JSON merge patch (RFC 7396) the entries of a mapping are merged, and null takes an entry out; null for a key
brings its default back. Names that the client made up are never repeated in a message.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from adapters.configuration.keys import KEYS, Key, KeyPath, section_fields
from adapters.configuration.sources import Layer, deep_merged
from stts.errors import Forbidden, InvalidConfiguration
from stts.settings import Settings

_DEEPEST = 3
"""Dots in `openai.voices.espeak.alloy`; what follows belongs to the last name."""


def changes_of(body: Mapping[str, Any]) -> dict[Key, Any]:
    """Raises InvalidConfiguration for keys that do not exist, Forbidden for protected ones."""
    changes = dict(_changes(_expanded(body)))
    protected = [key.name for key in changes if key.protected]
    if protected:
        raise Forbidden(
            f"Only the file and the environment may set: {', '.join(protected)}. Nothing was changed.",
            param=protected[0],
        )
    return changes


def changed_layer(changes: Mapping[Key, Any], file: Layer) -> Layer:
    """The values that the changed keys are to have, whole mappings included."""
    values: dict[str, Any] = {}
    for key, change in changes.items():
        values.setdefault(key.section, {})[key.field] = _new_value(key, change, file)
    return Layer("runtime", values)


def changed_paths(key: Key, change: Any) -> list[KeyPath]:
    """What the change names: the key itself, or the entries of a mapping."""
    return list(_leaves((key.section, key.field), change))


def _expanded(body: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted names as nested mappings."""
    nested: dict[str, Any] = {}
    for name, value in body.items():
        first, *inner = name.split(".", _DEEPEST)
        for part in reversed(inner):
            value = {part: value}
        nested = deep_merged(nested, {first: value})
    return nested


def _changes(nested: Mapping[str, Any]) -> Iterator[tuple[Key, Any]]:
    for section, fields in nested.items():
        if section not in Settings.model_fields:
            allowed = list(Settings.model_fields)
            raise InvalidConfiguration("There is no such section.", param="configuration", allowed=allowed)
        if not isinstance(fields, dict):
            raise InvalidConfiguration(f"{section}: must be a mapping of keys.", param=section)
        for field, value in fields.items():
            key = KEYS.get(f"{section}.{field}")
            if key is None:
                allowed = list(section_fields(section))
                raise InvalidConfiguration(f"{section}: there is no such key.", param=section, allowed=allowed)
            yield key, value


def _new_value(key: Key, change: Any, file: Layer) -> Any:
    default = key.of(Settings())
    if change is None:
        return default
    if key.mapping and isinstance(change, dict):
        below = file.values.get(key.section, {}).get(key.field)
        return _patched(below if isinstance(below, dict) else default, change)
    return change


def _patched(base: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for name, value in patch.items():
        under = result.get(name)
        if value is None:
            result.pop(name, None)
        elif isinstance(under, dict) and isinstance(value, dict):
            result[name] = _patched(under, value)
        else:
            result[name] = value
    return result


def _leaves(path: KeyPath, value: Any) -> Iterator[KeyPath]:
    if not isinstance(value, dict):
        yield path
        return
    for name, entry in value.items():
        yield from _leaves((*path, name), entry)
