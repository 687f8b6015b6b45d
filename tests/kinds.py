"""Kinds of tests, and which files cannot hold one: they are not even imported where another kind is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

KINDS = ("unit", "socket", "engines", "clients", "images")
"""Markers. Every test has exactly one; `unit` goes without saying."""
SERVERS = frozenset({"server", "whole_server", "served", "guarded", "impatient", "chat", "api"})
"""Fixtures with a server on a socket. A test that opens one itself, or starts a process, is marked `socket`."""

TESTS = Path(__file__).parent
WHOLE_FILE = re.compile(r"^pytestmark = .*$", re.MULTILINE)
FIXTURE = re.compile(r"^@pytest(?:_asyncio)?\.fixture\b[^\n]*\n(?:async )?def (\w+)\(([^)]*)\)", re.MULTILINE)
"""A fixture, and what it asks for."""


def kinds(item: pytest.Item) -> set[str]:
    """The kinds that a test is marked with, by itself, its class or its module."""
    return {mark.name for mark in item.iter_markers()}.intersection(KINDS)


def may_hold(path: Path, kind: str) -> bool:
    """Whether a file of tests may have one of this kind, by its text; a wrong yes costs an import."""
    text = _text(path)
    whole = WHOLE_FILE.search(text)
    if marked := [each for each in KINDS if whole is not None and f"mark.{each}" in whole[0]]:
        return kind in marked
    shared = list(_shared(path))
    if kind == "unit" or any(f"mark.{kind}" in each for each in (text, *shared)):
        return True
    return kind == "socket" and bool(_asked(_with_servers("".join(shared))).search(text))


@cache
def _with_servers(shared: str) -> frozenset[str]:
    """Fixtures with a server, and those of the shared text that ask for one."""
    names = SERVERS
    while more := {name for name, asked in FIXTURE.findall(shared) if _asked(names).search(f"def _({asked})")} - names:
        names |= more
    return names


@cache
def _asked(names: frozenset[str]) -> re.Pattern[str]:
    """One of these as a parameter, or by its name as a string."""
    one = "|".join(sorted(names))
    return re.compile(rf"\bdef \w+\([^)]*\b(?:{one}):|usefixtures\([^)]*\"(?:{one})\"")


def _shared(path: Path) -> Iterator[str]:
    """The texts of what the files of its folders share."""
    for folder in path.parents:
        if folder == TESTS or TESTS not in folder.parents:
            return
        if (shared := folder / "conftest.py").exists():
            yield _text(shared)


@cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
