"""The package index is the one that pip uses on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from engines.models import pip_settings as module
from engines.models.pip_settings import PUBLIC_INDEX, PipSettings, pip_settings


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose home and system folders are here."""
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CERT", "PIP_CONFIG_FILE", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "system"))
    monkeypatch.setattr("sys.prefix", str(tmp_path / "environment"))
    monkeypatch.setattr(module, "SYSTEM", tmp_path / "pip.conf")
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_without_settings_it_is_the_public_one(machine: Path) -> None:
    assert pip_settings().indexes[0] == PUBLIC_INDEX


def test_the_environment_wins_over_files(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(machine / ".config" / "pip" / "pip.conf", "[global]\nindex-url = https://mine/simple\ncert = /mine.pem\n")
    assert pip_settings() == PipSettings(("https://mine/simple",), "/mine.pem")
    monkeypatch.setenv("PIP_INDEX_URL", "https://other/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://a/simple file:///b https://a/simple")
    monkeypatch.setenv("PIP_CERT", "")
    assert pip_settings() == PipSettings(("https://other/simple", "https://a/simple"), None)


def test_files_are_read_in_the_order_of_pip(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = ("system/pip/pip.conf", "pip.conf", ".pip/pip.conf", ".config/pip/pip.conf", "environment/pip.conf")
    for number, place in enumerate(places):
        write(machine / place, f"[global]\nindex-url = https://{number}/simple\n")
        assert pip_settings().indexes == (f"https://{number}/simple",)
    write(machine / "own.conf", "[download]\nindex-url = https://own/simple\n[global]\nindex-url = https://no/simple\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(machine / "own.conf"))
    assert pip_settings().indexes == ("https://own/simple",)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    assert pip_settings().indexes == (PUBLIC_INDEX,)


@pytest.mark.parametrize("text", ["index-url = no section", "[global\n", "\udcff"])
def test_what_cannot_be_read_is_passed_over(machine: Path, text: str) -> None:
    (machine / "pip.conf").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert pip_settings().indexes[0] == PUBLIC_INDEX
