"""New files are for the user of the server, and for its group where that is wished."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from stts.cache.files import CacheFiles
from stts.storage.files.atomic import replace_file
from stts.storage.private import keep_private


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def modes(root: Path) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) for path in [root, *root.rglob("*")]}


def kept(root: Path) -> set[int]:
    """Modes of all that is written below a new folder in three ways."""
    (root / "jobs").mkdir(parents=True)
    (root / "stts.db").write_bytes(b"")
    replace_file(root / "jobs" / "a", b"a")
    CacheFiles(root / "cache").write("abcdef", b"packed")
    return modes(root)


def test_nobody_else_may_read_what_a_server_stores(tmp_path: Path) -> None:
    keep_private(group_access=False)
    assert kept(tmp_path / "data") == {0o700, 0o600}


def test_servers_of_one_group_may_share_it(tmp_path: Path) -> None:
    keep_private(group_access=True)
    assert kept(tmp_path / "data") == {0o770, 0o660}


def test_what_must_be_private_is_so_in_a_folder_that_others_may_read(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o755)
    replace_file(tmp_path / "data" / "a", b"a")
    assert stat.S_IMODE((tmp_path / "data" / "a").stat().st_mode) == 0o600
