"""Docstrings are sentences that a stranger can search for: none begins as a clause without a subject."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
TREE = (
    "stts",
    "engines",
    "adapters",
    "middleware",
    "routers",
    "embedded",
    "server_v2.py",
    "clients",
    "benchmarks",
    "examples",
    "tests",
)
FRAGMENTS = ("Of ", "What ", "Who ")

DESCRIPTIONS = (
    "What a client may say about one exchange.",
    "What a client may say about speech. Fields beyond these are the engine's own parameters.",
    "What each voice was used for.",
    "What each format was used for.",
    "What each event of /analytics/live holds.",
    "What a PATCH with this body would do.",
    "What the file is, is found out from its content. A reference is a voice by its name from now on.",
)
"""Docstrings that clients read in the API document, and so stay as they are."""


def docstrings(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of every string that stands alone: docstrings, and those below attributes."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.lineno, node.value.value


def fragments() -> dict[str, str]:
    """Place -> first line, of each docstring that begins as a fragment."""
    files = [
        path for top in TREE for path in ([ROOT / top] if top.endswith(".py") else sorted((ROOT / top).rglob("*.py")))
    ]
    return {
        f"{path.relative_to(ROOT).as_posix()}:{line}": text.splitlines()[0]
        for path in files
        for line, text in docstrings(path)
        if text.startswith(FRAGMENTS)
    }


def test_docstrings_have_a_subject() -> None:
    found = fragments()
    assert {place: text for place, text in found.items() if text not in DESCRIPTIONS} == {}
    assert set(found.values()) == set(DESCRIPTIONS), "delete from DESCRIPTIONS what is gone"
