"""News of the Bot API as the bot reads them, from the objects of either framework: both name fields as the API does."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any, get_args

from clients.telegram.messenger import Attachment, Incoming, Kind, Listener, Other, Person, Press

FILES: tuple[Kind, ...] = ("voice", "video_note", "audio", "video", "document")
OTHERS: tuple[Other, ...] = get_args(Other)

log = logging.getLogger("stts.bot")

Fetch = Callable[[str, Any], Awaitable[None]]
"""Writes the file of an id into an open one."""


async def hand_on(listener: Listener, fetch: Fetch, update: Any) -> None:
    """Hands on a message, a changed one, a press or a move; anything else is none of the bot's business."""
    message, query = update.message or update.edited_message, update.callback_query
    if message is not None and message.migrate_to_chat_id is not None:
        await listener.move(message.chat.id, message.migrate_to_chat_id)
    elif message is not None and message.from_user is not None:
        await listener.receive(incoming(message, fetch, edited=update.message is None))
    elif query is not None and query.message is not None:
        await listener.press(press(query))


def readable(updates: Sequence[dict[str, Any]], read: Callable[[dict[str, Any]], Any]) -> list[Any]:
    """Updates as the framework reads them; one that it cannot read is passed over, or it would come for ever."""
    found: list[Any] = []
    for update in updates:
        try:
            found.append(read(update))
        except (ValueError, TypeError, KeyError, AttributeError):
            log.warning("an update of the messenger could not be read")
            nothing = {"message": None, "edited_message": None, "callback_query": None}
            found.append(SimpleNamespace(update_id=update["update_id"], **nothing))
    return found


def incoming(message: Any, fetch: Fetch, *, edited: bool = False) -> Incoming:
    replied, text, file = message.reply_to_message, message.text or message.caption or "", attachment(message, fetch)
    kind = getattr(message.content_type, "value", message.content_type)
    return Incoming(
        chat=message.chat.id,
        message=message.message_id,
        # An administrator who stays unnamed writes as the group.
        person=person(message.from_user if message.sender_chat is None else message.sender_chat),
        text=text,
        attachment=file,
        replied=incoming(replied, fetch) if replied else None,
        private=message.chat.type == "private",
        other=None if text or file else other(kind),
        edited=edited,
    )


def other(kind: str | None) -> Other | None:
    """The kind of a message as the bot knows it; None for those by which a messenger tells of the chat itself."""
    if kind in (None, "unknown", "unsupported", "live_photo", "paid_media", "checklist", "giveaway"):
        return "other"
    return next((each for each in OTHERS if each == kind), None)


def person(user: Any) -> Person:
    """Nobody is named where a message stands for a channel."""
    name = getattr(user, "first_name", None) or getattr(user, "title", None) or ""
    return Person(user.id, name, getattr(user, "language_code", None)) if user else Person(0, "")


def press(query: Any) -> Press:
    message = query.message
    return Press(query.id, message.chat.id, message.message_id, person(query.from_user), query.data or "")


def attachment(message: Any, fetch: Fetch) -> Attachment | None:
    """The recording of a message. A moving picture is a document, too, and has no sound."""
    for kind in FILES:
        if (file := getattr(message, kind)) is not None and message.animation is None:
            name, media_type = getattr(file, "file_name", None), getattr(file, "mime_type", None)
            return Attachment(kind, partial(fetch, file.file_id), file.file_size, name, media_type)
    return None
