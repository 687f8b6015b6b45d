"""Every setting has its line in config.yaml and in docs/configuration.md, with its default and when a change holds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.configuration.keys import KEYS, Key
from stts.settings import Settings

ROOT = Path(__file__).parent.parent
FILE = (ROOT / "config.yaml").read_text(encoding="utf-8")
DOCUMENT = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
ROWS = {
    match[1]: match for match in re.finditer(r"^\| `([a-z_.]+)` \| (.+?) \| (\w+) \| (.+) \|$", DOCUMENT, re.MULTILINE)
}


def default(key: Key) -> Any:
    value = key.of(Settings())
    return list(value) if isinstance(value, tuple) else value


@pytest.mark.parametrize("key", KEYS.values(), ids=list(KEYS))
def test_a_setting_stands_in_the_file_with_its_default_and_a_comment(key: Key) -> None:
    assert yaml.safe_load(FILE)[key.section][key.field] == default(key)
    mark = " [live]" if key.live else " [protected]" if key.protected else ""
    section = FILE.partition(f"\n{key.section}:\n")[2]
    comment = re.search(rf"(?:^  # (.+)\n)?^  {key.field}:[^#\n]*(?:# (.+))?$", section, re.MULTILINE)
    assert comment is not None
    text = comment[2] or comment[1]
    assert text is not None
    assert text.endswith(mark) if mark else "[" not in text


@pytest.mark.parametrize("key", KEYS.values(), ids=list(KEYS))
def test_a_setting_stands_in_the_document(key: Key) -> None:
    row = ROWS[key.name]
    value = default(key)
    if not (isinstance(value, dict) and value):
        assert yaml.safe_load(row[2].strip("`")) == value
    assert row[3] == ("protected" if key.protected else "live" if key.live else "restart")
    assert row[4] == key.description


def test_neither_names_what_does_not_exist() -> None:
    assert set(ROWS) == set(KEYS)
    written = {f"{section}.{name}" for section, keys in yaml.safe_load(FILE).items() for name in keys}
    assert written == set(KEYS)
