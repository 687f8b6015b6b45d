"""Chats and the people in them, in the types of MTProto. `types`: the module of a library's types."""

from __future__ import annotations

from typing import Any

from tests.clients.telegram.mtproto_media import DATE
from tests.clients.telegram.people import BOT, NAME

CHANNELS = 1_000_000_000_000
"""Numbers of large groups (even ones here) and channels (odd ones) lie below minus this."""


def peer(types: Any, chat: int) -> Any:
    if chat < -CHANNELS:
        return types.PeerChannel(channel_id=-chat - CHANNELS)
    return types.PeerUser(user_id=chat) if chat > 0 else types.PeerChat(chat_id=-chat)


def chat_of(peer: Any) -> int:
    if hasattr(peer, "user_id"):
        return int(peer.user_id)
    return -int(peer.chat_id) if hasattr(peer, "chat_id") else -int(peer.channel_id) - CHANNELS


def bot_user(types: Any) -> Any:
    return types.User(
        id=BOT, is_self=True, bot=True, bot_info_version=1, access_hash=1, first_name="STTS", username=NAME
    )


def person_user(types: Any, number: int) -> Any:
    return types.User(id=number, access_hash=1, first_name="Anna", lang_code="en")


def groups_of(types: Any, chat: int) -> list[Any]:
    """The group or channel that a chat is; none for a private one."""
    if chat > 0:
        return []
    photo = types.ChatPhotoEmpty()
    if chat < -CHANNELS:
        about = {"id": -chat - CHANNELS, "access_hash": 1, "title": "Group", "photo": photo, "date": DATE}
        return [types.Channel(**about, megagroup=chat % 2 == 0, broadcast=chat % 2 == 1)]
    return [types.Chat(id=-chat, title="Group", photo=photo, participants_count=2, date=DATE, version=1)]
