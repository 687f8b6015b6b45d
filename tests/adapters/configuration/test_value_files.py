"""Values out of files that variables name."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.configuration.adapter import ConfigAdapter
from stts.errors import InvalidConfiguration
from stts.settings import Settings


def load(folder: Path, **environ: str) -> Settings:
    return ConfigAdapter.load(None, environ, dotenv_path=folder / ".env").current()


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "key"
    file.write_text("a secret\n", encoding="utf-8")
    return file


def test_a_secret_stands_in_a_file(file: Path) -> None:
    settings = load(file.parent, STTS_SECURITY__API_KEY_FILE=str(file))
    assert settings.security.api_key is not None
    assert settings.security.api_key.get_secret_value() == "a secret"


def test_a_key_below_a_name_does_too(file: Path) -> None:
    settings = load(
        file.parent,
        STTS_SECURITY__NAMED_KEYS__PROMETHEUS__KEY_FILE=str(file),
        STTS_SECURITY__NAMED_KEYS__PROMETHEUS__ROLE="admin",
    )
    assert settings.security.named_keys["prometheus"].key.get_secret_value() == "a secret"
    assert settings.security.has_administrator


def test_so_it_does_where_dotenv_names_it(file: Path) -> None:
    (file.parent / ".env").write_text(f"STTS_DATABASE__URL_FILE={file}\n", encoding="utf-8")
    file.write_text("sqlite:///keys.db", encoding="utf-8")
    settings = load(file.parent)
    assert settings.database.url is not None
    assert settings.database.url.get_secret_value() == "sqlite:///keys.db"


def test_keys_that_end_so_and_names_of_entries_are_no_files(file: Path) -> None:
    settings = load(file.parent, STTS_SECURITY__FIRST_KEY_FILE="first", STTS_TTS__VOICES__MY_FILE="en")
    assert settings.security.first_key_file == "first"
    assert settings.tts.voices == {"my_file": "en"}


@pytest.mark.parametrize("text", [None, "", "\n"])
def test_a_file_that_says_nothing_is_refused(file: Path, text: str | None) -> None:
    file.unlink()
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidConfiguration, match=r"API_KEY_FILE: the file .*key"):
        load(file.parent, STTS_SECURITY__API_KEY_FILE=str(file))


@pytest.mark.parametrize("order", [1, -1])
def test_value_and_file_of_one_key_are_refused(file: Path, order: int) -> None:
    both = {"STTS_SECURITY__API_KEY": "other", "STTS_SECURITY__API_KEY_FILE": str(file)}
    with pytest.raises(InvalidConfiguration, match="twice") as refused:
        load(file.parent, **dict(list(both.items())[::order]))
    assert "a secret" not in str(refused.value) and "other" not in str(refused.value)
