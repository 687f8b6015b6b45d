"""Words of a server at a terminal: it finds nothing in them that it would obey."""

from __future__ import annotations

import pytest

from clients.command.terminal import plain, table


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("\x1b]0;title\x07\x1b[31mred", "\\x1b]0;title\\x07\\x1b[31mred"),
        ("over\rwritten", "over\\rwritten"),
        ("\x9b2J", "\\x9b2J"),
        ("two\nlines\tGrüße سلام", "two\nlines\tGrüße سلام"),
    ],
)
def test_control_characters_are_shown(sent: str, shown: str) -> None:
    assert plain(sent) == shown


def test_tables_show_them_too() -> None:
    assert "\x1b" not in table([{"id": "\x1b[2J", "tags": ["\x1b[2J"]}], {"ID": "id", "TAGS": "tags"})
