"""A Discord of the suite's own, on real sockets with TLS, for discord.py as it is: only its addresses lead here."""

from __future__ import annotations

import secrets
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from tests.clients.discord.calls import Call
from tests.clients.discord.changes import Changes
from tests.clients.discord.gateway import Gateway
from tests.clients.discord.places import (
    ANNA,
    APPLICATION,
    BOT,
    EVERYTHING,
    Guild,
    Payload,
    Person,
    guilds,
    message,
    numbers,
)
from tests.clients.discord.rest_api import REST, Interaction, Seen, Sight
from tests.clients.discord.voice_gateway import ENDPOINT, MOVED, VoiceServer
from tests.nginx import make_certificate

HOSTS = "discord.com gateway.discord.gg loopback.discord.media"
STRING, INTEGER, BOOLEAN, CHANNEL, NUMBER = 3, 4, 5, 7, 10
"""Types of options of commands."""


class Resolver(AbstractResolver):
    """Whatever name is asked for stands for one port of this machine."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        assert host in HOSTS.split(), f"{host} is not Discord's"
        found = {"hostname": host, "host": "127.0.0.1", "port": self._port, "family": socket.AF_INET}
        return [ResolveResult(**found, proto=0, flags=socket.AI_NUMERICHOST)]

    async def close(self) -> None:
        return


class Discord:
    """Its three servers, the people who write and speak there, and what they see and hear."""

    def __init__(self) -> None:
        self.changes = Changes()
        self.guilds = list(guilds())
        self.gateway = Gateway(self.guilds, self.changes)
        self.gateway.joins = self._joins
        self.rest = REST(self.guilds, self.changes)
        self.voice = VoiceServer(self.changes)
        self.port = 0
        self.certificate = Path()

    @property
    def guild(self) -> Guild:
        return self.guilds[0]

    @property
    def seen(self) -> list[Seen]:
        return self.rest.seen

    def connector(self) -> aiohttp.TCPConnector:
        """A connector for `discord.Client`: it trusts this Discord's certificate and no other."""
        trust = ssl.create_default_context(cafile=str(self.certificate))
        return aiohttp.TCPConnector(limit=0, ssl=trust, resolver=Resolver(self.port))

    # -- what people do

    async def write(
        self, text: str, guild: Guild | None = None, person: Person = ANNA, channel: int | None = None
    ) -> int:
        """Somebody writes into a text channel; returns the number of the message."""
        guild = guild or self.guild
        number = next(numbers)
        content = message(channel or guild.text, person, text, number, guild)
        await self.gateway.tell("MESSAGE_CREATE", content)
        return number

    async def command(
        self,
        command: str,
        /,
        guild: Guild | None = None,
        person: Person = ANNA,
        **options: Any,
    ) -> Interaction:
        """Somebody uses a slash command, which the bot has offered, in the text channel."""
        guild = guild or self.guild
        offered = await self.changes.until(lambda: [each for each in self.rest.commands if each["name"] == command])
        channel = guild.channel(guild.text)
        interaction = Interaction(next(numbers), secrets.token_hex(8), int(channel["id"]))
        self.rest.interactions[interaction.token] = interaction
        filled, resolved = _options(offered[0], options, guild)
        data = {"id": offered[0]["id"], "name": command, "type": 1, "options": filled, "resolved": resolved}
        member = person.member | {"permissions": EVERYTHING}
        told = {"id": str(interaction.id), "application_id": str(APPLICATION), "type": 2, "token": interaction.token}
        where: Payload = {"guild_id": str(guild.id), "channel_id": channel["id"]}
        where |= {"channel": channel | {"permissions": EVERYTHING}}
        more = {"version": 1, "locale": "en-US", "guild_locale": "en-US", "app_permissions": EVERYTHING, "context": 0}
        content = {**told, **where, **more, "attachment_size_limit": 10_485_760, "data": data, "member": member}
        await self.gateway.tell("INTERACTION_CREATE", content)
        return interaction

    async def told(self, command: str, /, guild: Guild | None = None, person: Person = ANNA, **options: Any) -> str:
        """The last answer to a command."""
        interaction = await self.command(command, guild, person, **options)

        def said() -> list[Seen]:
            return [answer for answer in interaction.answers if answer.kind != "thinking"]

        return (await self.changes.until(said))[-1].text

    async def until(self, kind: Sight, count: int = 1, channel: int | None = None) -> list[Seen]:
        """Waits until so many of a kind have been seen."""

        def found() -> list[Seen]:
            return [seen for seen in self.seen if seen.kind == kind and (channel is None or seen.channel == channel)]

        return await self.changes.until(lambda: found() if len(found()) >= count else [])

    async def enters(self, person: Person = ANNA, guild: Guild | None = None, channel: int | None = None) -> None:
        """Somebody joins a voice channel."""
        guild = guild or self.guild
        state = guild.state(person, channel or guild.lounge, secrets.token_hex(8))
        await self.gateway.tell("VOICE_STATE_UPDATE", state)

    async def leaves(self, person: Person = ANNA, guild: Guild | None = None) -> None:
        await self.gateway.tell("VOICE_STATE_UPDATE", (guild or self.guild).state(person, None, ""))

    async def kicks(self, guild: Guild | None = None) -> None:
        """Somebody disconnects the bot from its voice channel."""
        call = self.voice.call(guild or self.guild)
        assert call is not None
        await self.gateway.tell("VOICE_STATE_UPDATE", call.guild.state(BOT, None, call.session))
        await call.close(MOVED)

    async def moves(self, channel: int, guild: Guild | None = None) -> None:
        """Somebody puts the bot into another channel, whose server is another one."""
        call = self.voice.call(guild or self.guild)
        assert call is not None
        await self._admitted(call.guild, channel, call.session)
        await call.close(MOVED)

    async def changes_server(self, guild: Guild | None = None) -> None:
        """The region of a channel is changed: the bot is told another server and is to go there."""
        call = self.voice.call(guild or self.guild)
        assert call is not None
        await self._tell_server(self.voice.begin(call.guild, call.channel, call.session))

    # -- what the gateway does with what the bot says of its voice

    async def _joins(self, data: Payload) -> None:
        guild = next(guild for guild in self.guilds if guild.id == int(data["guild_id"]))
        channel = int(data["channel_id"]) if data["channel_id"] else None
        call = self.voice.call(guild)
        marks = {name: bool(data.get(name)) for name in ("self_mute", "self_deaf")}
        if channel is None:
            await self.gateway.tell("VOICE_STATE_UPDATE", guild.state(BOT, None, call.session if call else ""))
        elif channel in guild.forbidden:
            return  # Without a word, as Discord does.
        elif guild.voices.get(BOT.id, {}).get("channel_id") == str(channel) and call is not None:
            await self.gateway.tell("VOICE_STATE_UPDATE", guild.state(BOT, channel, call.session, **marks))
        else:
            await self._admitted(guild, channel, secrets.token_hex(8), **marks)

    async def _admitted(self, guild: Guild, channel: int, session: str, **marks: bool) -> None:
        await self.gateway.tell("VOICE_STATE_UPDATE", guild.state(BOT, channel, session, **marks))
        await self._tell_server(self.voice.begin(guild, channel, session))

    async def _tell_server(self, call: Call) -> None:
        server = {"token": call.token, "guild_id": str(call.guild.id), "endpoint": ENDPOINT}
        await self.gateway.tell("VOICE_SERVER_UPDATE", server)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """A socket, of the gateway whose name was asked for."""
        server = self.voice if request.host.partition(":")[0].endswith(".discord.media") else self.gateway
        return await server.serve(request)


def _options(command: Payload, given: dict[str, Any], guild: Guild) -> tuple[list[Payload], Payload]:
    """As they are sent, with their types; and what is told of channels among them."""
    kinds = {option["name"]: option["type"] for option in command.get("options", ())}
    filled: list[Payload] = []
    channels: Payload = {}
    for name, value in given.items():
        assert name in kinds, f"/{command['name']} has no option {name}; it has {', '.join(kinds)}"
        if kinds[name] == CHANNEL:
            channels[str(value)] = guild.channel(value) | {"permissions": EVERYTHING}
            value = str(value)
        filled.append({"name": name, "type": kinds[name], "value": value})
    required = [option["name"] for option in command.get("options", ()) if option.get("required")]
    missing = [name for name in required if name not in given]
    assert not missing, f"Discord lets nobody use /{command['name']} without {', '.join(missing)}"
    return filled, {"channels": channels} if channels else {}


@asynccontextmanager
async def own_discord(folder: Path) -> AsyncIterator[Discord]:
    """`folder` keeps its certificate."""
    discord = Discord()
    folder = folder / "discord-certificate"
    folder.mkdir(exist_ok=True)
    made = folder / "stts.pem"
    discord.certificate = made if made.exists() else make_certificate(folder, "127.0.0.1", HOSTS)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(discord.certificate, discord.certificate.with_suffix(".key"))
    app = web.Application(middlewares=[discord.rest.edge])
    app.add_routes([*discord.rest.routes(), web.get("/", discord.serve)])
    await discord.voice.open()
    runner = web.AppRunner(app, shutdown_timeout=1.0)
    try:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        discord.port = runner.addresses[0][1]
        yield discord
    finally:
        await runner.cleanup()
        discord.voice.close()
