"""Where values come from: the file, changes over HTTP, `.env` and the environment, each one layer over the defaults."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from dotenv.parser import Original, parse_stream

from adapters.configuration.document import read_document
from adapters.configuration.keys import Key, KeyPath
from adapters.configuration.old_keys import moved_path, moved_values
from adapters.configuration.values import by_path, merged, placed
from stts.errors import InvalidConfiguration

Source = Literal["default", "file", "dotenv", "environment", "runtime"]

PREFIX = "STTS_"
DELIMITER = "__"


@dataclass(frozen=True, slots=True)
class Layer:
    source: Source
    values: dict[str, Any] = field(default_factory=dict)
    """Nested by path, as `by_path` makes them."""
    places: dict[KeyPath, str] = field(default_factory=dict)
    """Where a value stands, for people. What a client sends stands nowhere."""
    moved: dict[KeyPath, str] = field(default_factory=dict)
    """Old paths that were used, and where."""

    def place(self, path: KeyPath) -> str | None:
        """The place of the value, else of a part of it, else of the nearest thing it is in."""
        for length in range(len(path), 0, -1):
            for known, place in self.places.items():
                if known[:length] == path[:length]:
                    return place
        return None

    def has(self, path: KeyPath) -> bool:
        """Whether this layer says something about the value, or about a part of it."""
        value: Any = self.values
        for name in path:
            if not isinstance(value, dict):
                return True
            if name not in value:
                return False
            value = value[name]
        return True


def file_layer(root: Key, path: Path, source: Literal["file", "runtime"] = "file") -> Layer:
    """Blocking. Raises InvalidConfiguration for a file that cannot be read; a missing one is empty."""
    document = read_document(path)
    values, old = moved_values(document.values)
    places = {moved_path(key): f"{path.name}, line {line}" for key, line in document.lines.items()}
    return Layer(
        source,
        by_path(root, values, null_removes=source == "runtime"),
        places,
        {key: f"{path.name}, line {document.lines[key]}" for key in old},
    )


def environment_layer(root: Key, environ: Mapping[str, str]) -> Layer:
    """Raises InvalidConfiguration for a variable of no section, or one that is not valid JSON where it must be."""
    variables = ((name, value, f"environment variable {name}") for name, value in environ.items())
    return _variables_layer(root, "environment", variables)


def dotenv_layer(root: Key, path: Path | None) -> Layer:
    """Blocking. Raises InvalidConfiguration for a file that cannot be read; a missing one is empty."""
    if path is None:
        return Layer("dotenv")
    try:
        with path.open(encoding="utf-8-sig") as stream:
            bindings = list(parse_stream(stream))
    except FileNotFoundError:
        return Layer("dotenv")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidConfiguration(f"{path.name}: cannot be read as UTF-8 text") from error
    variables = []
    for binding in bindings:
        place = f"{path.name}, line {_line(binding.original)}"
        if binding.error:
            raise InvalidConfiguration(f"{place}: is not NAME=VALUE")
        if binding.key and binding.value is not None:
            variables.append((binding.key, binding.value, place))
    return _variables_layer(root, "dotenv", variables)


def _line(original: Original) -> int:
    """The parser counts the empty lines above as part of a binding."""
    text = original.string
    return original.line + text[: len(text) - len(text.lstrip())].count("\n")


def _variables_layer(root: Key, source: Source, variables: Iterable[tuple[str, str, str]]) -> Layer:
    layer = Layer(source)
    values: dict[str, Any] = {}
    for name, text, place in variables:
        named = _path(root, name)
        if named is None or not text:
            continue
        path = moved_path(named)
        if path[0] not in root.inner:
            raise InvalidConfiguration(f"{place}: there is no such section; allowed: {', '.join(root.inner)}")
        try:
            value = _value(root, path, text)
        except ValueError:
            raise InvalidConfiguration(f"{place}: is not valid JSON") from None
        values = merged(values, placed({}, path, value))
        layer.places[path] = place
        if path != named:
            layer.moved[named] = place
    layer.values.update(values)
    return layer


def _path(root: Key, name: str) -> KeyPath | None:
    """A name without the delimiter is none of ours: container platforms make such (`STTS_PORT=tcp://...`)."""
    if not name.upper().startswith(PREFIX):
        return None
    path = tuple(name[len(PREFIX) :].lower().split(DELIMITER))
    named = root.inner.get(path[0])
    return path if len(path) > 1 or (named is not None and named.kind != "section") else None


def _value(root: Key, path: KeyPath, text: str) -> Any:
    """Mappings are JSON, lists JSON or words with commas; the model reads everything else. Raises ValueError."""
    key, found = root.at(path)
    below = len(path) - len(found)
    if below:
        return _parsed_or_text(text) if below < key.names else text
    if key.kind == "value" and isinstance(key.default, list) and not text.lstrip().startswith("["):
        return [part.strip() for part in text.split(",") if part.strip()]
    if key.kind != "value" or key.names or isinstance(key.default, list):
        return by_path(key, json.loads(text))
    return text


def _parsed_or_text(text: str) -> Any:
    """An entry that should be a mapping; the model says so where it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return text
