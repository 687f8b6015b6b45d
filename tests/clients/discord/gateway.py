"""The main gateway: sessions that begin, are resumed, become invalid or are closed, and what they tell the bot."""

from __future__ import annotations

import contextlib
import json
import secrets
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from tests.clients.discord.changes import Changes
from tests.clients.discord.places import APPLICATION, BOT, TOKEN, Guild, Payload

DISPATCH, HEARTBEAT, IDENTIFY, VOICE_STATE, RESUME, RECONNECT, MEMBERS, INVALID, HELLO, BEATEN = (
    *(0, 1, 2, 4, 6),
    *(7, 8, 9, 10, 11),
)
MESSAGE_CONTENT = 1 << 15
"""The intent without which texts of messages are empty."""
WRONG_TOKEN = 4004
ADDRESS = "wss://gateway.discord.gg"


@dataclass
class Session:
    """All that a bot is told from its identification on, on however many connections."""

    id: str
    intents: int
    told: list[Payload] = field(default_factory=list)
    connection: Connection | None = None
    """The one that it is on; none while it may be resumed."""

    async def tell(self, event: str, data: Payload) -> None:
        content = {"op": DISPATCH, "t": event, "s": len(self.told) + 1, "d": data}
        self.told.append(content)
        if self.connection is not None:
            await self.connection.send(content)


class Connection:
    """A socket, whose messages are one stream of zlib where the bot asks for it."""

    def __init__(self, request: web.Request) -> None:
        self.socket = web.WebSocketResponse()
        compression = request.query.get("compress", "")
        assert compression in ("", "zlib-stream"), compression
        self._stream = zlib.compressobj() if compression else None

    async def send(self, content: Payload) -> None:
        data = json.dumps(content).encode()
        # What is told to a connection that is just closing is told again when its session is resumed.
        with contextlib.suppress(ConnectionError):
            if self._stream is None:
                await self.socket.send_str(data.decode())
            else:
                await self.socket.send_bytes(self._stream.compress(data) + self._stream.flush(zlib.Z_SYNC_FLUSH))


class Gateway:
    """Keeps what bots sent (`received`), and the session of the one that is connected."""

    def __init__(self, guilds: list[Guild], changes: Changes) -> None:
        self.guilds = guilds
        self.token = TOKEN
        self.session: Session | None = None
        self.received: list[Payload] = []
        self.resumptions = 0
        self.joins: Callable[[Payload], Awaitable[None]] | None = None
        """Called with what a bot says of its voice state."""
        self._changes = changes

    async def ready(self) -> Session:
        """Waits for a session that is on a connection."""

        def connected() -> Session | None:
            return self.session if self.session is not None and self.session.connection is not None else None

        session = await self._changes.until(connected)
        assert session is not None
        return session

    async def resumed(self, times: int) -> None:
        """Waits until sessions have been resumed so often."""
        await self._changes.until(lambda: self.resumptions >= times)

    async def tell(self, event: str, data: Payload) -> None:
        """Tells the session of the bot, once there is one; it hears it later where its connection is away."""
        session = await self._changes.until(lambda: self.session)
        assert session is not None
        if event == "MESSAGE_CREATE" and not session.intents & MESSAGE_CONTENT:
            data = {**data, "content": ""}
        await session.tell(event, data)

    async def close(self, code: int) -> None:
        """Ends the connection; 4004, as for a token that is no longer right, ends the session too."""
        session = await self.ready()
        connection, session.connection = session.connection, None
        assert connection is not None
        await connection.socket.close(code=code)

    async def ask_to_reconnect(self) -> None:
        session = await self.ready()
        assert session.connection is not None
        await session.connection.send({"op": RECONNECT, "d": None})

    async def invalidate(self, *, resumable: bool) -> None:
        session = await self.ready()
        assert session.connection is not None
        if not resumable:
            self.session = None
        await session.connection.send({"op": INVALID, "d": resumable})

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        connection = Connection(request)
        await connection.socket.prepare(request)
        await connection.send({"op": HELLO, "d": {"heartbeat_interval": 41_250}})
        try:
            async for received in connection.socket:
                if received.type is aiohttp.WSMsgType.TEXT:
                    await self._take(connection, json.loads(received.data))
        finally:
            if self.session is not None and self.session.connection is connection:
                self.session.connection = None
            self._changes.tell()
        return connection.socket

    async def _take(self, connection: Connection, content: Payload) -> None:
        self.received.append(content)
        op, data = content["op"], content["d"]
        if op == HEARTBEAT:
            await connection.send({"op": BEATEN})
        elif op in (IDENTIFY, RESUME) and data["token"] != self.token:
            await connection.socket.close(code=WRONG_TOKEN, message=b"Authentication failed.")
        elif op == IDENTIFY:
            await self._begin(connection, data)
        elif op == RESUME:
            await self._resume(connection, data)
        elif op == VOICE_STATE and self.joins is not None:
            await self.joins(data)
        elif op == MEMBERS:
            await self._members(data)
        self._changes.tell()

    async def _begin(self, connection: Connection, data: Payload) -> None:
        session = Session(secrets.token_hex(8), data["intents"], connection=connection)
        await session.tell("READY", self._welcome(session))
        for guild in self.guilds:
            await session.tell("GUILD_CREATE", guild.described())
        self.session = session

    async def _resume(self, connection: Connection, data: Payload) -> None:
        session = self.session
        if session is None or session.id != data["session_id"]:
            await connection.send({"op": INVALID, "d": False})
            return
        session.connection = connection
        for content in session.told[data["seq"] or 0 :]:
            await connection.send(content)
        await session.tell("RESUMED", {"_trace": []})
        self.resumptions += 1

    async def _members(self, data: Payload) -> None:
        guild = next(guild for guild in self.guilds if guild.id == int(data["guild_id"]))
        members = {"guild_id": str(guild.id), "members": [person.member for person in guild.people]}
        chunk: Payload = {**members, "chunk_index": 0, "chunk_count": 1, "not_found": [], "presences": []}
        await (await self.ready()).tell("GUILD_MEMBERS_CHUNK", chunk | {"nonce": data.get("nonce")})

    def _welcome(self, session: Session) -> Payload:
        listed: list[Any] = [{"id": str(guild.id), "unavailable": True} for guild in self.guilds]
        application = {"id": str(APPLICATION), "flags": 1 << 19}
        return {"v": 10, "user": BOT.user, "guilds": listed, "session_id": session.id, "application": application} | {
            "resume_gateway_url": ADDRESS,
            "private_channels": [],
        }
