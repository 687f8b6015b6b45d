"""Every page of the documentation stands in the navigation of its site."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from tests.docs.blocks import ROOT


def named(entry: Any) -> Iterator[str]:
    if isinstance(entry, str):
        yield entry
    for inner in entry.values() if isinstance(entry, dict) else entry if isinstance(entry, list) else ():
        yield from named(inner)


def test_every_page_can_be_reached() -> None:
    navigation = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    pages = [str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")]
    assert sorted(named(navigation)) == sorted(pages)
