"""The REST API, as far as a bot with commands, texts and voice uses it."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from aiohttp import web

from tests.clients.discord.changes import Changes
from tests.clients.discord.gateway import ADDRESS
from tests.clients.discord.places import APPLICATION, BOT, TOKEN, Guild, Payload, message, numbers

Sight = Literal["message", "reply", "thinking", "edit", "followup", "reaction", "typing"]
LONGEST_TEXT = 2_000
EPHEMERAL = 1 << 6
MESSAGE, THINKING = 4, 5
"""Kinds of callbacks."""
NOBODY: Payload = {"parse": []}


@dataclass(frozen=True, slots=True)
class Seen:
    """Something of the bot that people see."""

    kind: Sight
    channel: int
    text: str = ""
    number: int = 0
    interaction: int = 0
    """The one that it answers."""
    only_one: bool = False
    """Whether only the person who asked sees it."""
    mentions: Payload = field(default_factory=dict)
    """Whom it may notify, as the bot says."""


@dataclass
class Interaction:
    id: int
    token: str
    channel: int
    answers: list[Seen] = field(default_factory=list)


class REST:
    def __init__(self, guilds: list[Guild], changes: Changes) -> None:
        self.token = TOKEN
        self.seen: list[Seen] = []
        self.commands: list[Payload] = []
        self.calls: list[tuple[str, str]] = []
        """Method and path of each."""
        self.refusals: deque[tuple[str, int, float]] = deque()
        """Next calls that are refused: the end of their path, the status, and after how long to come again."""
        self.interactions: dict[str, Interaction] = {}
        """By token."""
        self._guilds = guilds
        self._changes = changes

    def routes(self) -> list[web.RouteDef]:
        applications, channels = f"/applications/{APPLICATION}", "/channels/{channel}/messages"
        callback, hook = "/interactions/{id}/{token}/callback", f"/webhooks/{APPLICATION}" + "/{token}"
        handlers = {
            ("GET", "/gateway"): self._gateway,
            ("GET", "/gateway/bot"): self._gateway,
            ("GET", "/users/@me"): self._me,
            ("GET", "/oauth2/applications/@me"): self._application,
            ("GET", f"{applications}/commands"): self._commands,
            ("PUT", f"{applications}/commands"): self._sync,
            ("PUT", applications + "/guilds/{guild}/commands"): self._sync,
            ("POST", channels): self._write,
            ("PATCH", channels + "/{message}"): self._edit,
            ("PUT", channels + "/{message}/reactions/{emoji}/@me"): self._react,
            ("POST", "/channels/{channel}/typing"): self._typing,
            ("POST", callback): self._answer,
            ("POST", hook): self._follow,
            ("PATCH", hook + "/messages/{message}"): self._complete,
            ("GET", hook + "/messages/{message}"): self._original,
        }
        return [web.route(method, f"/api/v10{path}", handler) for (method, path), handler in handlers.items()]

    @web.middleware  # type: ignore[untyped-decorator]
    async def edge(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Lets those ask who may, and sends away who must come again later."""
        if not request.path.startswith("/api/"):
            return cast(web.StreamResponse, await handler(request))
        self.calls.append((request.method, request.path))
        # What a webhook or an interaction is asked needs its own token and no other.
        open_to_all = request.path.startswith(("/api/v10/webhooks/", "/api/v10/interactions/"))
        if not open_to_all and request.headers.get("Authorization") != f"Bot {self.token}":
            return refused(401, "401: Unauthorized", 0)
        for index, (end, status, wait) in enumerate(self.refusals):
            if request.path.endswith(end):
                del self.refusals[index]
                if status == 429:
                    body = {"message": "You are being rate limited.", "retry_after": wait, "global": False}
                    return answer(body, 429, {"Via": "1.1 google", "Retry-After": str(wait)})
                return refused(status, "refused", 0)
        response: web.StreamResponse = await handler(request)
        self._changes.tell()
        return response

    async def _gateway(self, request: web.Request) -> web.Response:
        limit = {"total": 1_000, "remaining": 999, "reset_after": 1, "max_concurrency": 1}
        return answer({"url": ADDRESS, "shards": 1, "session_start_limit": limit})

    async def _me(self, request: web.Request) -> web.Response:
        return answer(BOT.user | {"verified": True, "mfa_enabled": False, "locale": "en-US", "flags": 0})

    async def _application(self, request: web.Request) -> web.Response:
        named = {"id": str(APPLICATION), "name": BOT.name, "description": "", "icon": None, "verify_key": ""}
        marks = {"bot_public": False, "bot_require_code_grant": False, "flags": 1 << 19}
        return answer({**named, **marks, "owner": self._guilds[0].people[1].user})

    async def _commands(self, request: web.Request) -> web.Response:
        return answer(self.commands)

    async def _sync(self, request: web.Request) -> web.Response:
        told = {"application_id": str(APPLICATION), "version": "1", "default_member_permissions": None}
        self.commands = [{"id": str(next(numbers)), **told, **each} for each in await request.json()]
        return answer(self.commands)

    async def _write(self, request: web.Request) -> web.Response:
        channel = int(request.match_info["channel"])
        if any(channel in guild.forbidden for guild in self._guilds):
            return refused(403, "Missing Permissions", 50013)
        return self._see(await content_of(request), "message", channel)

    async def _edit(self, request: web.Request) -> web.Response:
        channel, number = int(request.match_info["channel"]), int(request.match_info["message"])
        return self._see(await content_of(request), "edit", channel, number=number)

    async def _react(self, request: web.Request) -> web.Response:
        channel, number = int(request.match_info["channel"]), int(request.match_info["message"])
        self.seen.append(Seen("reaction", channel, request.match_info["emoji"], number))
        return web.Response(status=204)

    async def _typing(self, request: web.Request) -> web.Response:
        self.seen.append(Seen("typing", int(request.match_info["channel"])))
        return web.Response(status=204)

    async def _answer(self, request: web.Request) -> web.Response:
        """The first answer, which says something or that something is being thought of."""
        interaction = self.interactions.get(request.match_info["token"])
        if interaction is None or str(interaction.id) != request.match_info["id"]:
            return refused(404, "Unknown interaction", 10062)
        if interaction.answers:
            return refused(400, "Interaction has already been acknowledged.", 40060)
        content = await content_of(request)
        kind, data = content["type"], content.get("data") or {}
        assert kind in (MESSAGE, THINKING), kind
        if kind == THINKING:
            seen = Seen("thinking", interaction.channel, interaction=interaction.id, only_one=hidden(data))
            self.seen.append(seen)
            interaction.answers.append(seen)
        elif (response := self._see(data, "reply", interaction.channel, interaction)).status != 200:
            return response
        told = {"id": str(interaction.id), "type": 2, "response_message_loading": kind == THINKING}
        return answer({"interaction": told, "resource": {"type": kind}}) if request.query else web.Response(status=204)

    async def _follow(self, request: web.Request) -> web.Response:
        interaction = self.interactions.get(request.match_info["token"])
        if interaction is None or not interaction.answers:
            return refused(404, "Unknown Webhook", 10015)
        return self._see(await content_of(request), "followup", interaction.channel, interaction)

    async def _complete(self, request: web.Request) -> web.Response:
        interaction = self.interactions.get(request.match_info["token"])
        if interaction is None or not interaction.answers:
            return refused(404, "Unknown Webhook", 10015)
        return self._see(await content_of(request), "edit", interaction.channel, interaction)

    async def _original(self, request: web.Request) -> web.Response:
        seen = self.interactions[request.match_info["token"]].answers[0]
        return answer(message(seen.channel, BOT, seen.text, seen.number))

    def _see(
        self, data: Payload, kind: Sight, channel: int, interaction: Interaction | None = None, number: int = 0
    ) -> web.Response:
        text = data.get("content") or ""
        if not text and not data.get("embeds"):
            return refused(400, "Cannot send an empty message", 50006)
        if len(text) > LONGEST_TEXT:
            return refused(400, "Invalid Form Body: Must be 2000 or fewer in length.", 50035)
        number = number or next(numbers)
        asked = interaction.id if interaction else 0
        seen = Seen(kind, channel, text, number, asked, hidden(data), data.get("allowed_mentions") or {})
        self.seen.append(seen)
        if interaction is not None:
            interaction.answers.append(seen)
        self._changes.tell()
        return answer(message(channel, BOT, text, number))


def hidden(data: Payload) -> bool:
    return bool(data.get("flags", 0) & EPHEMERAL)


async def content_of(request: web.Request) -> Payload:
    if request.content_type == "application/json":
        return dict(await request.json())
    return dict(json.loads(str((await request.post())["payload_json"])))


def answer(body: object, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Its type without a charset: discord.py reads JSON of exactly this one."""
    return web.Response(body=json.dumps(body).encode(), status=status, content_type="application/json", headers=headers)


def refused(status: int, why: str, code: int) -> web.Response:
    return answer({"message": why, "code": code}, status)
