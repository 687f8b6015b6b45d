"""Words of a server at a terminal: it finds nothing in them that it would obey."""

from __future__ import annotations

import pytest

from clients.command.terminal import show_table, table
from stts.command_line import plain


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


def test_a_row_is_lines_where_there_is_no_room_for_a_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "20")
    columns = {"ENGINE": "name", "RUNS IN": "runs_in", "LICENCE": "licence"}
    show_table([{"name": "hibari", "runs_in": "process"}, {"name": "\x1b[2J", "licence": "MIT"}], columns)
    assert capsys.readouterr().out == "engine: hibari\nruns in: process\n\nengine: \\x1b[2J\nlicence: MIT\n"
