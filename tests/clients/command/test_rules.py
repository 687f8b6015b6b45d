"""Rules that all commands of `stts` keep: JSON for programs, exit statuses as documented, lines in a pipe."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

import commands.__main__ as operator
from adapters.configuration.adapter import EXIT_STATUS
from clients.command import exit_status
from clients.command.main import app
from clients.command.terminal import table

DOCUMENT = (Path(__file__).parents[3] / "docs" / "command.md").read_text(encoding="utf-8")
WITHOUT_JSON = {
    "desktop": "it becomes a window",
    "serve": "it becomes the server, which writes its log",
    "db": "its commands are those of `python -m commands db`, which are looked at below",
    "keys": "its commands are those of `python -m commands keys`",
    "audit": "its commands are those of `python -m commands audit`",
}


def leaves(command: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Commands that do something, by their words."""
    for name, each in getattr(command, "commands", {}).items():
        if hasattr(each, "commands"):
            yield from leaves(each, f"{path}{name} ")
        else:
            yield f"{path}{name}", each


def all_commands() -> dict[str, Any]:
    own = dict(leaves(typer.main.get_command(app)))
    return own | dict(leaves(typer.main.get_command(operator.app)))


def test_every_command_takes_json() -> None:
    without = {
        name
        for name, command in all_commands().items()
        if not any("--json" in parameter.opts for parameter in command.params)
    }
    assert without == WITHOUT_JSON.keys()


def test_every_command_is_documented() -> None:
    rows = "\n".join(line for line in DOCUMENT.splitlines() if line.startswith("| `"))
    lacking = [name for name in all_commands() if not re.search(rf"`(?:{words(name)})\b", rows)]
    assert lacking == []


def words(name: str) -> str:
    """A command as the document may write it: whole, or its last word behind others of its group in one cell."""
    group, _, last = name.rpartition(" ")
    return name if not group else f"{name}|{last}"


def test_exit_statuses_are_documented() -> None:
    own = {value for name, value in vars(exit_status).items() if name.isupper()}
    documented = {int(found) for found in re.findall(r"^\| (\d+) \|", DOCUMENT, re.MULTILINE)}
    assert documented == own
    assert EXIT_STATUS == exit_status.USAGE


@pytest.mark.parametrize(
    "arguments", [("transcribe",), ("engines", "load"), ("say", "Hello", "--speed", "9"), ("nothing",)]
)
def test_a_wrong_command_line_ends_with_its_own_status(arguments: tuple[str, ...]) -> None:
    assert CliRunner().invoke(app, [*arguments]).exit_code == exit_status.USAGE


def test_ctrl_c_ends_with_its_own_status(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("clients.command.speech.connected", interrupted)
    assert CliRunner().invoke(app, ["voices"]).exit_code == exit_status.INTERRUPTED


def test_tables_are_lines_without_a_terminal() -> None:
    rows: list[dict[str, Any]] = [{"name": "a", "list": ["x", "y"], "yes": True}, {"name": "longer", "yes": False}]
    shown = table(rows, {"NAME": "name", "OF": "list", "IS": "yes"})
    assert shown.splitlines() == ["NAME    OF    IS", "a       x, y  yes", "longer        no"]
