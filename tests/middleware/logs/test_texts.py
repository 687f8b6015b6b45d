"""The secret of hashes is there whole or not at all, whoever starts or dies at the same moment."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from middleware.logs.texts import SECRET_BYTES, SECRET_FILE, installed_secret


def test_servers_that_start_at_once_have_one_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one starts and has its secret while the first makes one."""
    others: list[bytes] = []
    urandom = os.urandom

    def overtaken(count: int) -> bytes:
        monkeypatch.setattr(os, "urandom", urandom)
        others.append(installed_secret(tmp_path))
        return urandom(count)

    monkeypatch.setattr(os, "urandom", overtaken)
    assert [installed_secret(tmp_path)] == others
    assert [path.name for path in tmp_path.iterdir()] == [SECRET_FILE]


@pytest.mark.parametrize("step", ["urandom", "fsync", "link"])
def test_a_start_that_ends_while_the_secret_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def end(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, step, end)
        with pytest.raises(KeyboardInterrupt):
            installed_secret(tmp_path / "data")
    secret = installed_secret(tmp_path / "data")
    assert len(secret) == SECRET_BYTES and secret == installed_secret(tmp_path / "data")
    [path] = (tmp_path / "data").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
