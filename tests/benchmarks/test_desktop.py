from __future__ import annotations

import pytest

from benchmarks import desktop


def test_the_first_start_which_compiles_does_not_count() -> None:
    row = desktop._start([9.0, 1.0, 1.2, 1.4])
    assert (row.met, row.figures) == (True, {"start_seconds": 1.2})
    assert "slowest 1.40 s" in row.measured
    assert not desktop._start([0.1, desktop.REACH_START, desktop.REACH_START]).met


def test_where_qt_is_not_installed_there_are_no_rows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(desktop, "find_spec", lambda name: None)
    assert desktop.run() == []
    assert capsys.readouterr().err == "desktop skipped: PySide6 is not installed\n"
