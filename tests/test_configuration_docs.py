"""Every setting has its line in config.yaml and in docs/configuration.md, with its default and when a change holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.configuration.keys import EACH, Key, key_tree, keys_below
from stts.settings import Settings

ROOT = Path(__file__).parent.parent
FILE = (ROOT / "config.yaml").read_text(encoding="utf-8")
DOCUMENT = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
ROWS = {
    match[1]: match for match in re.finditer(r"^\| `([a-z_.*]+)` \| (.+?) \| (\w+) \| (.+) \|$", DOCUMENT, re.MULTILINE)
}


KEYS = {key.name: key for key in keys_below(key_tree(Settings))}
IN_THE_FILE = {name: key for name, key in KEYS.items() if EACH not in key.path}
"""Entries and items of the operator's own have no line there until they are written."""


def written(values: Any, key: Key) -> Any:
    for name in key.path:
        values = values[name]
    return values


@pytest.mark.parametrize("key", IN_THE_FILE.values(), ids=list(IN_THE_FILE))
def test_a_setting_stands_in_the_file_with_its_default_and_a_comment(key: Key) -> None:
    assert written(yaml.safe_load(FILE), key) == key.default
    mark = " [protected]" if key.protected else " [live]" if key.live else ""
    *sections, name = key.path
    text = f"\n{FILE}"
    for depth, section in enumerate(sections):
        text = text.partition(f"\n{'  ' * depth}{section}:\n")[2]
    margin = "  " * len(sections)
    comment = re.search(rf"(?:^{margin}# (.+)\n)?^{margin}{name}:[^#\n]*(?:# (.+))?$", text, re.MULTILINE)
    assert comment is not None
    said = comment[2] or comment[1]
    assert said is not None
    assert said.endswith(mark) if mark else "[" not in said


@pytest.mark.parametrize("key", KEYS.values(), ids=list(KEYS))
def test_a_setting_stands_in_the_document(key: Key) -> None:
    row = ROWS[key.name]
    value = key.default
    if not (isinstance(value, dict) and value):
        assert yaml.safe_load(row[2].strip("`")) == value
    assert row[3] == ("protected" if key.protected else "live" if key.live else "restart")
    assert row[4] == key.description


def test_neither_names_what_does_not_exist() -> None:
    assert set(ROWS) == set(KEYS)
    assert set(names_in(key_tree(Settings), yaml.safe_load(FILE))) == set(IN_THE_FILE)


def names_in(key: Key, values: dict[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        inner = key.inner.get(name)
        if inner is not None and inner.kind == "section":
            yield from names_in(inner, value)
        else:
            yield ".".join((*key.path, name))
