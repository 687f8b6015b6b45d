"""Prints what a command found: a table or lines for people, JSON for programs. Errors go to the error stream."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import typer

from clients.command.exit_status import CommandFailed
from stts.command_line import plain, tell_failure

GAP = "  "
NARROW = 9
"""Columns of a terminal for each of a table below which its cells would be words of a letter a line."""


def said(text: str) -> str:
    """Text that is printed as it came, but for a terminal."""
    return plain(text) if sys.stdout.isatty() else text


@contextmanager
def explained(as_json: bool) -> Iterator[None]:
    """Ends the command with a line about what went wrong in it."""
    try:
        yield
    except CommandFailed as failed:
        raise typer.Exit(tell_failure(str(failed), failed.status, as_json=as_json)) from failed


def show_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))


def show_table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> None:
    """Prints rows: framed at a terminal, where what is too wide is folded; elsewhere as lines for `grep` and `cut`."""
    if not sys.stdout.isatty():
        print(table(rows, columns))
        return
    if shutil.get_terminal_size().columns < NARROW * len(columns):
        print("\n\n".join(_stacked(row, columns) for row in rows))
        return
    # Rich costs a third of the time that a command takes to start.
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    framed = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in columns:
        framed.add_column(heading, overflow="fold")
    for row in rows:
        framed.add_row(*(Text(_cell(row.get(field))) for field in columns.values()))
    Console().print(framed)


def table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> str:
    """Rows as text; `columns`: heading -> field of a row."""
    lines = [list(columns), *([_cell(row.get(field)) for field in columns.values()] for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
    return "\n".join(
        GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _stacked(row: Mapping[str, Any], columns: Mapping[str, str]) -> str:
    """A row where there is no room for a table: each cell a line, behind its heading."""
    cells = {heading: _cell(row.get(field)) for heading, field in columns.items()}
    return "\n".join(f"{heading.lower()}: {cell}" if heading else cell for heading, cell in cells.items() if cell)


class Progress:
    """How far something is: on a terminal one line that is written over, elsewhere a line at each change."""

    def __init__(self, *, lines: bool) -> None:
        """`lines`: False tells nothing where there is no terminal."""
        self._lines = lines
        self._told: str | None = None

    def tell(self, text: str, rest: str = "") -> None:
        """`rest` stands behind the text, and is no change of it."""
        text = plain(text)
        if sys.stderr.isatty():
            print(f"\r\033[K{text}{rest}", end="", file=sys.stderr, flush=True)
        elif self._lines and text != self._told:
            print(f"{text}{rest}", file=sys.stderr, flush=True)
        self._told = text

    def end(self) -> None:
        """Removes the line that is written over."""
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def show_growing(shown: Progress, text: str) -> None:
    """Words that are being spoken: the end of them, where a line holds no more."""
    shown.tell(text[-(shutil.get_terminal_size().columns - 1) :])


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        shown = ", ".join(map(str, value[:4]))
        return plain(shown if len(value) <= 4 else f"{shown}, ... ({len(value)})")
    return plain(str(value))
