"""Removals that a root has had: notes of servers that share it, none of which is lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from stts.storage.files.carried_out import CarriedOut
from tests.patient import PATIENCE

TOLD = """
import sys
from pathlib import Path
from stts.storage.files.carried_out import CarriedOut
print("ready", flush=True)
sys.stdin.readline()
for number in range(40):
    CarriedOut(Path(sys.argv[1])).add({f"{sys.argv[2]}-{number}": float(number)})
"""


def test_each_is_due_until_it_was_had(tmp_path: Path) -> None:
    had = CarriedOut(tmp_path)
    assert had.due({"anna": 1.0, "bert": 1.0}) == {"anna": 1.0, "bert": 1.0}
    had.add({"anna": 1.0})
    assert CarriedOut(tmp_path).due({"anna": 1.0, "bert": 1.0}) == {"bert": 1.0}
    assert had.due({"anna": 2.0}) == {"anna": 2.0}


@pytest.mark.socket
def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    names = ("anna", "bert", "carl")
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", TOLD, str(tmp_path), name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for name in names
    ]
    for writer in writers:
        assert writer.stdout is not None and writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=PATIENCE)
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    noted = {f"{name}-{number}": float(number) for name in names for number in range(40)}
    assert CarriedOut(tmp_path).due(noted) == {}
