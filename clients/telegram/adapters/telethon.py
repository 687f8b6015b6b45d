"""The bot by Telethon, over MTProto."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from telethon import Button, TelegramClient, errors, events, functions, types

from clients.chat.starting import Rejected
from clients.telegram import messenger as seam
from clients.telegram.adapters.mtproto import News, named, session_folder, watch
from clients.telegram.adapters.telethon_news import incoming, moved, person
from clients.telegram.settings import Settings

ACTIONS = {"typing": types.SendMessageTypingAction(), "record_voice": types.SendMessageRecordAudioAction()}


def client(settings: Settings) -> TelegramClient:
    """A client of the settings' bot. Raises Rejected."""
    folder, name = session_folder(settings)
    # Pauses and new tries are the bot's own affair.
    given = {"sequential_updates": True, "catch_up": True, "flood_sleep_threshold": 0, "request_retries": 1}
    made = TelegramClient(str(folder / name), settings.api_id, settings.api_hash, raise_last_call_error=True, **given)
    made.parse_mode = None  # a text is no markup
    return made


class Telethon:
    takes_waveforms = True

    def __init__(self, settings: Settings, made: TelegramClient | None = None) -> None:
        self._token, self._client = settings.token, made or client(settings)
        self._news = News()

    async def connect(self) -> str:
        self._client.add_event_handler(self._message, events.NewMessage(incoming=True))
        self._client.add_event_handler(self._edited, events.MessageEdited(incoming=True))
        self._client.add_event_handler(self._service, events.Raw(types.UpdateNewMessage))
        self._client.add_event_handler(self._press, events.CallbackQuery())
        async with _translated():
            await self._client.connect()
            me = await self._client.sign_in(bot_token=self._token)
        return me.username or ""

    async def listen(self, listener: seam.Listener) -> None:
        self._news.go_to(listener)
        await watch(self._ask)

    async def close(self) -> None:
        self._news.go_to(None)
        await self._client.disconnect()

    async def send_text(
        self, chat: int, text: str, *, buttons: seam.Buttons = (), replies_to: int | None = None
    ) -> int:
        async with _translated():
            sent = await self._client.send_message(chat, text, buttons=_keyboard(buttons), reply_to=replies_to)
        return int(sent.id)

    async def edit_text(self, chat: int, message: int, text: str, *, buttons: seam.Buttons = ()) -> None:
        async with _translated(errors.MessageNotModifiedError):
            await self._client.edit_message(chat, message, text, buttons=_keyboard(buttons))

    async def send_voice(
        self, chat: int, note: seam.VoiceNote, *, caption: str = "", replies_to: int | None = None
    ) -> None:
        about = types.DocumentAttributeAudio(duration=note.seconds, voice=True, waveform=note.waveform)
        given = {"caption": caption, "reply_to": replies_to, "voice_note": True, "mime_type": "audio/ogg"}
        async with _translated():
            await self._client.send_file(chat, named(note.audio, "voice.ogg"), attributes=[about], **given)

    async def send_audio(self, chat: int, file: seam.AudioFile, *, replies_to: int | None = None) -> None:
        about = types.DocumentAttributeAudio(duration=file.seconds, title=file.title)
        given = {"reply_to": replies_to, "mime_type": file.media_type}
        async with _translated():
            await self._client.send_file(chat, named(file.audio, file.name), attributes=[about], **given)

    async def show(self, chat: int, action: seam.Action) -> None:
        async with _translated():
            await self._client(functions.messages.SetTypingRequest(chat, ACTIONS[action]))

    async def delete(self, chat: int, message: int) -> None:
        async with _translated(errors.MessageIdInvalidError):
            await self._client.delete_messages(chat, [message])

    async def answer_press(self, press: str, text: str = "") -> None:
        async with _translated():
            await self._client(functions.messages.SetBotCallbackAnswerRequest(int(press), 0, message=text or None))

    async def offer(self, commands: Sequence[tuple[str, str]], language: str | None = None) -> None:
        menu, scope = [types.BotCommand(*each) for each in commands], types.BotCommandScopeDefault()
        async with _translated():
            await self._client(functions.bots.SetBotCommandsRequest(scope, language or "", menu))

    async def _ask(self) -> None:
        async with _translated():
            if not self._client.is_connected():
                await self._client.connect()
            await self._client(functions.updates.GetStateRequest())

    async def _message(self, event: Any, *, edited: bool = False) -> None:
        listener, message = await self._news.listener(), event.message
        await message.get_sender()
        if listener is not None and not message.post:
            replied = await message.get_reply_message() if message.is_reply else None
            await listener.receive(incoming(message, self._fetch, replied, edited=edited))

    async def _edited(self, event: Any) -> None:
        await self._message(event, edited=True)

    async def _service(self, update: Any) -> None:
        if (chats := moved(update)) is not None and (listener := await self._news.listener()) is not None:
            await listener.move(*chats)

    async def _press(self, event: Any) -> None:
        listener, who = await self._news.listener(), person(await event.get_sender())
        if listener is not None:
            data = event.data.decode(errors="replace")
            await listener.press(seam.Press(str(event.id), event.chat_id, event.message_id, who, data))

    async def _fetch(self, message: Any, target: Any) -> None:
        async with _translated():
            await self._client.download_media(message, target)


def _keyboard(buttons: seam.Buttons) -> list[list[Any]] | None:
    return [[Button.inline(button.text, button.data.encode()) for button in row] for row in buttons] or None


@asynccontextmanager
async def _translated(harmless: type[Exception] = seam.Flooded) -> AsyncIterator[None]:
    """Errors of Telethon as those of the seam. `harmless`: a refusal that changes nothing."""
    try:
        yield
    except harmless:
        return
    except (errors.FloodWaitError, errors.SlowModeWaitError) as error:
        raise seam.Flooded(error.seconds) from None
    except (errors.UnauthorizedError, errors.AccessTokenInvalidError, errors.AccessTokenExpiredError):
        raise Rejected(seam.UNKNOWN_TOKEN) from None
    except errors.AuthKeyDuplicatedError:
        raise Rejected(seam.TWO_BOTS) from None
    except (errors.ServerError, errors.TimedOutError, TimeoutError) as error:
        raise ConnectionError(type(error).__name__) from None
    except (errors.RPCError, ValueError) as error:
        raise seam.Undeliverable(type(error).__name__) from None
