"""The audit trail at the terminal: commands leave entries, `stts audit` lists and verifies them."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from commands.__main__ import main
from tests import patient

Stts = Callable[..., tuple[int, Any]]


def test_commands_leave_entries_that_hold(stts: Stts) -> None:
    made = stts("keys", "create", "--name", "laptop")[1]
    stts("keys", "rotate", made["id"])
    stts("keys", "revoke", made["id"])
    listed = stts("audit", "list")[1]
    assert [each["action"] for each in listed] == ["user.create", "key.create", "key.rotate", "key.revoke"]
    assert {each["actor"] for each in listed} == {"command"} and made["key"] not in json.dumps(listed)
    assert [each["action"] for each in stts("audit", "list", "--action", "key.create")[1]] == ["key.create"]
    status, report = stts("audit", "verify")
    assert status == 0 and report["entries"] == 4 and report["fault"] is None
    assert report["newest"]["hash"] == listed[-1]["hash"]


def test_a_key_is_made_that_keeps_out_of_the_cache(stts: Stts) -> None:
    made = stts("keys", "create", "--name", "private", "--no-cache")[1]
    assert made["cache"] is False and stts("keys", "rotate", made["id"])[1]["cache"] is False
    assert stts("keys", "create", "--name", "laptop")[1]["cache"] is True
    told = stts("audit", "list", "--action", "key.create")[1]
    assert {each["details"]["name"]: each["details"]["cache"] for each in told} == {"private": False, "laptop": True}


def test_a_changed_row_is_found(stts: Stts, tmp_path: Path) -> None:
    for name in ("one", "two"):
        stts("keys", "create", "--name", name)
    with closing(sqlite3.connect(tmp_path / "stts.db")) as connection:
        connection.execute("UPDATE audit SET target = 'another' WHERE sequence = 2")
        connection.commit()
    status, report = stts("audit", "verify")
    assert status == 1 and report["fault"] == {"sequence": 2, "kind": "changed"} and report["entries"] == 1


def test_a_trail_that_was_made_anew_is_found_by_a_noted_hash(stts: Stts, tmp_path: Path) -> None:
    stts("keys", "create")
    newest = stts("audit", "verify")[1]["newest"]
    noted = f"{newest['sequence']}:{newest['hash']}"
    stts("keys", "create")
    assert stts("audit", "verify", "--noted", noted)[0] == 0
    (tmp_path / "stts.db").unlink()
    for _ in range(2):
        stts("keys", "create")
    assert stts("audit", "verify")[0] == 0
    status, report = stts("audit", "verify", "--noted", noted)
    assert status == 1 and report["fault"] == {"sequence": newest["sequence"], "kind": "remade"}


@pytest.mark.socket
def test_a_noted_hash_of_wrong_form_is_refused(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "commands", "audit", "verify", "--noted", "1:xyz"]
    done = patient.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 2 and "SEQUENCE:HASH" in done.stderr and done.stdout == ""


def test_an_empty_trail_holds(stts: Stts) -> None:
    assert stts("audit", "list") == (0, [])
    status, report = stts("audit", "verify")
    assert status == 0 and report["entries"] == 0 and report["newest"]["sequence"] == 0


@pytest.mark.usefixtures("stts")
def test_what_goes_wrong_is_told_as_by_all_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(f"storage:\n  root: {tmp_path}\n")
    words = ["stts", "keys", "revoke", "nosuch", "--config", str(file)]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit, match="4"):
        main()
    person = capsys.readouterr()
    assert person.out == "" and person.err.startswith("stts: ")
    monkeypatch.setattr(sys, "argv", [*words, "--json"])
    with pytest.raises(SystemExit, match="4"):
        main()
    program = capsys.readouterr()
    assert program.err == "" and list(json.loads(program.out)) == ["error"]
