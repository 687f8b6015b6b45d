"""The fenced blocks of the documentation, each with who runs it, or why nobody does.

A comment before a block says so: `<!-- not run: needs a GPU -->`, `<!-- run by tests/test_examples.py -->`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
GENERATED = ROOT / "docs" / "reference"
"""The pages that are written from the code, whose tests write them anew."""
LATER: frozenset[str] = frozenset()
"""Pages whose blocks are not looked at yet. The list only shrinks."""
OUTPUT = ("text", "mermaid")
"""Languages of lines that a program prints, and of drawings: shown and not run."""

FENCE = re.compile(
    r"(?:^[ ]*<!-- (?P<remark>[^\n]*?) -->\n+)?^(?P<margin>[ ]*)```(?P<language>[\w-]*)[^\n]*\n"
    r"(?P<code>.*?)^[ ]*```[ ]*$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    page: str
    """Its path below the root, without the folder `docs`."""
    line: int
    language: str
    code: str
    remark: str
    """The comment before it."""

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def not_run(self) -> str:
        """The reason why it is not run."""
        return self.remark.partition("not run:")[2].strip()

    @property
    def run_by(self) -> str:
        """The file of the test that runs it, where that is not one of these."""
        return self.remark.partition("run by ")[2].strip()

    @property
    def is_run_here(self) -> bool:
        return not self.remark and self.language not in OUTPUT


@cache
def blocks() -> tuple[Block, ...]:
    return tuple(block for page in PAGES if GENERATED not in page.parents for block in blocks_of(page))


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    name = str(page.relative_to(ROOT)).removeprefix("docs/")
    found = []
    for match in FENCE.finditer(text):
        margin = len(match["margin"])
        code = "".join(line[margin:] for line in match["code"].splitlines(keepends=True))
        line = text.count("\n", 0, match.start("margin")) + 1
        found.append(Block(name, line, match["language"], code, match["remark"] or ""))
    return found


def those_in(*languages: str) -> list[Block]:
    """Blocks in these languages that are to be run here."""
    return [
        block for block in blocks() if block.page not in LATER and block.is_run_here and block.language in languages
    ]
