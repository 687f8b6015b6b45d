"""The bot on Discord, by discord.py."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import aiohttp
import discord
from discord import app_commands

from clients.chat.starting import Rejected
from clients.discord import slash
from clients.discord.bot import Bot
from clients.discord.platform import NO_INTENT, NO_TOKEN, CannotJoin, Undeliverable
from clients.discord.settings import Settings
from clients.discord.speaking import log_fault
from clients.discord.translation import cause, check_permissions, written
from clients.discord.voice import Connection, GuildVoice

JOIN_SECONDS = 30.0
RETURN_SECONDS = 10.0
"""How long a connection that discord.py makes anew is waited for."""
LEAVE_SECONDS = 5.0
WRONG_TOKEN = 4004
"""How the gateway closes where the token counts no more."""
UNREACHED = (discord.HTTPException, discord.ClientException, discord.ConnectionClosed, aiohttp.ClientError, OSError)
VOCAL = (discord.VoiceChannel, discord.StageChannel)


class Events(discord.Client):
    """Hands on what Discord tells."""

    def __init__(self, settings: Settings, connector: aiohttp.BaseConnector | None) -> None:
        intents = discord.Intents(guilds=True, voice_states=True, guild_messages=True)
        intents.message_content = settings.read_messages
        super().__init__(
            intents=intents,
            connector=connector,
            proxy=settings.proxy,
            max_messages=None,
            # Nothing that the bot repeats calls anybody.
            allowed_mentions=discord.AllowedMentions.none(),
        )
        self.tree = app_commands.CommandTree(self)
        self.bot: Bot | None = None
        self.told: Callable[[str], None] = lambda name: None

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        # discord.py tells of events even after its end, when it has no loop to handle them.
        if not self.is_closed():
            super().dispatch(event, *args, **kwargs)

    async def setup_hook(self) -> None:
        assert self.bot is not None
        slash.offer(self.tree, self.bot)
        self.tree.on_error = self._failed
        await self.tree.set_translator(slash.Translations())
        await self.tree.sync()

    async def on_connect(self) -> None:
        told, self.told = self.told, lambda name: None
        told(self.user.name if self.user else "")

    async def on_ready(self) -> None:
        if self.bot:
            await self.bot.ready()

    async def on_message(self, message: discord.Message) -> None:
        plain = message.type in (discord.MessageType.default, discord.MessageType.reply)
        if self.bot and message.guild and plain and not message.author.bot and message.webhook_id is None:
            self.bot.hear(written(message, message.guild))

    async def on_voice_state_update(self, member: Any, before: Any, after: Any) -> None:
        if self.bot is None or after.channel is None or after.channel == before.channel:
            return
        guild, me = member.guild, member.guild.me
        if member == me and before.channel is not None:
            await self.bot.moved(guild.id, after.channel.id)
        elif member != me and me.voice is not None and me.voice.channel == after.channel:
            await self.bot.came(guild.id, member.id)

    async def on_guild_channel_delete(self, channel: Any) -> None:
        if self.bot:
            await self.bot.channel_gone(channel.guild.id, channel.id)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        if self.bot:
            await self.bot.guild_gone(guild.id)

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        import sys

        if (error := sys.exception()) is not None:
            log_fault(error)

    async def _failed(self, interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
        log_fault(getattr(error, "original", error))


class Discord:
    """Discord as the bot asks it."""

    def __init__(self, settings: Settings, connector: aiohttp.BaseConnector | None = None) -> None:
        self._settings = settings
        self._client = Events(settings, connector)
        self._voices: dict[int, GuildVoice] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, bot: Bot, told: Callable[[str], None]) -> None:
        """Listens until it is cancelled. `told`: takes the bot's name once it does. Raises Rejected and OSError."""
        self._client.bot, self._client.told = bot, told
        try:
            await self._client.start(self._settings.token)
        except discord.LoginFailure:
            raise Rejected(NO_TOKEN) from None
        except discord.PrivilegedIntentsRequired:
            raise Rejected(NO_INTENT) from None
        except discord.ConnectionClosed as closed:
            if closed.code == WRONG_TOKEN:
                raise Rejected(NO_TOKEN) from None
            raise ConnectionError(f"Discord closed the connection with {closed.code}") from None
        except (discord.HTTPException, discord.GatewayNotFound) as error:
            raise ConnectionError(f"it answers {getattr(error, 'status', 'without its gateway')}") from None
        except (aiohttp.ClientError, OSError) as error:
            raise ConnectionError(cause(error)) from None

    async def close(self) -> None:
        await self._client.close()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def join(self, guild: int, channel: int) -> GuildVoice:
        target = self._client.get_channel(channel)
        if not isinstance(target, VOCAL):
            raise CannotJoin("channel_gone")
        check_permissions(target)
        try:
            connection = await self._connected(target)
        except (*UNREACHED, TimeoutError, RuntimeError):
            raise CannotJoin("no_voice") from None
        voice = self._voices.setdefault(guild, GuildVoice())
        voice.use(connection)
        return voice

    async def _connected(self, target: Any) -> Connection:
        """The connection to a voice channel; one that is being made anew is waited for."""
        there = target.guild.voice_client
        if isinstance(there, Connection):
            if not there.is_connected():
                with suppress(TimeoutError):
                    await there._connection.wait_async(RETURN_SECONDS)
            if there.is_connected():
                if there.channel.id != target.id:
                    await there.move_to(target, timeout=JOIN_SECONDS)
                return there
            await self.leave(target.guild.id)
        made = partial(Connection, taken_out=self._taken_out)
        listening = (voice := self._voices.get(target.guild.id)) is not None and voice.listening
        connection: Connection = await target.connect(cls=made, timeout=JOIN_SECONDS, self_deaf=not listening)
        return connection

    async def leave(self, guild: int) -> None:
        found = self._client.get_guild(guild)
        if found is not None and found.voice_client is not None:
            # discord.py waits for a word of Discord, which does not come where the bot is out already.
            with suppress(*UNREACHED, TimeoutError, RuntimeError):
                async with asyncio.timeout(LEAVE_SECONDS):
                    await found.voice_client.disconnect(force=True)

    async def leave_all(self) -> None:
        """Leaves all voice channels while Discord is still heard, for discord.py waits for its word on each."""
        await asyncio.gather(*(self.leave(each.guild.id) for each in self._client.voice_clients))

    async def tell(self, channel: int, text: str, replies_to: int | None = None) -> None:
        place = self._client.get_partial_messageable(channel)
        content = text[: slash.MESSAGE_CHARACTERS]
        async with _delivered():
            if replies_to is None:
                await place.send(content)
            else:
                answered = discord.MessageReference(
                    message_id=replies_to, channel_id=channel, fail_if_not_exists=False
                )  # fmt: skip
                await place.send(content, reference=answered)

    def guild_language(self, guild: int) -> str | None:
        found = self._client.get_guild(guild)
        return slash.language_in(found) if found else None

    def alone(self, guild: int) -> bool:
        found = self._client.get_guild(guild)
        state = found.me.voice if found else None
        return state is None or state.channel is None or all(member.bot for member in state.channel.members)

    def channel_name(self, channel: int) -> str:
        return f"<#{channel}>"

    def person_name(self, guild: int, person: int) -> str:
        found = self._client.get_guild(guild)
        return (slash.name_in(found, "person", person) if found else None) or f"<@{person}>"

    def _taken_out(self, guild: int) -> None:
        if self._client.bot is not None:
            self._start(self._client.bot.removed(guild))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


@asynccontextmanager
async def _delivered() -> AsyncIterator[None]:
    try:
        yield
    except (discord.HTTPException, aiohttp.ClientError, OSError, RuntimeError) as error:
        raise Undeliverable(type(error).__name__) from None
