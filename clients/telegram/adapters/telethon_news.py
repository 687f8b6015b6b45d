"""News of Telethon as the bot reads them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from telethon import types, utils

from clients.telegram.adapters.bot_api_news import FILES
from clients.telegram.messenger import Attachment, Incoming, Other, Person

OTHERS: tuple[Other, ...] = ("sticker", "photo", "venue", "contact", "poll", "dice", "game", "invoice")
"""Kinds that a message of Telethon has a field for."""
PLACES = (types.MessageMediaGeo, types.MessageMediaGeoLive)
WEB_PAGE = types.MessageMediaWebPage


def incoming(
    message: Any, fetch: Callable[[Any, Any], Awaitable[None]], replied: Any = None, *, edited: bool = False
) -> Incoming:
    """`fetch`: writes the file of a message into an open one."""
    text, silent = message.raw_text or "", message.sticker or message.gif
    kind = None if silent else next((each for each in FILES if getattr(message, each)), None)
    file = message.file
    return Incoming(
        chat=message.chat_id,
        message=message.id,
        person=person(message.sender or message.chat),
        text=text,
        attachment=Attachment(kind, partial(fetch, message), file.size, file.name, file.mime_type) if kind else None,
        replied=incoming(replied, fetch) if replied else None,
        private=bool(message.is_private),
        other=None if text or kind or message.action else _other(message),
        edited=edited,
    )


def person(user: Any) -> Person:
    """A group stands for its administrator who stays unnamed; nobody is named where a message is a channel's."""
    if isinstance(user, types.User):
        return Person(user.id, user.first_name or "", user.lang_code)
    return Person(utils.get_peer_id(user), user.title) if user else Person(0, "")


def moved(update: Any) -> tuple[int, int] | None:
    """The numbers of a group before and after it has grown, where an update tells of it."""
    message = getattr(update, "message", None)
    action = getattr(message, "action", None)
    if message is None or not isinstance(action, types.MessageActionChatMigrateTo):
        return None
    return utils.get_peer_id(message.peer_id), utils.get_peer_id(types.PeerChannel(action.channel_id))


def _other(message: Any) -> Other:
    if message.gif:
        return "animation"
    if isinstance(message.media, PLACES):
        return "location"
    if isinstance(message.media, types.MessageMediaStory):
        return "story"
    return next((each for each in OTHERS if getattr(message, each)), "other")
