"""A YAML file as values and the line of each. No message repeats a text of the file: it may be a secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from adapters.configuration.keys import KeyPath
from stts.errors import InvalidConfiguration

_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
"""The same in C takes 2 ms of a start instead of 45."""
_QUOTED = re.compile(r"'(?!<)[^']*'|\"[^\"]*\"")

_PLAIN = re.compile(r"[a-z][a-z0-9_]{0,63}")
"""Names that settings have: what else stands in the place of a key may be a secret."""


@dataclass(frozen=True, slots=True)
class Document:
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[KeyPath, int] = field(default_factory=dict)
    """Counted from 1; an item of a list stands at its place, counted from 0."""


def read_document(path: Path) -> Document:
    """Raises InvalidConfiguration for a file that cannot be read or is not made of sections; a missing one is empty."""
    try:
        return _parsed(path.read_bytes().decode("utf-8-sig"), path.name)
    except FileNotFoundError:
        return Document()
    except UnicodeDecodeError:
        raise InvalidConfiguration(f"{path.name}: is not UTF-8 text") from None
    except OSError as error:
        raise InvalidConfiguration(f"{path.name}: cannot be read ({error.strerror})") from error


def _parsed(text: str, name: str) -> Document:
    try:
        loader = _LOADER(text)
        root = loader.get_single_node()
        lines = dict(_lines(root, name, ())) if root is not None else {}
        values = loader.construct_document(root) if root is not None else {}
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{name}, line {min(mark.line, text.count(chr(10))) + 1}" if mark else name
        problem = _QUOTED.sub("…", error.problem or "cannot be understood")
        raise InvalidConfiguration(f"{place}: not valid YAML: {problem}") from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise InvalidConfiguration(f"{name}: not valid YAML") from None
    if not isinstance(values, dict | None):
        raise InvalidConfiguration(f"{name}, line 1: must be a mapping of sections")
    return Document(values or {}, lines)


def _lines(node: yaml.Node, name: str, path: KeyPath) -> Iterator[tuple[KeyPath, int]]:
    if isinstance(node, yaml.SequenceNode):
        for place, item in enumerate(node.value):
            yield (*path, str(place)), item.start_mark.line + 1
            yield from _lines(item, name, (*path, str(place)))
        return
    if not isinstance(node, yaml.MappingNode):
        return
    seen: dict[str, int] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode) or key.tag != "tag:yaml.org,2002:str":
            raise InvalidConfiguration(f"{name}, line {line}: a key must be text; put it in quotes")
        if key.value in seen:
            key_name = ".".join((*path, key.value)) if _PLAIN.fullmatch(key.value) else "this key"
            raise InvalidConfiguration(
                f"{name}, line {line}: {key_name} stands in line {seen[key.value]} already: write both into one place"
            )
        seen[key.value] = line
        yield (*path, key.value), line
        yield from _lines(value, name, (*path, key.value))
