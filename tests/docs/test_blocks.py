"""Every block of code in the documentation is run by a test, or says why it is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.blocks import LATER, OUTPUT, PAGES, ROOT, Block, blocks, blocks_of

RUN_HERE = ("sh", "python", "yaml", "toml", "json")
"""Languages whose blocks the tests beside this one run."""
COMMAND = re.compile(r"^\s*(\.venv/bin/|curl |stts |make |pip |python |docker |apt|export |\$ )", re.MULTILINE)

LOOKED_AT = [block for block in blocks() if block.page not in LATER]


def ids(block: Block) -> str:
    return block.place


@pytest.mark.parametrize("block", LOOKED_AT, ids=ids)
def test_a_block_is_run_or_says_why_not(block: Block) -> None:
    if block.language in OUTPUT:
        assert not COMMAND.search(block.code), "commands stand in a block of `sh`"
    elif block.run_by:
        test = ROOT / block.run_by
        assert test.is_file(), f"there is no {block.run_by}"
        name = Path(block.page).name
        assert name in test.read_text(encoding="utf-8"), f"{block.run_by} does not read {name}"
    elif block.remark:
        assert len(block.not_run) > 10, f"says neither who runs it nor why nobody does: {block.remark}"
    else:
        assert block.language in RUN_HERE, f"nothing here runs `{block.language}`"


def test_remarks_stand_before_blocks(tmp_path: Path) -> None:
    """One that is not before a block would excuse nothing, and look as if it did."""
    for page in PAGES:
        said = len(re.findall(r"<!-- (?:not run:|run by )", page.read_text(encoding="utf-8")))
        assert said == sum(bool(block.remark) for block in blocks_of(page)), page.name
