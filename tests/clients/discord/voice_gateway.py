"""The voice gateway (version 8) and the UDP endpoint beside it."""

from __future__ import annotations

import asyncio
import json
import struct
import time
from typing import cast

import aiohttp
from aiohttp import web

from tests.clients.discord.calls import SPEAKING, Call
from tests.clients.discord.changes import Changes
from tests.clients.discord.end_to_end import (
    ANNOUNCED,
    COMMIT_WELCOME,
    EXECUTE,
    EXTERNAL_SENDER,
    KEY_PACKAGE,
    PROPOSALS,
    TRANSITION,
    TRANSITION_READY,
    VERSION,
    Group,
)
from tests.clients.discord.places import APPLICATION, Guild, Payload, Person
from tests.clients.discord.transport import MODES, NoVoice, source_of

IDENTIFY, SELECT, READY, HEARTBEAT, DESCRIPTION, BEATEN, RESUME, HELLO, RESUMED = 0, 1, 2, 3, 4, 6, 7, 8, 9
NOT_AUTHENTICATED, NO_SESSION, NO_MODE = 4004, 4006, 4016
MOVED, CRASHED = 4014, 4015
"""Codes: put out of the channel, or into another one; its server went down."""
ENDPOINT = "loopback.discord.media:443"
DISCOVERY = struct.Struct(">HHI64sH")
ASKS, ANSWERS, DISCOVERY_BYTES = 1, 2, 70


class VoiceServer(asyncio.DatagramProtocol):
    """Keeps all calls, the one of a guild that is going on last."""

    def __init__(self, changes: Changes) -> None:
        self.calls: list[Call] = []
        self.changes = changes
        self.person: Person | None = None
        """Somebody in the channel whose client encrypts from end to end; none: nobody does."""
        self.strays: list[str] = []
        """Datagrams that belong to no call."""
        self.refuses = 0
        """Connections that it does not take before it takes the next one."""
        self._datagrams: asyncio.DatagramTransport | None = None

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))

    def close(self) -> None:
        assert self._datagrams is not None
        self._datagrams.close()

    def begin(self, guild: Guild, channel: int, session: str) -> Call:
        call = Call(guild, channel, session, self.changes, datagrams=self._datagrams)
        call.group = Group(channel, self.person) if self.person else None
        self.calls.append(call)
        return call

    def call(self, guild: Guild) -> Call | None:
        return next((call for call in reversed(self.calls) if call.guild is guild), None)

    async def joined(self, guild: Guild, calls: int = 1) -> Call:
        """Waits until the bot is in a voice channel there, ready to be heard, for so many a time."""

        def found() -> Call | None:
            ready = [call for call in self.calls if call.mode and (call.secured or call.group is None)]
            here = [call for call in ready if call.guild is guild]
            return here[-1] if len(here) >= calls else None

        call = await self.changes.until(found)
        assert call is not None
        return call

    # -- the gateway

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        if self.refuses:
            self.refuses -= 1
            self.changes.tell()
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        assert request.query["v"] == "8"
        await socket.send_json({"op": HELLO, "d": {"v": 8, "heartbeat_interval": 5_000}})
        call: Call | None = None
        async for received in socket:
            if received.type is aiohttp.WSMsgType.TEXT:
                content = json.loads(received.data)
                call = await self._take(socket, call, content["op"], content["d"])
                self.changes.tell()
            elif received.type is aiohttp.WSMsgType.BINARY and call is not None:
                await self._agree(call, received.data[0], received.data[1:])
        if call is not None and call.connection is socket:
            call.connection = None
        return socket

    async def _take(self, socket: web.WebSocketResponse, call: Call | None, op: int, data: Payload) -> Call | None:
        if op == HEARTBEAT:
            if call is not None:
                call.acknowledged.append(data["seq_ack"])
            await socket.send_json({"op": BEATEN, "d": {"t": data["t"]}})
        elif op in (IDENTIFY, RESUME):
            return await self._admit(socket, op, data)
        elif call is None:
            await socket.close(code=NOT_AUTHENTICATED)
        elif op == SELECT:
            await self._describe(socket, call, data)
        elif op == SPEAKING:
            assert data["ssrc"] == call.source
            call.talks.append(data["speaking"])
        elif op == TRANSITION_READY:
            call.secured = True
            await call.tell(EXECUTE, {"transition_id": data["transition_id"]})
        return call

    async def _admit(self, socket: web.WebSocketResponse, op: int, data: Payload) -> Call | None:
        call = next((call for call in self.calls if call.token == data["token"]), None)
        if call is None or (str(call.guild.id), call.session) != (data["server_id"], data["session_id"]):
            await socket.close(code=NOT_AUTHENTICATED if call is None else NO_SESSION)
            return None
        call.connection = socket
        if op == RESUME:
            call.resumed += 1
            await socket.send_json({"op": RESUMED, "d": None})
            await call.tell_again(data["seq_ack"])
            return call
        assert data["user_id"] == str(APPLICATION)
        assert self._datagrams is not None
        host, port = self._datagrams.get_extra_info("sockname")
        await call.tell(READY, {"ssrc": call.source, "ip": host, "port": port, "modes": list(MODES), "experiments": []})
        return call

    async def _describe(self, socket: web.WebSocketResponse, call: Call, data: Payload) -> None:
        chosen = data["data"]
        if data["protocol"] != "udp" or chosen["mode"] not in MODES:
            await socket.close(code=NO_MODE)
            return
        assert call.address == (chosen["address"], chosen["port"]), "not what discovery told it"
        version = VERSION if call.group else 0
        described = {"mode": chosen["mode"], "secret_key": list(call.key), "dave_protocol_version": version}
        await call.tell(DESCRIPTION, described)
        if call.group is not None:
            await call.tell_bytes(EXTERNAL_SENDER, call.group.sender())
        call.mode = chosen["mode"]

    async def _agree(self, call: Call, op: int, data: bytes) -> None:
        """The bot has keys to offer, or has let somebody in."""
        assert call.group is not None
        if op == KEY_PACKAGE:
            await call.tell_bytes(PROPOSALS, call.group.proposals())
        elif op == COMMIT_WELCOME:
            await call.tell_bytes(ANNOUNCED, struct.pack(">H", TRANSITION) + call.group.admitted(data))

    # -- the endpoint

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._datagrams = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        arrived = time.monotonic()
        if len(data) == DISCOVERY.size and data[:2] == struct.pack(">H", ASKS):
            self._discovered(data, address)
            return
        try:
            source = source_of(data)
        except NoVoice as error:
            self.strays.append(str(error))
            return
        call = next((call for call in self.calls if call.source == source), None)
        if call is None:
            self.strays.append(f"source {source}")
            return
        call.take(data, arrived)
        self.changes.tell()

    def _discovered(self, data: bytes, address: tuple[str, int]) -> None:
        _, length, source, _, _ = DISCOVERY.unpack(data)
        call = next((call for call in self.calls if call.source == source), None)
        if call is None or length != DISCOVERY_BYTES:
            self.strays.append(f"discovery of {source}")
            return
        call.address = address
        assert self._datagrams is not None
        answer = DISCOVERY.pack(ANSWERS, DISCOVERY_BYTES, source, address[0].encode(), address[1])
        self._datagrams.sendto(answer, address)
