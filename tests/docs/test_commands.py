"""Every command of the documentation, run as it stands, page by page and in the order of the page."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from tests.docs.blocks import Block, blocks, those_in
from tests.docs.console import Console
from tests.docs.samples import PATTERNS
from tests.docs.test_blocks import ids
from tests.docs.variables import is_environment
from tests.server import RunningServer

pytestmark = [pytest.mark.clients, pytest.mark.usefixtures("programs")]

COMMANDS = [block for block in those_in("sh") if not is_environment(block)]
BEFORE = {
    "dictionaries.md": "curl -F file=@anna.wav -F name=Ann -F consent=Ann http://127.0.0.1:8000/v1/voices",
    "jobs.md": "curl -F file=@one.mp3 -F kind=uploads http://127.0.0.1:8000/files",
}
"""Commands that a page takes for granted."""
ANSWERS = [
    (before, block)
    for before, block in pairwise(blocks())
    if before in COMMANDS and block.language == "json" and before.page == block.page
    if block.line == before.line + before.code.count("\n") + 2
]
"""Commands, and the block right behind that shows what they answer."""


@pytest.mark.parametrize("page", sorted({block.page for block in COMMANDS}))
def test_the_commands_of_a_page(page: str, files: Path, documented: RunningServer) -> None:
    console = Console(files, documented.url, PATTERNS)
    if page in BEFORE:
        console.run(BEFORE[page])
    shown = dict(ANSWERS)
    for block in COMMANDS:
        if block.page == page:
            console.run(block.code)
            if block in shown:
                assert keys_of(shown[block].code) == keys_of(console.printed[-2]), shown[block].place


def keys_of(text: str) -> set[str]:
    answer = json.loads(text)
    assert isinstance(answer, dict)
    return set(answer)


@pytest.mark.parametrize("block", those_in("json"), ids=ids)
def test_a_block_of_json_can_be_read(block: Block) -> None:
    assert json.loads(block.code)
