"""News of pyrogram as the bot reads them."""

from __future__ import annotations

from typing import Any

from pyrogram import enums

from clients.telegram.adapters.bot_api_news import Fetch, attachment, other, person
from clients.telegram.messenger import Incoming


def incoming(message: Any, fetch: Fetch, *, edited: bool = False) -> Incoming:
    replied, text = message.reply_to_message, str(message.text or message.caption or "")
    file, kind = attachment(message, fetch), message.media.name.lower() if message.media else None
    return Incoming(
        chat=message.chat.id,
        message=message.id,
        # An administrator who stays unnamed writes as the group.
        person=person(message.from_user or message.sender_chat),
        text=text,
        attachment=file,
        replied=incoming(replied, fetch) if replied and not replied.empty else None,
        private=message.chat.type is enums.ChatType.PRIVATE,
        other=None if text or file or message.service else other(kind),
        edited=edited,
    )
