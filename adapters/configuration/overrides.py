"""The file of changes made over HTTP. It lies under `storage.root`; the operator's own file is never written.

Its values go over those of config.yaml, as a merge patch (RFC 7396): null takes an entry out of a mapping.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from adapters.configuration.keys import Key, KeyPath
from adapters.configuration.sources import Layer, file_layer
from adapters.configuration.values import REMOVED, with_nulls
from stts.errors import InvalidConfiguration
from stts.storage.files.atomic import replace_file
from stts.storage.files.failures import told_disk_errors

OVERRIDES = "overrides.yaml"

_HEADER = """\
# Changes made over HTTP (PATCH /config). They go over config.yaml; .env and the environment go over them.
# The server writes this file anew with each change. Take an entry out to have the value of config.yaml again.
"""


def read_overrides(root: Key, path: Path) -> Layer:
    """Blocking. Raises InvalidConfiguration for a file that cannot be read, or sets what only the operator may set."""
    layer = file_layer(root, path, "runtime")
    for key, found in _keys_of(root, layer.values, ()):
        if key.protected:
            name = ".".join(found)
            raise InvalidConfiguration(
                f"{layer.place(found)}: {name}: only the configuration file and the environment may set this",
                param=name,
            )
    return layer


def write_overrides(path: Path, values: Mapping[str, Any]) -> None:
    """Blocking. Raises StorageFull and StorageFailed, and changes nothing then."""
    with told_disk_errors():
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, (_HEADER + _text(with_nulls(values))).encode())


def _text(values: Mapping[str, Any]) -> str:
    """The parser reads some control characters in another way than they are written, unless they are escaped."""
    if not values:
        return ""
    text: str = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    return text if text.replace("\n", "").isprintable() else yaml.safe_dump(values, sort_keys=False)


def _keys_of(key: Key, value: Any, path: KeyPath) -> Iterator[tuple[Key, KeyPath]]:
    """The keys of which something is said."""
    if key.kind == "value" or not isinstance(value, dict):
        yield key, path
        return
    for name, entry in value.items():
        inner = key if entry is REMOVED else key.child(name)
        if inner is not None:
            yield from _keys_of(inner, entry, (*path, name))
