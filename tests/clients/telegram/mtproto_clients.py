"""The clients of Telethon and pyrogram, connected to a Telegram of the suite's own below their public methods."""

from __future__ import annotations

import asyncio
import io
from typing import Any

from pyrogram import Client, raw
from pyrogram import errors as pyrogram_errors
from pyrogram.raw.core import TLObject
from telethon import errors as telethon_errors
from telethon.crypto import AuthKey
from telethon.extensions import BinaryReader
from telethon.tl import types as telethon_types

from clients.telegram.adapters.pyrogram import Pyrogram
from clients.telegram.adapters.pyrogram import client as pyrogram_client
from clients.telegram.adapters.telethon import Telethon
from clients.telegram.adapters.telethon import client as telethon_client
from clients.telegram.settings import Settings
from tests.clients.telegram.mtproto import Refused, Telegram
from tests.clients.telegram.mtproto_media import CENTRE

KEY = bytes(range(256))
TELETHON_REFUSALS: dict[str, Any] = {
    "token": telethon_errors.AccessTokenInvalidError,
    "revoked": telethon_errors.AuthKeyUnregisteredError,
    "duplicated": telethon_errors.AuthKeyDuplicatedError,
    "failing": telethon_errors.rpcerrorlist.TimedoutError,
    "blocked": telethon_errors.UserIsBlockedError,
    "empty": telethon_errors.MessageEmptyError,
    "too_long": telethon_errors.MessageTooLongError,
    "caption": telethon_errors.MediaCaptionTooLongError,
    "button": telethon_errors.ButtonDataInvalidError,
    "not_modified": telethon_errors.MessageNotModifiedError,
    "no_message": telethon_errors.MessageIdInvalidError,
    "no_reply": telethon_errors.MessageIdInvalidError,
}
PYROGRAM_REFUSALS: dict[str, Any] = {
    "token": pyrogram_errors.AccessTokenInvalid,
    "revoked": pyrogram_errors.AuthKeyUnregistered,
    "duplicated": pyrogram_errors.AuthKeyDuplicated,
    "failing": pyrogram_errors.InternalServerError,
    "blocked": pyrogram_errors.UserIsBlocked,
    "empty": pyrogram_errors.MessageEmpty,
    "too_long": pyrogram_errors.MessageTooLong,
    "caption": pyrogram_errors.MediaCaptionTooLong,
    "button": pyrogram_errors.ButtonDataInvalid,
    "not_modified": pyrogram_errors.MessageNotModified,
    "no_message": pyrogram_errors.MessageIdInvalid,
    "no_reply": pyrogram_errors.ReplyMessageIdInvalid,
}


class Sender:
    """In the place of Telethon's connection: what it answers went through the bytes of the protocol."""

    def __init__(self, telegram: Telegram, news: asyncio.Queue[Any]) -> None:
        self.auth_key = AuthKey(KEY)
        self._telegram = telegram
        self._news = news
        self._disconnected = asyncio.get_running_loop().create_future()
        self._tasks: set[asyncio.Task[Any]] = set()
        telegram.hand_on = self._hand_on

    async def connect(self, connection: Any) -> bool:
        return True

    async def disconnect(self) -> None:
        if not self._disconnected.done():
            self._disconnected.set_result(None)

    def is_connected(self) -> bool:
        return not self._disconnected.done()

    def _transport_connected(self) -> bool:
        return False

    @property
    def disconnected(self) -> asyncio.Future[None]:
        return asyncio.shield(self._disconnected)

    def send(self, request: Any, ordered: bool = False) -> Any:
        if isinstance(request, list):
            return [self.send(each) for each in request]
        task = asyncio.create_task(self._answer(request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _answer(self, request: Any) -> Any:
        while (inner := getattr(request, "query", None)) is not None:
            request = inner
        try:
            answer = await self._telegram.answer(type(request).__name__.removesuffix("Request"), request)
        except Refused as refused:
            if refused.why == "flood":
                raise telethon_errors.FloodWaitError(request, capture=refused.wait) from None
            raise TELETHON_REFUSALS[refused.why](request) from None
        return [_telethon(each) for each in answer] if isinstance(answer, list) else _telethon(answer)

    async def _hand_on(self, update: Any) -> None:
        self._news.put_nowait(_telethon(update))


class Session:
    """In the place of pyrogram's connection."""

    def __init__(self, client: OfflineClient) -> None:
        self._client = client

    async def invoke(self, query: Any, *_: object, **__: object) -> Any:
        while (inner := getattr(query, "query", None)) is not None:
            query = inner
        try:
            answer = await self._client.telegram.answer(type(query).__name__, query)
        except Refused as refused:
            if refused.why == "flood":
                raise pyrogram_errors.FloodWait(refused.wait) from None
            raise PYROGRAM_REFUSALS[refused.why]() from None
        return raw.core.List([_pyrogram(each) for each in answer]) if isinstance(answer, list) else _pyrogram(answer)

    async def stop(self) -> None:
        return


class OfflineClient(Client):  # type: ignore[misc]
    telegram: Telegram

    async def load_session(self) -> None:
        await self.storage.open()
        await self.storage.dc_id(CENTRE)
        await self.storage.server_address("127.0.0.1")
        await self.storage.port(1)
        await self.storage.test_mode(False)
        await self.storage.auth_key(KEY)
        await self.storage.date(0)
        await self.storage.api_id(self.api_id)
        self.telegram.hand_on = self._hand_on

    async def get_session(self, *_: object, **__: object) -> Any:
        return Session(self)

    async def _hand_on(self, update: Any) -> None:
        await self.handle_updates(_pyrogram(update))


def telethon(settings: Settings) -> tuple[Telegram, Telethon]:
    telegram = Telegram(telethon_types)
    client = telethon_client(settings)
    client._sender = Sender(telegram, client._updates_queue)
    return telegram, Telethon(settings, client)


def pyrogram(settings: Settings) -> tuple[Telegram, Pyrogram]:
    client = pyrogram_client(settings, OfflineClient)
    client.telegram = Telegram(raw.types)
    return client.telegram, Pyrogram(settings, client)


def _telethon(value: Any) -> Any:
    """The value that the library makes of a value that came over the wire."""
    return value if value is None or isinstance(value, bool) else BinaryReader(bytes(value)).tgread_object()


def _pyrogram(value: Any) -> Any:
    return value if value is None or isinstance(value, bool) else TLObject.read(io.BytesIO(value.write()))
