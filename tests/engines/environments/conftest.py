from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engines.environments.environment import Environment
from tests.engines.environments.package_index import index_variables, make_index, requirements

Made = Callable[..., Environment]


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_index(tmp_path_factory.mktemp("packages") / "index")


@pytest.fixture
def offline(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packages come from the index on the disk."""
    for name, value in index_variables(index).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("shutil.which", lambda program: None)


@pytest.fixture
def environment(tmp_path: Path) -> Made:
    """Makes environments of some requirements below a folder."""

    def make(*lines: str, root: str = "environments", python: str = sys.executable) -> Environment:
        return Environment(requirements(*lines), [tmp_path / root, tmp_path / "home"], python)

    return make
