"""Telegram as a client of MTProto sees it, below that client's public methods and in its own types.

Telethon and pyrogram name the types and calls of the protocol alike, so that one Telegram serves both.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from typing import Any

from clients.telegram.messenger import Other
from tests.clients.telegram.mtproto_chats import CHANNELS, bot_user, chat_of, groups_of, peer, person_user
from tests.clients.telegram.mtproto_media import DATE, other_media, recorded
from tests.clients.telegram.people import BOT, FIRST, TOKEN, People, Recording, Seen, Sight

ACTIONS = {"SendMessageTypingAction": "typing", "SendMessageRecordAudioAction": "record_voice"}


class Refused(Exception):
    """The call is refused: with a pause of `wait` seconds, as an unknown token, or by a failing messenger."""

    def __init__(self, why: str, wait: int = 0) -> None:
        super().__init__(why)
        self.why = why
        self.wait = wait


class Telegram(People):
    """`types`: the module of a library's types. `hand_on`: gives the library an update, once it is set."""

    def __init__(self, types: Any) -> None:
        super().__init__()
        self.types = types
        self.hand_on: Callable[[Any], Awaitable[None]]
        self.token = TOKEN
        self.ended = ""
        """Why the bot's session is no more: `revoked` or `duplicated`."""
        self._signed_in = False
        self.commands: dict[str, list[str]] = {}
        self._refusals: deque[tuple[Sight, int | None]] = deque()
        self._parts: dict[int, bytes] = defaultdict(bytes)
        self._files: list[bytes] = []
        self._written: dict[int, Any] = {}
        self._points = 1

    def refuse(self, kind: Sight, *, wait: int | None = None) -> None:
        self._refusals.append((kind, wait))

    async def write(
        self,
        text: str = "",
        chat: int = 7,
        *,
        person: int | None = None,
        recording: Recording | None = None,
        replies_to: int | None = None,
        number: int | None = None,
        other: Other | None = None,
        edits: int | None = None,
        unnamed: bool = False,
    ) -> int:
        types, number = self.types, edits or number or self._next()
        message = self._message(number, chat, person or abs(chat), text)
        message.from_id = None if unnamed else message.from_id
        message.media = self._recorded(recording) if recording else other_media(types, other) if other else None
        message.reply_to = types.MessageReplyHeader(reply_to_msg_id=replies_to) if replies_to else None
        self._written[number] = message
        self._points += 1
        kind = ("Edit" if edits else "New") + ("ChannelMessage" if chat < -CHANNELS else "Message")
        update = getattr(types, f"Update{kind}")(message=message, pts=self._points, pts_count=1)
        await self._news(update, chat, person)
        return number

    async def post(self, text: str, channel: int) -> None:
        message = self._message(self._next(), channel, 0, text)
        message.from_id, message.post = None, True
        await self._news(self.types.UpdateNewChannelMessage(message=message, pts=1, pts_count=1), channel)

    async def grow(self, group: int, to: int) -> None:
        types, sender = self.types, self.types.PeerUser(user_id=7)
        action = types.MessageActionChatMigrateTo(channel_id=-to - CHANNELS)
        about = {"id": self._next(), "peer_id": peer(self.types, group), "from_id": sender, "date": DATE}
        message = types.MessageService(**about, action=action)
        self._points += 1
        update = types.UpdateNewMessage(message=message, pts=self._points, pts_count=1)
        chats = [*groups_of(self.types, group), *groups_of(self.types, to)]
        await self.hand_on(types.Updates(updates=[update], users=self._users(7), chats=chats, date=DATE, seq=0))

    async def press(self, data: str, chat: int = 7, *, message: int = FIRST, person: int | None = None) -> str:
        number, who = self._next(), person or abs(chat)
        self._written[message] = self._message(message, chat, BOT, "Choose")
        about = {"query_id": number, "user_id": who, "msg_id": message, "chat_instance": 1, "data": data.encode()}
        await self._news(self.types.UpdateBotCallbackQuery(peer=peer(self.types, chat), **about), chat, person)
        return str(number)

    async def answer(self, name: str, call: Any) -> Any:
        """Telegram's answer to a call, `name` being that without its module. Raises Refused."""
        if name == "ImportBotAuthorization" and call.bot_auth_token != self.token:
            raise Refused("token")
        if self.ended or (name == "GetUsers" and not self._signed_in):
            raise Refused(self.ended or "revoked")
        known = getattr(self, f"_on_{name}", None)
        if known is None:
            raise AssertionError(f"this Telegram knows no {name}")
        return await known(call)

    async def _on_GetConfig(self, call: Any) -> Any:
        return None

    async def _on_ImportBotAuthorization(self, call: Any) -> Any:
        self._signed_in = True
        return self.types.auth.Authorization(user=bot_user(self.types))

    async def _on_GetUsers(self, call: Any) -> Any:
        return [bot_user(self.types)]

    async def _on_GetFullUser(self, call: Any) -> Any:
        types, settings = self.types, self.types.PeerSettings()
        full = types.UserFull(
            id=BOT, settings=settings, notify_settings=types.PeerNotifySettings(), common_chats_count=0
        )
        return types.users.UserFull(full_user=full, chats=[], users=[bot_user(self.types)])

    async def _on_GetState(self, call: Any) -> Any:
        return self.types.updates.State(pts=self._points, qts=0, date=DATE, seq=0, unread_count=0)

    async def _on_GetDifference(self, call: Any) -> Any:
        return self.types.updates.DifferenceEmpty(date=DATE, seq=0)

    async def _on_GetMessages(self, call: Any) -> Any:
        numbers = [self._number(each) for each in call.id]
        found = [self._written.get(number) or self.types.MessageEmpty(id=number) for number in numbers]
        people = {each.from_id.user_id for each in found if getattr(each, "from_id", None)} - {BOT}
        people |= {each.peer_id.user_id for each in found if hasattr(each.peer_id, "user_id")}
        users = [bot_user(self.types), *(person_user(self.types, each) for each in sorted(people))]
        groups = {each.peer_id.chat_id for each in found if hasattr(each.peer_id, "chat_id")}
        chats = [group for each in sorted(groups) for group in groups_of(self.types, -each)]
        return self.types.messages.Messages(messages=found, topics=[], chats=chats, users=users)

    def _number(self, wanted: Any) -> int:
        number = int(getattr(wanted, "id", wanted))
        is_reply = type(wanted).__name__ == "InputMessageReplyTo"
        return int(self._written[number].reply_to.reply_to_msg_id) if is_reply else number

    async def _on_SetBotCommands(self, call: Any) -> Any:
        self.commands[call.lang_code] = [each.command for each in call.commands]
        return True

    async def _on_SetTyping(self, call: Any) -> Any:
        await self._saw("action", call.peer, text=ACTIONS[type(call.action).__name__])
        return True

    async def _on_SetBotCallbackAnswer(self, call: Any) -> Any:
        await self.see(Seen("answer", 0, text=str(call.query_id)))
        return True

    async def _on_SendMessage(self, call: Any) -> Any:
        return await self._sent("text", call, text=call.message)

    async def _on_EditMessage(self, call: Any) -> Any:
        return await self._sent("edit", call, text=call.message, number=call.id)

    async def _on_DeleteMessages(self, call: Any) -> Any:
        for number in call.id:
            # The chat of a number is not told: in MTProto numbers of private chats are those of all of them.
            (chat,) = [chat for chat, known in self._shown if known == number] or [0]
            await self.see(Seen("delete", chat, number=number))
        return self.types.messages.AffectedMessages(pts=self._points, pts_count=0)

    async def _on_SaveFilePart(self, call: Any) -> Any:
        self._parts[call.file_id] += call.bytes
        return True

    async def _on_SendMedia(self, call: Any) -> Any:
        (about,) = [each for each in call.media.attributes if hasattr(each, "duration")]
        return await self._sent(
            "voice" if about.voice else "audio",
            call,
            text=call.message,
            audio=self._parts[call.media.file.id],
            media_type=call.media.mime_type,
            seconds=about.duration,
            waveform=about.waveform or b"",
        )

    async def _on_GetFile(self, call: Any) -> Any:
        content = self._files[call.location.id][call.offset : call.offset + call.limit]
        self.fetched += len(content)
        return self.types.upload.File(type=self.types.storage.FileUnknown(), mtime=DATE, bytes=content)

    async def _sent(self, kind: Sight, call: Any, **what: Any) -> Any:
        reply = getattr(call, "reply_to", None)
        rows = call.reply_markup.rows if call.reply_markup else []
        buttons = [[(button.text, button.type.data.decode()) for button in row.buttons] for row in rows]
        number = what.pop("number", 0) or self._next()
        await self._saw(
            kind, call.peer, number=number, buttons=buttons, replies_to=reply.reply_to_msg_id if reply else None, **what
        )
        message = self._message(number, chat_of(call.peer), BOT, what.get("text", ""))
        message.out = True
        update = self.types.UpdateNewMessage(message=message, pts=self._points, pts_count=0)
        told = [self.types.UpdateMessageID(id=number, random_id=getattr(call, "random_id", 0)), update]
        chat = chat_of(call.peer)
        return self.types.Updates(
            updates=told, users=self._users(chat), chats=groups_of(self.types, chat), date=DATE, seq=0
        )

    async def _saw(self, kind: Sight, peer: Any, **what: Any) -> None:
        for refusal in list(self._refusals):
            if refusal[0] == kind:
                self._refusals.remove(refusal)
                raise Refused("flood", refusal[1]) if refusal[1] else Refused("failing")
        seen = Seen(kind, chat_of(peer), **what)
        if (why := self.refusal(seen)) is not None:
            raise Refused(why)
        await self.see(seen)

    async def _news(self, update: Any, chat: int, person: int | None = None) -> None:
        users = self._users(chat if chat > 0 else person or abs(chat))
        await self.hand_on(
            self.types.Updates(updates=[update], users=users, chats=groups_of(self.types, chat), date=DATE, seq=0)
        )

    def _users(self, person: int) -> list[Any]:
        return [bot_user(self.types), person_user(self.types, person)] if person > 0 else [bot_user(self.types)]

    def _message(self, number: int, chat: int, person: int, text: str) -> Any:
        sender = self.types.PeerUser(user_id=person)
        return self.types.Message(id=number, peer_id=peer(self.types, chat), date=DATE, message=text, from_id=sender)

    def _recorded(self, recording: Recording) -> Any:
        self._files.append(recording.content)
        return recorded(self.types, recording, len(self._files) - 1)
