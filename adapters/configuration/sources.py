"""Sources of values: the file, changes over HTTP, `.env` and the environment, each one layer over the defaults."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from dotenv.parser import Original, parse_stream

from adapters.configuration.document import read_document
from adapters.configuration.keys import Key, KeyPath
from adapters.configuration.old_keys import moved_path, renamed_value
from adapters.configuration.value_files import named_file, value_in
from adapters.configuration.values import EMPTIED, Assignment, assignments
from stts.errors import InvalidConfiguration

Source = Literal["default", "file", "dotenv", "environment", "runtime"]

PREFIX = "STTS_"
DELIMITER = "__"


@dataclass(frozen=True, slots=True)
class Layer:
    source: Source
    values: tuple[Assignment, ...] = ()
    places: dict[KeyPath, str] = field(default_factory=dict)
    """Key -> place of its value, for people. Values sent by a client have none."""
    moved: dict[KeyPath, str] = field(default_factory=dict)
    """Old paths that were used, and where."""
    renamed: dict[KeyPath, str] = field(default_factory=dict)
    """Paths at which an old value stood, and that value."""

    def place(self, path: KeyPath) -> str | None:
        """The place of the value, else of a part of it, else of the nearest thing it is in."""
        for length in range(len(path), 0, -1):
            for known, place in self.places.items():
                if known[:length] == path[:length]:
                    return place
        return None

    def has(self, path: KeyPath) -> bool:
        """True if this layer says something about the value, or about a part of it."""
        return any(
            path[: len(known)] == known[: len(path)] and (len(known) >= len(path) or value not in ({}, EMPTIED))
            for known, value in self.values
        )


def file_layer(root: Key, path: Path, source: Literal["file", "runtime"] = "file") -> Layer:
    """Blocking. Raises InvalidConfiguration for a file that cannot be read; a missing one is empty."""
    document = read_document(path)
    places = {known: f"{path.name}, line {line}" for known, line in document.lines.items()}
    values = assignments(root, document.values, "patch" if source == "runtime" else "all")
    return _layer(source, values, places)


def _layer(source: Source, values: Iterable[Assignment], places: Mapping[KeyPath, str]) -> Layer:
    """The values by the names that hold today; where a key has both its names, the new one wins."""
    ordered = sorted(values, key=lambda each: moved_path(each[0]) == each[0])
    moved = [(moved_path(path), value) for path, value in ordered]
    return Layer(
        source,
        tuple((path, renamed_value(path, value)) for path, value in moved),
        {moved_path(path): place for path, place in places.items()},
        {path: place for path, place in places.items() if moved_path(path) != path},
        {path: value for path, value in moved if renamed_value(path, value) != value},
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
    values: list[Assignment] = []
    places: dict[KeyPath, str] = {}
    from_files: set[KeyPath] = set()
    for name, text, place in variables:
        path = _path(root, name)
        if path is None or not text:
            continue
        if path[0] not in root.inner:
            raise InvalidConfiguration(f"{place}: there is no such section; allowed: {', '.join(root.inner)}")
        if (named := named_file(root, path)) is not None:
            path, text, place = named, value_in(text, place), f"{place}, file {text}"
            from_files.add(path)
        if path in from_files and path in places:
            raise InvalidConfiguration(f"{place}: the same key is set twice, by value and by file")
        try:
            values += _values(root, path, text)
        except ValueError:
            raise InvalidConfiguration(f"{place}: is not valid JSON") from None
        places[path] = place
    return _layer(source, values, places)


def _path(root: Key, name: str) -> KeyPath | None:
    """A name without the delimiter is none of ours: container platforms make such (`STTS_PORT=tcp://...`)."""
    if not name.upper().startswith(PREFIX):
        return None
    path = tuple(name[len(PREFIX) :].lower().split(DELIMITER))
    named = root.inner.get(path[0])
    return path if len(path) > 1 or (named is not None and named.kind != "section") else None


def _values(root: Key, path: KeyPath, text: str) -> Iterator[Assignment]:
    """Mappings are JSON, lists JSON or words with commas; the model reads everything else. Raises ValueError."""
    key, found = root.at(moved_path(path))
    below = len(path) - len(found)
    value: Any = text
    if below:
        value = _parsed_or_text(text) if below < key.names else text
    elif isinstance(key.default, list) and key.kind == "value" and not text.lstrip().startswith("["):
        value = [part.strip() for part in text.split(",") if part.strip()]
    elif key.kind != "value" or key.names or isinstance(key.default, list):
        value = json.loads(text)
    return assignments(key, value, "more", path)


def _parsed_or_text(text: str) -> Any:
    """An entry that should be a mapping; the model says so where it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return text
