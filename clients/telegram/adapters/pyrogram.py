"""The bot by pyrogram, as its living fork kurigram has it, over MTProto."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from pyrogram import Client, enums, errors, filters, handlers, raw, types

from clients.chat.starting import Rejected
from clients.telegram import messenger as seam
from clients.telegram.adapters.bot_api_news import person
from clients.telegram.adapters.mtproto import News, named, session_folder, watch
from clients.telegram.adapters.pyrogram_news import incoming
from clients.telegram.settings import Settings

ACTIONS = {"typing": enums.ChatAction.TYPING, "record_voice": enums.ChatAction.RECORD_AUDIO}


def client(settings: Settings, maker: type[Client] = Client) -> Client:
    """A client of the settings' bot. Raises Rejected."""
    folder, name = session_folder(settings)
    # Pauses are the bot's own affair, a text is no markup, and one worker keeps the order of messages.
    given = {"workers": 1, "sleep_threshold": 0, "skip_updates": False, "parse_mode": enums.ParseMode.DISABLED}
    return maker(name, settings.api_id, settings.api_hash, bot_token=settings.token, workdir=folder, **given)


class Pyrogram:
    takes_waveforms = True

    def __init__(self, settings: Settings, made: Client | None = None) -> None:
        self._client = made or client(settings)
        self._news = News()

    async def connect(self) -> str:
        self._client.add_handler(handlers.MessageHandler(self._message, filters.incoming))
        self._client.add_handler(handlers.EditedMessageHandler(self._edited, filters.incoming))
        self._client.add_handler(handlers.CallbackQueryHandler(self._press))
        async with _translated():
            await self._client.start()
        return self._client.me.username or ""

    async def listen(self, listener: seam.Listener) -> None:
        self._news.go_to(listener)
        await watch(self._ask)

    async def close(self) -> None:
        self._news.go_to(None)
        if self._client.is_initialized:
            await self._client.stop()

    async def send_text(
        self, chat: int, text: str, *, buttons: seam.Buttons = (), replies_to: int | None = None
    ) -> int:
        async with _translated():
            keyboard, reply = _keyboard(buttons), _reply(replies_to)
            sent = await self._client.send_message(chat, text, reply_markup=keyboard, reply_parameters=reply)
        return int(sent.id)

    async def edit_text(self, chat: int, message: int, text: str, *, buttons: seam.Buttons = ()) -> None:
        async with _translated(errors.MessageNotModified):
            await self._client.edit_message_text(chat, message, text, reply_markup=_keyboard(buttons))

    async def send_voice(
        self, chat: int, note: seam.VoiceNote, *, caption: str = "", replies_to: int | None = None
    ) -> None:
        file, about = named(note.audio, "voice.ogg"), {"duration": note.seconds, "waveform": note.waveform}
        async with _translated():
            await self._client.send_voice(chat, file, caption, reply_parameters=_reply(replies_to), **about)

    async def send_audio(self, chat: int, file: seam.AudioFile, *, replies_to: int | None = None) -> None:
        content, about = named(file.audio, file.name), {"duration": file.seconds, "title": file.title}
        async with _translated():
            await self._client.send_audio(chat, content, reply_parameters=_reply(replies_to), **about)

    async def show(self, chat: int, action: seam.Action) -> None:
        async with _translated():
            await self._client.send_chat_action(chat, ACTIONS[action])

    async def delete(self, chat: int, message: int) -> None:
        async with _translated(errors.MessageIdInvalid):
            await self._client.delete_messages(chat, [message])

    async def answer_press(self, press: str, text: str = "") -> None:
        async with _translated():
            await self._client.answer_callback_query(press, text)

    async def offer(self, commands: Sequence[tuple[str, str]], language: str | None = None) -> None:
        menu = [types.BotCommand(name, about) for name, about in commands]
        async with _translated():
            await self._client.set_bot_commands(menu, language_code=language or "")

    async def _ask(self) -> None:
        async with _translated():
            await self._client.invoke(raw.functions.updates.GetState())

    async def _message(self, _: Client, message: types.Message, *, edited: bool = False) -> None:
        listener = await self._news.listener()
        if listener is None or message.chat is None or message.chat.type is enums.ChatType.CHANNEL:
            return
        if message.migrate_to_chat_id:
            await listener.move(message.chat.id, message.migrate_to_chat_id)
        elif message.from_user or message.sender_chat:
            await listener.receive(incoming(message, self._fetch, edited=edited))

    async def _edited(self, client: Client, message: types.Message) -> None:
        await self._message(client, message, edited=True)

    async def _press(self, _: Client, query: types.CallbackQuery) -> None:
        listener, message = await self._news.listener(), query.message
        if listener is not None and message is not None:
            data = query.data if isinstance(query.data, str) else ""
            await listener.press(seam.Press(query.id, message.chat.id, message.id, person(query.from_user), data))

    async def _fetch(self, file: str, target: Any) -> None:
        async with _translated():
            async for piece in self._client.stream_media(file):
                target.write(piece)


def _keyboard(buttons: seam.Buttons) -> types.InlineKeyboardMarkup | None:
    key = types.InlineKeyboardButton
    rows = [[key(button.text, callback_data=button.data) for button in row] for row in buttons]
    return types.InlineKeyboardMarkup(rows) if rows else None


def _reply(message: int | None) -> types.ReplyParameters | None:
    return types.ReplyParameters(message_id=message) if message else None


@asynccontextmanager
async def _translated(harmless: type[Exception] = seam.Flooded) -> AsyncIterator[None]:
    """Errors of pyrogram as those of the seam. `harmless`: a refusal that changes nothing."""
    try:
        yield
    except harmless:
        return
    except errors.FloodWait as error:
        raise seam.Flooded(float(error.value)) from None
    except (errors.Unauthorized, errors.AccessTokenInvalid, errors.AccessTokenExpired):
        raise Rejected(seam.UNKNOWN_TOKEN) from None
    except errors.AuthKeyDuplicated:
        raise Rejected(seam.TWO_BOTS) from None
    except (errors.InternalServerError, errors.ServiceUnavailable, TimeoutError) as error:
        raise ConnectionError(type(error).__name__) from None
    except (errors.RPCError, ValueError, KeyError) as error:
        raise seam.Undeliverable(type(error).__name__) from None
