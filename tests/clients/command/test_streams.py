"""The command `stts` as a process: its streams closed or full, a locale without letters, words that are no UTF-8."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stts.command_line import CLOSED_PIPE, REFUSED, USAGE
from tests.patience import PATIENCE

pytestmark = pytest.mark.socket

HELP = f"{sys.executable} -m clients.cli --help"


def shell(line: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["bash", "-c", line],
        capture_output=True,
        env={**os.environ, **environment},
        cwd=Path(__file__).parents[3],
        check=False,
        timeout=PATIENCE,
    )


@pytest.mark.parametrize("where", ["> /dev/full", ">&-"])
def test_an_output_that_cannot_be_written_is_told_in_a_line(where: str) -> None:
    told = shell(f"{HELP} {where}")
    assert (told.returncode, told.stderr.count(b"\n")) == (REFUSED, 1), told.stderr
    assert b"standard output cannot be written" in told.stderr


def test_a_reader_that_has_enough_ends_the_command_without_a_word() -> None:
    told = shell(f"{HELP} | true; exit ${{PIPESTATUS[0]}}")
    assert (told.returncode, told.stderr) == (CLOSED_PIPE, b"")


def test_a_complaint_goes_nowhere_else_than_to_the_error_stream() -> None:
    told = shell(f"{sys.executable} -m clients.cli nothing 2>&-")
    assert (told.returncode, told.stdout) == (USAGE, b"")


def test_letters_that_the_locale_lacks_are_utf_8() -> None:
    told = shell(f"{HELP} | head -c 700", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert "─".encode() in told.stdout
    named = shell(
        f"{sys.executable} -m clients.cli voices --language $'\\xff'", LC_ALL="C.UTF-8", STTS_URL="http://127.0.0.1:9"
    )
    assert (named.returncode, named.stderr.count(b"\n")) == (USAGE, 1), named.stderr
