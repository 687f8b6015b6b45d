"""Commands of the operator, run in this process."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from commands.__main__ import main
from tests.belongings import as_found

Stts = Callable[..., tuple[int, Any]]


@pytest.fixture
def stts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Stts]:
    """Runs a command with an embedded database of its own and tells its status and answer."""
    file = tmp_path / "config.yaml"
    file.write_text(f"storage:\n  root: {tmp_path}\n")

    def run(*words: str) -> tuple[int, Any]:
        monkeypatch.setattr(sys, "argv", ["stts", *words, "--config", str(file), "--json"])
        with pytest.raises(SystemExit) as ended:
            main()
        status = ended.value.code
        assert isinstance(status, int)
        return status, json.loads(capsys.readouterr().out)

    with as_found():  # a command keeps the files that it makes private
        yield run
