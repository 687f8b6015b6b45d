"""A failure of a command is one line for people and JSON for programs, whatever it is."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from stts.command_line import (
    CLOSED_PIPE,
    INTERRUPTED,
    REFUSED,
    UNFORESEEN,
    UNREACHED,
    USAGE,
    CommandFailed,
    CommandLine,
)


def run(work: Callable[[], object], *arguments: str) -> Result:
    app = typer.Typer(cls=CommandLine, pretty_exceptions_enable=False)

    @app.command()
    def one(as_json: bool = typer.Option(False, "--json"), speed: float = typer.Option(1.0, max=4)) -> None:
        work()

    @app.command()
    def other() -> None: ...

    return CliRunner().invoke(app, [*arguments])


def fails(error: BaseException) -> Callable[[], object]:
    def work() -> None:
        raise error

    return work


FULL = OSError(errno.ENOSPC, "No space left on device")
FAILURES = [
    (CommandFailed("No such thing.", REFUSED), REFUSED, "No such thing."),
    (FULL, REFUSED, "The standard output cannot be written: No space left on device."),
    (OSError(errno.ENAMETOOLONG, "File name too long", "aaa.wav"), REFUSED, "aaa.wav: File name too long."),
    (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), UNREACHED, "broke off"),
    (UnicodeEncodeError("utf-8", "a\udcff", 1, 2, "surrogates not allowed"), USAGE, "no text in UTF-8"),
    (KeyError("tiers"), UNFORESEEN, "KeyError: 'tiers' (test_command_line.py"),
]


@pytest.mark.parametrize(("error", "status", "words"), FAILURES)
def test_a_failure_is_one_line(error: Exception, status: int, words: str) -> None:
    told = run(fails(error), "one")
    assert (told.exit_code, told.stdout, told.stderr.count("\n")) == (status, "", 1)
    assert told.stderr.startswith("stts: ") and words in told.stderr


@pytest.mark.parametrize(("error", "status", "words"), [each for each in FAILURES if each[0] is not FULL])
def test_a_program_is_told_in_json(error: Exception, status: int, words: str) -> None:
    told = run(fails(error), "one", "--json")
    assert (told.exit_code, told.stderr) == (status, "")
    assert words in json.loads(told.stdout)["error"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("one", "--speed", "9"), "--speed"),
        (("one", "--nothing"), "No such option: --nothing"),
        (("one", "-5"), "stands behind `--`"),
        (("nothing",), "No such command 'nothing'."),
    ],
)
def test_so_is_a_command_line_that_is_wrong(arguments: tuple[str, ...], words: str) -> None:
    told = run(fails(AssertionError()), *arguments)
    assert (told.exit_code, told.stdout, told.stderr.count("\n")) == (USAGE, "", 1)
    assert words in told.stderr and "--help`" in told.stderr
    as_json = run(fails(AssertionError()), *arguments[:1], "--json", *arguments[1:])
    assert (as_json.exit_code, as_json.stderr) == (USAGE, "") and "--help`" in json.loads(as_json.stdout)["error"]


def test_json_behind_the_end_of_options_is_a_text() -> None:
    assert run(fails(AssertionError()), "one", "--", "--json").stderr.startswith("stts: ")


def test_who_reads_no_more_is_told_nothing() -> None:
    told = run(fails(BrokenPipeError(errno.EPIPE, "Broken pipe")), "one")
    assert (told.exit_code, told.output) == (CLOSED_PIPE, "")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), typer.Abort()])
def test_ctrl_c_has_its_own_status(error: BaseException) -> None:
    assert run(fails(error), "one").exit_code == INTERRUPTED


def test_what_was_not_foreseen_can_be_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STTS_TRACEBACK", "1")
    assert isinstance(run(fails(KeyError("tiers")), "one").exception, KeyError)


def test_help_and_success_are_as_before(tmp_path: Path) -> None:
    done = run(lambda: None, "one")
    assert (done.exit_code, done.output) == (0, "")
    assert run(lambda: None, "--help").exit_code == 0
