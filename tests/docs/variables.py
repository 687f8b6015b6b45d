"""Blocks that set variables for the server, and run nothing."""

from __future__ import annotations

import re

from tests.docs.blocks import Block

LINE = re.compile(r"STTS_\w+=(?:'[^']*'|\S+)\s*(?:#.*)?|#.*|")


def is_environment(block: Block) -> bool:
    return block.language == "sh" and all(LINE.fullmatch(line) for line in block.code.splitlines())
