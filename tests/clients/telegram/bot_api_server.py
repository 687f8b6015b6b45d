"""A Bot API server of the suite's own, on a real socket: what Telegram's does, as far as a bot can see it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from clients.telegram.messenger import Other
from tests.clients.telegram.bot_api_calls import METHODS, OTHERS, REFUSALS, Call, read_call, seen_by
from tests.clients.telegram.people import BOT, FIRST, NAME, TOKEN, People, Recording, Sight

METHOD_OF = {sight: method for method, sight in METHODS.items()}
PIECE = 1 << 16


class BotAPI(People):
    """Keeps what the bot did (`calls`), and gives it what people do."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.token = TOKEN
        self.refusals: deque[tuple[str, int, dict[str, Any]]] = deque()
        """Next calls of a method that are refused: its name, the status, what is told."""
        self.files: dict[str, bytes] = {}
        self.unconfirmed: list[dict[str, Any]] = []
        self.polls = 0
        self.address = ""
        self.webhook: dict[str, Any] = {}
        """Fields of the last setWebhook; empty: the bot asks."""
        self.moved: dict[int, int] = {}
        """Groups that have another number now."""
        self._updates = 0
        self._written: dict[int, dict[str, Any]] = {}

    def refuse(self, kind: Sight, *, wait: int | None = None) -> None:
        told = {"description": "Too Many Requests", "parameters": {"retry_after": wait}} if wait else {}
        self.refusals.append((METHOD_OF[kind], 429 if wait else 502, told or {"description": "Bad Gateway"}))

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
        number = edits or number or self._next()
        content: dict[str, Any] = {"text": text} if text else {}
        if recording is not None:
            content |= {recording.kind: self._keep(recording)}
        if replies_to is not None:
            content |= {"reply_to_message": self._written[replies_to]}
        if other is not None:
            content |= OTHERS[other]
        if unnamed:
            content |= {"sender_chat": {"id": chat, "type": "group", "title": "Group"}}
        self._written[number] = self.message(chat, number, person, **content)
        await self.news(**{"edited_message" if edits else "message": self._written[number]})
        return number

    async def post(self, text: str, channel: int) -> None:
        chat = {"id": channel, "type": "channel", "title": "Channel"}
        message = {"message_id": self._next(), "date": 1, "chat": chat, "sender_chat": chat, "text": text}
        await self.news(channel_post=message)

    async def grow(self, group: int, to: int) -> None:
        self.moved[group] = to
        await self.news(message=self.message(group, self._next(), 7, migrate_to_chat_id=to))

    async def press(self, data: str, chat: int = 7, *, message: int = FIRST, person: int | None = None) -> str:
        pressed = self.message(chat, message, text="Choose")
        query = {"id": "55", "from": self._person(person or abs(chat)), "chat_instance": "1", "message": pressed}
        await self.news(callback_query={**query, "data": data})
        return "55"

    async def news(self, **content: Any) -> None:
        """Gives the bot an update, as it wants it: when it asks, or by a call."""
        self._updates += 1
        update = {"update_id": self._updates, **content}
        if self.webhook:
            await self.call(update, self.webhook.get("secret_token"))
            return
        self.unconfirmed.append(update)
        await self._tell()

    async def asked(self, count: int) -> None:
        """Waits until the bots have asked for news so many times."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.polls >= count)

    async def is_called(self) -> None:
        """Waits until the bot wants to be called."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.webhook)

    async def call(self, update: object, secret: str | None) -> int:
        """Calls the bot, as Telegram does behind a proxy with TLS; returns its status."""
        port = self.webhook["url"].split(":")[2].partition("/")[0]
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret else {}
        async with ClientSession() as session:
            address = f"http://127.0.0.1:{port}/telegram"
            async with session.post(address, json=update, headers=headers) as answer:
                return int(answer.status)

    def message(self, chat: int, number: int, person: int | None = None, **content: Any) -> dict[str, Any]:
        kind = {"id": chat, "type": "private" if chat > 0 else "group", "first_name": "Anna", "title": "Group"}
        user = self._person(person or abs(chat))
        return {"message_id": number, "date": 1, "chat": kind, "from": user, **content}

    def _person(self, number: int) -> dict[str, Any]:
        return {"id": number, "is_bot": False, "first_name": "Anna", "language_code": "en"}

    def _keep(self, recording: Recording) -> dict[str, Any]:
        """A file that people send, as it is described in a message."""
        name = f"file{len(self.files)}"
        self.files[name] = recording.content
        described = {"duration": 3, "width": 1, "height": 1, "length": 1, "mime_type": recording.media_type}
        if recording.name:
            described["file_name"] = recording.name
        size = len(recording.content) if recording.said_size is None else recording.said_size
        return {"file_id": name, "file_unique_id": name, "file_size": size, **described}

    async def answer(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        if request.match_info["token"] != self.token:
            return _refused(401, {"description": "Unauthorized"})
        call = await read_call(method, request)
        for index, (name, status, told) in enumerate(self.refusals):
            if name == method:
                del self.refusals[index]
                return _refused(status, told)
        if method == "getUpdates":
            return await self._polled(call)
        self.calls.append(call)
        number = self._next() if call.method.startswith("send") else int(call.fields.get("message_id") or 0)
        if call.method in METHODS:
            seen = seen_by(call, number)
            reply = call.fields.get("reply_parameters") or {}
            if seen.replies_to in self.taken_back and reply.get("allow_sending_without_reply"):
                seen = replace(seen, replies_to=None)
            if (to := self.moved.get(seen.chat)) is not None:
                words = "Bad Request: group chat was upgraded to a supergroup chat"
                return _refused(400, {"description": words, "parameters": {"migrate_to_chat_id": to}})
            if (why := self.refusal(seen)) is not None:
                status, words = REFUSALS[why]
                return _refused(status, {"description": words})
            await self.see(seen)
        elif call.method in ("setWebhook", "deleteWebhook"):
            self.webhook = call.fields if call.method == "setWebhook" else {}
            await self._tell()
        return web.json_response({"ok": True, "result": self._result(call, number)})

    async def file(self, request: web.Request) -> web.Response:
        answer = web.StreamResponse()
        await answer.prepare(request)
        content = self.files[request.match_info["path"]]
        for start in range(0, len(content), PIECE):
            await answer.write(content[start : start + PIECE])
            self.fetched += PIECE
        return answer

    def _result(self, call: Call, number: int) -> Any:
        if call.method == "getMe":
            return {"id": BOT, "is_bot": True, "first_name": "STTS", "username": NAME}
        if call.method == "getFile":
            name = call.fields["file_id"]
            return {"file_id": name, "file_unique_id": name, "file_path": name, "file_size": len(self.files[name])}
        if call.method in ("sendMessage", "sendVoice", "sendAudio", "editMessageText"):
            return self.message(int(call.fields["chat_id"]), number, text=call.fields.get("text", ""))
        return True

    async def _polled(self, call: Call) -> web.Response:
        """Gives what is not confirmed. Of two who ask at once the one who asked first is told that it is not alone."""
        offset = int(call.fields.get("offset") or 0)
        self.unconfirmed = [update for update in self.unconfirmed if update["update_id"] >= offset]
        self.polls += 1
        mine = self.polls
        await self._tell()
        wanted = {*call.fields.get("allowed_updates", ()), "update_id"}
        try:
            async with asyncio.timeout(int(call.fields.get("timeout") or 0)), self._changed:
                await self._changed.wait_for(lambda: self.unconfirmed or self.polls != mine)
        except TimeoutError:
            pass
        if self.polls != mine:
            return _refused(409, {"description": "Conflict: terminated by other getUpdates request"})
        self.unconfirmed = [update for update in self.unconfirmed if update.keys() <= wanted]
        return web.json_response({"ok": True, "result": self.unconfirmed})


def _refused(status: int, told: dict[str, Any]) -> web.Response:
    return web.json_response({"ok": False, "error_code": status, **told}, status=status)


@asynccontextmanager
async def bot_api() -> AsyncIterator[BotAPI]:
    """A server on loopback, whose address is in `address`."""
    api = BotAPI()
    app = web.Application(client_max_size=64 << 20)
    app.router.add_route("*", "/bot{token}/{method}", api.answer)
    app.router.add_get("/file/bot{token}/{path}", api.file)
    async with TestServer(app) as server:
        api.address = str(server.make_url("")).rstrip("/")
        yield api
