"""Settings of the bot: by environment, or in a YAML file whose names are the same in lower case."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clients.chat.settings import InvalidSettings, check_address, check_least, read_settings

PREFIX = "STTS_DISCORD_"
ELSEWHERE = {"token": ("DISCORD_TOKEN",), "server": ("STTS_URL",), "key": ("STTS_KEY",), "language": ("DEFAULT_LANG",)}
"""Variables of other programs that mean the same."""


@dataclass(frozen=True, slots=True)
class Settings:
    token: str = field(repr=False)
    """Given by Discord for the bot. It is a secret, shown nowhere."""
    server: str = "http://127.0.0.1:8000"
    key: str | None = field(default=None, repr=False)
    """A key of the server."""
    language: str = "en"
    """In which the bot writes where neither the person nor the guild tells one that it has."""
    data: Path = Path("data/discord")
    """Folder of what people and guilds have chosen."""
    proxy: str | None = None
    """An HTTP proxy on the way to Discord. The sound itself, which is UDP, goes beside it."""
    read_messages: bool = True
    """Messages of the bound text channel are spoken: needs the intent "message content". Without it there is `/say`."""
    listening: bool = False
    """`/listen` is allowed: what is said in a voice channel is written down, once somebody switches it on there."""
    waiting: int = 20
    """Texts that wait in a guild beside the one that is spoken."""
    waiting_each: int = 5
    """Those of them that are one person's."""
    text_characters: int = 2000
    deadline: float = 120.0
    """Seconds in which the server says nothing before it counts as too slow."""
    pulse: Path | None = None
    """A file that is touched every ten seconds while the bot lives, for a health check outside."""
    stop_seconds: float = 30.0
    """How long the end waits for what was accepted."""

    def __post_init__(self) -> None:
        if not self.token:
            raise InvalidSettings("The bot has no token: set DISCORD_TOKEN, as the developer portal shows it.")
        check_address("server", self.server)
        if self.proxy:
            check_address("proxy", self.proxy)
        for name in ("waiting", "waiting_each", "text_characters"):
            check_least(name, getattr(self, name), 1)
        check_least("stop_seconds", self.stop_seconds, 0)
        if self.deadline <= 0:
            raise InvalidSettings(f"deadline is {self.deadline:g}, and must be more than 0 seconds.")


def read(path: Path | None = None, environment: Mapping[str, str] = os.environ, **given: Any) -> Settings:
    """Settings of what was given, the environment and the file, in that order. Raises InvalidSettings."""
    return read_settings(Settings, path, environment, given, prefix=PREFIX, elsewhere=ELSEWHERE)
