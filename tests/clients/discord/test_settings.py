"""Settings of the bot: where they come from, what is refused, and what is never shown."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from clients.chat.settings import InvalidSettings
from clients.discord.settings import Settings, read
from tests.docs.blocks import blocks

TOKEN = "AAAA.secret.CCCC"


def test_what_is_given_beats_the_environment_and_that_the_file(tmp_path: Path) -> None:
    file = tmp_path / "bot.yaml"
    file.write_text("token: file\nlistening: yes\nwaiting: 3\nread_messages: false\n")
    environment = {"DISCORD_TOKEN": TOKEN, "STTS_DISCORD_WAITING": "4", "DEFAULT_LANG": "fa"}
    settings = read(file, environment, server="http://server", key=None)
    assert (settings.token, settings.waiting, settings.language, settings.server) == (TOKEN, 4, "fa", "http://server")
    assert (settings.listening, settings.read_messages) == (True, False)


def test_secrets_are_never_shown() -> None:
    assert not any(secret in repr(Settings(TOKEN, key="other")) for secret in ("secret", "other"))


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, "no token"),
        (
            {"DISCORD_TOKEN": TOKEN, "STTS_DISCORD_LISTENING": "perhaps"},
            "is 'perhaps', and must be true or false",
        ),
        ({"DISCORD_TOKEN": TOKEN, "STTS_DISCORD_WAITING": "0"}, "must be 1 or more"),
        ({"DISCORD_TOKEN": TOKEN, "STTS_URL": "foo"}, "server is 'foo', and must be an address"),
        ({"DISCORD_TOKEN": TOKEN, "STTS_DISCORD_PROXY": "ftp://x"}, "proxy is 'ftp://x'"),
        ({"DISCORD_TOKEN": TOKEN, "STTS_DISCORD_WAITING": "many"}, "waiting is 'many', and must be a whole number"),
        ({"DISCORD_TOKEN": TOKEN, "STTS_DISCORD_DEADLINE": "-5"}, "deadline is -5, and must be more than 0"),
    ],
)
def test_what_cannot_be_is_told(environment: dict[str, str], words: str) -> None:
    with pytest.raises(InvalidSettings, match=words) as told:
        read(environment=environment)
    assert TOKEN not in str(told.value)


def test_the_documented_file_names_every_setting_with_its_default(tmp_path: Path) -> None:
    (block,) = [each for each in blocks() if each.page == "discord.md" and each.language == "yaml"]
    file = tmp_path / "bot.yaml"
    file.write_text(block.code, encoding="utf-8")
    settings = read(file, {})
    assert set(yaml.safe_load(block.code)) == {item.name for item in fields(Settings)}
    assert settings == Settings(settings.token, key=settings.key)
