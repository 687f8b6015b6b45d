"""Settings of the bot: where it comes from, what is refused, and what is never shown."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from clients.chat.settings import InvalidSettings
from clients.telegram.settings import Settings, read
from tests.docs.blocks import blocks

TOKEN = "123456:secret"


def test_the_environment_of_the_older_bot_is_understood() -> None:
    settings = read(environment={"BOT_TOKEN": TOKEN, "DEFAULT_LANG": "fa", "STTS_URL": "http://server"})
    assert (settings.token, settings.language, settings.server) == (TOKEN, "fa", "http://server")


def test_what_is_given_beats_the_environment_and_that_the_file(tmp_path: Path) -> None:
    file = tmp_path / "bot.yaml"
    file.write_text("token: '123456:file'\nadmins: [7, 8]\ndeadline: 30\nframework: telebot\n")
    settings = read(file, {"STTS_BOT_DEADLINE": "40", "STTS_BOT_ADMINS": "9, 10"}, framework="aiogram", server=None)
    assert settings.admins == (9, 10)
    assert (settings.deadline, settings.framework, settings.token) == (40.0, "aiogram", "123456:file")


def test_secrets_are_never_shown() -> None:
    settings = Settings(TOKEN, key="other", webhook_secret="third")
    assert not any(secret in repr(settings) for secret in ("secret", "other", "third"))


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, "no token"),
        ({"BOT_TOKEN": TOKEN, "STTS_BOT_FRAMEWORK": "other"}, "there are aiogram, telebot, pyrogram, telethon"),
        (
            {"BOT_TOKEN": TOKEN, "STTS_BOT_ADMINS": "me"},
            "admins is 'me', and must be whole numbers with commas",
        ),
        ({"BOT_TOKEN": TOKEN, "STTS_BOT_DEADLINE": "soon"}, "deadline is 'soon', and must be a number"),
        ({"BOT_TOKEN": TOKEN, "STTS_BOT_DEADLINE": "nan"}, "deadline is 'nan', and must be a number"),
        ({"BOT_TOKEN": TOKEN, "STTS_BOT_TEXT_CHARACTERS": "0"}, "text_characters is 0, and must be 1 or more"),
        ({"BOT_TOKEN": TOKEN, "STTS_BOT_FRAMEWORK": "telethon"}, "STTS_BOT_API_ID"),
        (
            {"BOT_TOKEN": TOKEN, "STTS_BOT_FRAMEWORK": "pyrogram", "STTS_BOT_API_ID": "1", "STTS_BOT_API_HASH": "x"}
            | {"STTS_BOT_WEBHOOK": "https://bot", "STTS_BOT_WEBHOOK_SECRET": "s"},
            "never called",
        ),
        ({"BOT_TOKEN": TOKEN, "STTS_BOT_WEBHOOK": "http://bot"}, "https"),
        ({"BOT_TOKEN": TOKEN, "STTS_BOT_WEBHOOK": "https://bot"}, "STTS_BOT_WEBHOOK_SECRET"),
        ({"BOT_TOKEN": TOKEN, "STTS_URL": "foo"}, "server is 'foo', and must be an address"),
        ({"BOT_TOKEN": TOKEN, "STTS_BOT_API": "foo"}, "api is 'foo', and must be an address"),
        ({"BOT_TOKEN": TOKEN, "STTS_BOT_DEADLINE": "-5"}, "deadline is -5, and must be more than 0 seconds"),
    ],
)
def test_what_cannot_be_is_told(environment: dict[str, str], words: str) -> None:
    with pytest.raises(InvalidSettings, match=words) as told:
        read(environment=environment)
    assert TOKEN not in str(told.value)


def test_the_documented_file_names_every_setting_with_its_default(tmp_path: Path) -> None:
    (block,) = [each for each in blocks() if each.page == "telegram.md" and each.language == "yaml"]
    file = tmp_path / "bot.yaml"
    file.write_text(block.code, encoding="utf-8")
    settings = read(file, {})
    assert set(yaml.safe_load(block.code)) == {item.name for item in fields(Settings)}
    assert settings == Settings(settings.token, key=settings.key, admins=settings.admins)


@pytest.mark.parametrize(("content", "words"), [("tokn: x", "'tokn'"), ("- a", "no names"), ("a: [", "no YAML")])
def test_a_file_that_is_wrong_is_told(tmp_path: Path, content: str, words: str) -> None:
    file = tmp_path / "bot.yaml"
    file.write_text(content)
    with pytest.raises(InvalidSettings, match=words):
        read(file, {})


def test_secrets_stand_in_files_that_variables_name(tmp_path: Path) -> None:
    for name in ("token", "key", "hash"):
        (tmp_path / name).write_text(f"the {name}\n", encoding="utf-8")
    files = {"BOT_TOKEN_FILE": "token", "STTS_KEY_FILE": "key", "STTS_BOT_API_HASH_FILE": "hash"}
    settings = read(environment={name: str(tmp_path / file) for name, file in files.items()})
    assert (settings.token, settings.key, settings.api_hash) == ("the token", "the key", "the hash")
    own = read(environment={"BOT_TOKEN": TOKEN, "BOT_TOKEN_FILE": str(tmp_path / "token")})
    assert own.token == TOKEN
    # What is shown is no secret, and has no file.
    shown = read(environment={"BOT_TOKEN": TOKEN, "STTS_URL_FILE": str(tmp_path / "token")})
    assert shown == Settings(TOKEN)


@pytest.mark.parametrize(
    ("content", "words"), [(None, "cannot be read"), (b" \n", "is empty"), (b"\xff\xfe", "no text")]
)
def test_a_file_without_a_secret_is_told(tmp_path: Path, content: bytes | None, words: str) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InvalidSettings, match=f"BOT_TOKEN_FILE: .*{words}"):
        read(environment={"BOT_TOKEN_FILE": str(file)})
