"""Settings of the bot: by environment, or in a YAML file whose names are the same in lower case."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clients.chat.settings import InvalidSettings, check_address, check_least, read_settings

FRAMEWORKS = ("aiogram", "telebot", "pyrogram", "telethon")
MTPROTO = ("pyrogram", "telethon")
"""Those that sign in as an application of https://my.telegram.org, and are never called."""
PREFIX = "STTS_BOT_"
ELSEWHERE = {"token": ("BOT_TOKEN",), "server": ("STTS_URL",), "key": ("STTS_KEY",), "language": ("DEFAULT_LANG",)}
"""Variables of other programs that mean the same: of the command, and of the bot that this one replaces."""


@dataclass(frozen=True, slots=True)
class Settings:
    token: str = field(repr=False)
    """Given by the messenger for the bot. It is a secret, shown nowhere."""
    framework: str = "aiogram"
    server: str = "http://127.0.0.1:8000"
    key: str | None = field(default=None, repr=False)
    """A key of the server; one with the role `admin` where `/admin` shall do anything."""
    language: str = "en"
    """In which the bot writes to who has chosen none and whose program tells none that it has."""
    admins: tuple[int, ...] = ()
    """Numbers of the people who may use `/admin`."""
    data: Path = Path("data/telegram")
    """Folder of what chats have chosen, and of recordings while they are heard."""
    api: str = "https://api.telegram.org"
    """Address of the Bot API: of one's own server, where there is one."""
    api_id: int = 0
    """Number of the application that signs in: for pyrogram and telethon."""
    api_hash: str = field(default="", repr=False)
    """Its secret."""
    webhook: str | None = None
    """Public address at which the messenger calls the bot; None: the bot asks it (long polling)."""
    webhook_listen: str = "127.0.0.1:8081"
    webhook_secret: str = field(default="", repr=False)
    """Told by the messenger with each call: what comes without it is refused."""
    deadline: float = 120.0
    """Longest work for one message, in seconds."""
    text_characters: int = 4000
    recording_bytes: int = 20 << 20
    """Largest file that is fetched: what the Bot API gives."""
    stop_seconds: float = 30.0
    """How long the end waits for what was accepted."""
    pulse: Path | None = None
    """File that is touched while the bot listens, for a health check outside."""

    def __post_init__(self) -> None:
        if not self.token:
            raise InvalidSettings("The bot has no token: set BOT_TOKEN or BOT_TOKEN_FILE, as given by @BotFather.")
        check_address("server", self.server)
        check_address("api", self.api)
        for name in ("text_characters", "recording_bytes"):
            check_least(name, getattr(self, name), 1)
        check_least("stop_seconds", self.stop_seconds, 0)
        if self.deadline <= 0:
            raise InvalidSettings(f"deadline is {self.deadline:g}, and must be more than 0 seconds.")
        if self.framework not in FRAMEWORKS:
            raise InvalidSettings(f"framework is {self.framework!r}; there are {', '.join(FRAMEWORKS)}.")
        mtproto = self.framework in MTPROTO
        if mtproto and not (self.api_id and self.api_hash):
            raise InvalidSettings(
                f"{self.framework} signs in as an application: set {PREFIX}API_ID and {PREFIX}API_HASH, "
                "as given by https://my.telegram.org."
            )
        if mtproto and self.webhook:
            raise InvalidSettings(f"{self.framework} is never called: a webhook is for aiogram and telebot.")
        if self.webhook and not self.webhook.startswith("https://"):
            raise InvalidSettings("webhook is no https:// address, which is all that Telegram calls.")
        if self.webhook and not self.webhook_secret:
            raise InvalidSettings(
                f"A webhook needs {PREFIX}WEBHOOK_SECRET: without it anybody could speak for Telegram."
            )


def read(path: Path | None = None, environment: Mapping[str, str] = os.environ, **given: Any) -> Settings:
    """Settings of what was given, the environment and the file, in that order. Raises InvalidSettings."""
    return read_settings(Settings, path, environment, given, prefix=PREFIX, elsewhere=ELSEWHERE)
