"""Keys that name on whose behalf they ask, made as docs/access.md says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.docs.blocks import blocks

Stts = Callable[..., tuple[int, Any]]


def test_the_documented_command_makes_a_key_with_subjects(stts: Stts) -> None:
    (block,) = [each for each in blocks() if each.run_by == "tests/commands/test_subjects.py"]
    program, *words = block.code.split()
    assert program == "stts"
    made = stts(*words)[1]
    assert made["subjects"] == {"requests_per_minute": 20, "characters_per_day": 20_000}
    told = stts("audit", "list", "--action", "key.create")[1]
    assert told[0]["details"]["subjects"] == {"limits": made["subjects"]}


def test_subjects_without_limits_differ_from_none(stts: Stts) -> None:
    assert stts("keys", "create", "--name", "unlimited", "--subject", "any")[1]["subjects"] == {}
    assert stts("keys", "create", "--name", "laptop")[1]["subjects"] is None


def test_what_is_no_limit_is_refused(stts: Stts) -> None:
    for wrong in ("nosuch=1", "characters_per_day", "characters_per_day=many"):
        assert stts("keys", "create", "--subject", wrong)[0] != 0
