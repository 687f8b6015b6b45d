"""The benchmark of heavy engines leaves out what is not installed, and keeps checkpoints where it is told to."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import heavy


def test_what_is_missing_is_named_and_nothing_is_measured(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heavy, "find_spec", lambda name: None)
    assert heavy.run() == []
    assert "torch, chatterbox not installed" in capsys.readouterr().err


def test_a_folder_of_checkpoints_stays_only_where_it_was_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with heavy.weights() as passing:
        assert passing.is_dir()
    assert not passing.exists()
    monkeypatch.setattr(heavy, "KEPT", str(tmp_path / "kept"))
    with heavy.weights() as kept:
        pass
    assert kept.is_dir()
