"""Terms of discord.py in those of the bot: messages, permissions and failures."""

from __future__ import annotations

from typing import Any

import aiohttp
import discord

from clients.discord import slash
from clients.discord.platform import Attached, CannotJoin, Person, Written


def cause(error: Exception) -> str:
    """Why Discord was not reached, in words: who reads it knows no library."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"the name {error.host} is not found"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"the certificate of {error.host} is not trusted here"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"no connection to {error.host}:{error.port} ({error.strerror})"
    return str(error) or "no answer in time"


def check_permissions(target: Any) -> None:
    """Raises CannotJoin where the bot may not."""
    me = target.guild.me
    allowed = target.permissions_for(me)
    if not allowed.view_channel:
        raise CannotJoin("may_not_view")
    if not allowed.connect:
        raise CannotJoin("may_not_connect")
    if not allowed.speak:
        raise CannotJoin("may_not_speak")
    full = target.user_limit and me not in target.members and len(target.members) >= target.user_limit
    if full and not allowed.move_members:
        raise CannotJoin("channel_full")


def written(message: discord.Message, guild: discord.Guild) -> Written:
    author = message.author

    def named(kind: Any, number: int) -> str | None:
        told = {each.id: each.display_name for each in message.mentions} if kind == "person" else {}
        return told.get(number) or slash.name_in(guild, kind, number)

    attached: list[Attached] = [_kind(each.content_type or "") for each in message.attachments]
    attached += ["sticker"] * len(message.stickers)
    person = Person(author.id, author.display_name)
    return Written(
        guild.id, message.channel.id, message.id, person, message.content, named, tuple(attached),
        slash.language_in(guild),
    )  # fmt: skip


def _kind(media_type: str) -> Attached:
    kinds: dict[str, Attached] = {"image": "image", "video": "video", "audio": "recording"}
    return kinds.get(media_type.partition("/")[0], "file")
