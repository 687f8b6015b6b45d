"""config.yaml as values and the line of each. No message repeats a text of the file: it may be a secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from adapters.configuration.keys import KeyPath
from stts.errors import InvalidConfiguration

_QUOTED = re.compile(r"'(?!<)[^']*'|\"[^\"]*\"")


@dataclass(frozen=True, slots=True)
class Document:
    text: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    """Section -> key -> value; a section without keys is empty."""
    lines: dict[KeyPath, int] = field(default_factory=dict)
    """Counted from 1."""


def read_document(path: Path) -> Document:
    """Raises InvalidConfiguration for a file that cannot be read or is not made of sections; a missing one is empty."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return Document()
    except UnicodeDecodeError:
        raise InvalidConfiguration(f"{path.name}: is not UTF-8 text") from None
    except OSError as error:
        raise InvalidConfiguration(f"{path.name}: cannot be read ({error.strerror})") from error
    return parse_document(text, path.name)


def parse_document(text: str, name: str) -> Document:
    try:
        root = compose(text)
        lines = dict(_lines(root, name, ())) if root is not None else {}
        values = yaml.load(text, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{name}, line {mark.line + 1}" if mark else name
        problem = _QUOTED.sub("…", error.problem or "cannot be understood")
        raise InvalidConfiguration(f"{place}: not valid YAML: {problem}") from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise InvalidConfiguration(f"{name}: not valid YAML") from None
    if values is None:
        return Document(text)
    if not isinstance(values, dict):
        raise InvalidConfiguration(f"{name}, line 1: must be a mapping of sections")
    for section, keys in values.items():
        if not isinstance(keys, dict | None):
            raise InvalidConfiguration(f"{name}, line {lines[section,]}: {section}: must be a mapping of keys")
    return Document(text, {section: keys or {} for section, keys in values.items()}, lines)


def compose(text: str) -> yaml.Node | None:
    """The tree of nodes, each with its place in the text."""
    node: yaml.Node | None = yaml.compose(text, yaml.SafeLoader)
    return node


def _lines(node: yaml.Node, name: str, path: KeyPath) -> Iterator[tuple[KeyPath, int]]:
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode) or key.tag != "tag:yaml.org,2002:str":
            raise InvalidConfiguration(f"{name}, line {line}: a key must be text; put it in quotes")
        if key.value in seen:
            raise InvalidConfiguration(f"{name}, line {line}: this key stands here twice")
        seen.add(key.value)
        yield (*path, key.value), line
        yield from _lines(value, name, (*path, key.value))
