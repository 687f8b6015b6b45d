"""The bot by pyTelegramBotAPI (telebot), over the Bot API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from io import BytesIO
from typing import Any

from aiohttp import ClientError
from telebot import asyncio_helper, types
from telebot.async_telebot import AsyncTeleBot

from clients.chat.starting import Rejected
from clients.telegram import messenger as seam
from clients.telegram.adapters.bot_api import KINDS, receive, stream
from clients.telegram.adapters.bot_api_news import hand_on, readable
from clients.telegram.settings import Settings


class Telebot:
    takes_waveforms = False

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        base = settings.api.rstrip("/")
        asyncio_helper.API_URL, asyncio_helper.FILE_URL = base + "/bot{0}/{1}", base + "/file/bot{0}/{1}"
        try:
            self._bot = AsyncTeleBot(settings.token)
        except ValueError:
            raise Rejected(seam.NO_TOKEN) from None

    async def connect(self) -> str:
        async with _translated():
            me = await self._bot.get_me()
        return me.username or ""

    async def listen(self, listener: seam.Listener) -> None:
        handle = partial(hand_on, listener, self._fetch)
        await receive(self._settings, handle, self._ask, types.Update.de_json, self._set_hook)

    async def _set_hook(self, address: str | None) -> None:
        async with _translated():
            if address is None:
                await self._bot.delete_webhook()
                return
            secret = self._settings.webhook_secret
            await self._bot.set_webhook(address, secret_token=secret, allowed_updates=KINDS)

    async def close(self) -> None:
        await self._bot.close_session()

    async def send_text(
        self, chat: int, text: str, *, buttons: seam.Buttons = (), replies_to: int | None = None
    ) -> int:
        keyboard, reply = _keyboard(buttons), _reply(replies_to)
        async with _translated():
            sent = await self._bot.send_message(chat, text, reply_markup=keyboard, reply_parameters=reply)
        return int(sent.message_id)

    async def edit_text(self, chat: int, message: int, text: str, *, buttons: seam.Buttons = ()) -> None:
        async with _translated("message is not modified"):
            await self._bot.edit_message_text(text, chat, message, reply_markup=_keyboard(buttons))

    async def send_voice(
        self, chat: int, note: seam.VoiceNote, *, caption: str = "", replies_to: int | None = None
    ) -> None:
        file, reply = types.InputFile(BytesIO(note.audio), "voice.ogg"), _reply(replies_to)
        async with _translated():
            await self._bot.send_voice(chat, file, caption or None, note.seconds, reply_parameters=reply)

    async def send_audio(self, chat: int, file: seam.AudioFile, *, replies_to: int | None = None) -> None:
        content, reply = types.InputFile(BytesIO(file.audio), file.name), _reply(replies_to)
        async with _translated():
            await self._bot.send_audio(chat, content, duration=file.seconds, title=file.title, reply_parameters=reply)

    async def show(self, chat: int, action: seam.Action) -> None:
        async with _translated():
            await self._bot.send_chat_action(chat, action)

    async def delete(self, chat: int, message: int) -> None:
        async with _translated("message to delete not found"):
            await self._bot.delete_message(chat, message)

    async def answer_press(self, press: str, text: str = "") -> None:
        async with _translated():
            await self._bot.answer_callback_query(press, text or None)

    async def offer(self, commands: Sequence[tuple[str, str]], language: str | None = None) -> None:
        menu = [types.BotCommand(name, about) for name, about in commands]
        async with _translated():
            await self._bot.set_my_commands(menu, language_code=language)

    async def _ask(self, following: int, seconds: int) -> list[types.Update]:
        async with _translated():
            given = following, None, seconds, KINDS, seconds + 10
            return readable(await asyncio_helper.get_updates(self._bot.token, *given), types.Update.de_json)

    async def _fetch(self, file: str, target: Any) -> None:
        async with _translated():
            path = (await self._bot.get_file(file)).file_path
            session = await asyncio_helper.session_manager.get_session()
            await stream(session, asyncio_helper.FILE_URL.format(self._bot.token, path), target)


def _keyboard(buttons: seam.Buttons) -> types.InlineKeyboardMarkup | None:
    key = types.InlineKeyboardButton
    rows = [[key(button.text, callback_data=button.data) for button in row] for row in buttons]
    return types.InlineKeyboardMarkup(rows) if rows else None


def _reply(message: int | None) -> types.ReplyParameters | None:
    """A reply to a message that was deleted meanwhile is sent all the same."""
    return types.ReplyParameters(message, allow_sending_without_reply=True) if message else None


@asynccontextmanager
async def _translated(harmless: str | None = None) -> AsyncIterator[None]:
    """Errors of telebot as those of the seam. `harmless`: words of a refusal that changes nothing."""
    try:
        yield
    except asyncio_helper.ApiTelegramException as error:
        if harmless is None or harmless not in error.description:
            raise _refusal(error) from None
    except (asyncio_helper.RequestTimeout, ClientError, TimeoutError) as error:
        raise ConnectionError(type(error).__name__) from None


def _refusal(error: asyncio_helper.ApiTelegramException) -> Exception:
    told = error.result_json.get("parameters") or {}
    if error.error_code == 429:
        return seam.Flooded(told.get("retry_after", 1))
    if "migrate_to_chat_id" in told:
        return seam.Moved(told["migrate_to_chat_id"])
    if error.error_code >= 500:
        return ConnectionError(error.description)
    rejections = {401: seam.UNKNOWN_TOKEN, 409: seam.TWO_BOTS}
    rejection = rejections.get(error.error_code)
    return Rejected(rejection) if rejection else seam.Undeliverable(error.description)
