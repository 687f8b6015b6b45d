"""The bot by aiogram 3, over the Bot API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import clients.telegram.adapters.aiogram_models  # noqa: F401 - before anything of aiogram

# isort: split
from aiogram import Bot, exceptions, types
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.utils.token import TokenValidationError
from aiohttp import ClientError

from clients.chat.starting import Rejected
from clients.telegram import messenger as seam
from clients.telegram.adapters.bot_api import KINDS, receive, stream
from clients.telegram.adapters.bot_api_news import hand_on, readable
from clients.telegram.settings import Settings


class Aiogram:
    takes_waveforms = False

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._session = AiohttpSession(api=TelegramAPIServer.from_base(settings.api))
        try:
            self._bot = Bot(settings.token, session=self._session)
        except TokenValidationError:
            raise Rejected(seam.NO_TOKEN) from None

    async def connect(self) -> str:
        async with _translated():
            me = await self._bot.get_me()
        return me.username or ""

    async def listen(self, listener: seam.Listener) -> None:
        handle = partial(hand_on, listener, self._fetch)
        await receive(self._settings, handle, self._ask, self._read, self._set_hook)

    async def _set_hook(self, address: str | None) -> None:
        async with _translated():
            if address is None:
                await self._bot.delete_webhook()
                return
            secret = self._settings.webhook_secret
            await self._bot.set_webhook(address, secret_token=secret, allowed_updates=KINDS)

    async def close(self) -> None:
        await self._session.close()

    async def send_text(
        self, chat: int, text: str, *, buttons: seam.Buttons = (), replies_to: int | None = None
    ) -> int:
        async with _translated():
            keyboard, reply = _keyboard(buttons), _reply(replies_to)
            sent = await self._bot.send_message(chat, text, reply_markup=keyboard, reply_parameters=reply)
        return int(sent.message_id)

    async def edit_text(self, chat: int, message: int, text: str, *, buttons: seam.Buttons = ()) -> None:
        async with _translated("message is not modified"):
            await self._bot.edit_message_text(text, chat_id=chat, message_id=message, reply_markup=_keyboard(buttons))

    async def send_voice(
        self, chat: int, note: seam.VoiceNote, *, caption: str = "", replies_to: int | None = None
    ) -> None:
        file, reply = types.BufferedInputFile(note.audio, "voice.ogg"), _reply(replies_to)
        async with _translated():
            await self._bot.send_voice(
                chat, file, caption=caption or None, duration=note.seconds, reply_parameters=reply
            )

    async def send_audio(self, chat: int, file: seam.AudioFile, *, replies_to: int | None = None) -> None:
        content, reply = types.BufferedInputFile(file.audio, file.name), _reply(replies_to)
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
        menu = [types.BotCommand(command=name, description=about) for name, about in commands]
        async with _translated():
            await self._bot.set_my_commands(menu, language_code=language)

    async def _ask(self, following: int, seconds: int) -> list[Any]:
        patience = seconds + 10
        async with _translated():
            try:
                return list(await self._bot.get_updates(following, None, seconds, KINDS, request_timeout=patience))
            except exceptions.ClientDecodeError as error:
                return readable(error.data["result"], self._read)

    def _read(self, update: dict[str, Any]) -> types.Update:
        return types.Update.model_validate(update, context={"bot": self._bot})

    async def _fetch(self, file: str, target: Any) -> None:
        async with _translated():
            path = (await self._bot.get_file(file)).file_path or ""
            await stream(
                await self._session.create_session(), self._session.api.file_url(self._bot.token, path), target
            )


def _keyboard(buttons: seam.Buttons) -> types.InlineKeyboardMarkup | None:
    key = types.InlineKeyboardButton
    rows = [[key(text=button.text, callback_data=button.data) for button in row] for row in buttons]
    return types.InlineKeyboardMarkup(inline_keyboard=rows) if rows else None


def _reply(message: int | None) -> types.ReplyParameters | None:
    """A reply to a message that was deleted meanwhile is sent all the same."""
    return types.ReplyParameters(message_id=message, allow_sending_without_reply=True) if message else None


@asynccontextmanager
async def _translated(harmless: str | None = None) -> AsyncIterator[None]:
    """Errors of aiogram as those of the seam. `harmless`: words of a refusal that changes nothing."""
    try:
        yield
    except exceptions.TelegramRetryAfter as error:
        raise seam.Flooded(error.retry_after) from None
    except exceptions.TelegramMigrateToChat as moved:
        raise seam.Moved(moved.migrate_to_chat_id) from None
    except exceptions.TelegramUnauthorizedError:
        raise Rejected(seam.UNKNOWN_TOKEN) from None
    except exceptions.TelegramConflictError:
        raise Rejected(seam.TWO_BOTS) from None
    except exceptions.TelegramEntityTooLarge:
        raise seam.Undeliverable("too large") from None
    except (exceptions.TelegramNetworkError, exceptions.TelegramServerError, ClientError, TimeoutError) as error:
        raise ConnectionError(type(error).__name__) from None
    except exceptions.TelegramAPIError as error:
        if harmless is None or harmless not in error.message:
            raise seam.Undeliverable(error.message) from None
