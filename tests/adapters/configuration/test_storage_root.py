from __future__ import annotations

import os
from pathlib import Path

import pytest

from adapters.configuration.storage_root import fallen_back
from stts.settings import StorageSettings


def test_a_folder_that_can_be_written_to_or_made_is_kept(tmp_path: Path) -> None:
    for root in (tmp_path, tmp_path / "new" / "deeper"):
        assert fallen_back(StorageSettings(root=str(root), home_when_read_only=True)) is None


def test_the_home_folder_stands_in_where_that_is_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    # Whoever runs the tests may write anywhere.
    monkeypatch.setattr(os, "access", lambda path, mode: not (mode & os.W_OK))
    read_only = StorageSettings(root=str(tmp_path / "data"), home_when_read_only=True)
    assert fallen_back(read_only) == str(tmp_path / "home" / "stts" / "storage")
    assert fallen_back(read_only.model_copy(update={"home_when_read_only": False})) is None


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    assert fallen_back(StorageSettings(root=str(tmp_path / "data"), home_when_read_only=True)) is not None
