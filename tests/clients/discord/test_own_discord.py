"""The suite's own Discord does what discord.py expects of Discord: a bare program of that library runs against it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import discord
import pytest
from discord import app_commands

from benchmarks.server import Server
from tests.audio import encoded, tone
from tests.clients.discord.calls import continuous
from tests.clients.discord.ears import packets, spoken, words
from tests.clients.discord.own_discord import Discord, own_discord
from tests.clients.discord.places import ANNA, TOKEN
from tests.patience import PATIENCE

pytestmark = pytest.mark.clients


class Frames(discord.AudioSource):
    def __init__(self, frames: list[bytes]) -> None:
        self._frames: Iterator[bytes] = iter(frames)

    def read(self) -> bytes:
        return next(self._frames, b"")

    def is_opus(self) -> bool:
        return True


class Bare(discord.Client):
    """Two commands, and an answer to greetings."""

    running: asyncio.Task[None]

    def __init__(self, there: Discord, speech_server: Server) -> None:
        intents = discord.Intents.default()
        intents.message_content = True
        super().__init__(intents=intents, connector=there.connector(), guild_ready_timeout=0.1)
        self.tree = app_commands.CommandTree(self)
        self.speech_server = speech_server
        self.tree.command(name="join", description="Joins")(self.join)
        self.tree.command(name="say", description="Speaks")(self.say)

    async def setup_hook(self) -> None:
        await self.tree.sync()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        return  # At once, where discord.py lets five seconds pass before it begins anew.

    async def on_message(self, message: discord.Message) -> None:
        if message.content == "hello":
            await message.channel.send(f"Good morning, {message.author.display_name}.")

    async def join(self, interaction: discord.Interaction, channel: discord.VoiceChannel) -> None:
        await interaction.response.defer()
        await channel.connect(self_deaf=True)
        await interaction.followup.send(f"I am in {channel.name}.")

    async def say(self, interaction: discord.Interaction, text: str) -> None:
        assert interaction.guild is not None
        self.play(interaction.guild.id, packets(await spoken(self.speech_server, text)))
        await interaction.response.send_message("Speaking.", ephemeral=True)

    def play(self, guild: int, frames: list[bytes]) -> None:
        there = self.get_guild(guild)
        assert there is not None and isinstance(there.voice_client, discord.VoiceClient)
        there.voice_client.play(Frames(frames))


@asynccontextmanager
async def bare(folder: Path, speech_server: Server) -> AsyncIterator[tuple[Discord, Bare]]:
    async with asyncio.timeout(PATIENCE), own_discord(folder) as there, Bare(there, speech_server) as program:
        program.running = asyncio.create_task(program.start(TOKEN))
        try:
            yield there, program
            for client in list(program.voice_clients):
                await client.disconnect(force=True)
        finally:
            await program.close()
            await asyncio.gather(program.running, return_exceptions=True)


async def test_a_program_logs_in_joins_and_is_understood(speech_server: Server, tmp_path: Path) -> None:
    async with bare(tmp_path, speech_server) as (there, _):
        assert await there.told("join", channel=there.guild.lounge) == "I am in Lounge."
        text = "The harbour master counted seven ships this morning."
        assert await there.told("say", text=text) == "Speaking."
        call = await there.voice.joined(there.guild)
        frames = await call.silent()
        assert frames == packets(await spoken(speech_server, text))
        assert continuous(call.packets) and not call.faults and not there.voice.strays
        heard = await words(speech_server, frames)
        assert "seven ships this morning" in heard, heard
        await there.write("hello")
        assert (await there.until("message"))[0].text == "Good morning, Anna."


async def test_nobody_between_the_program_and_a_person_understands_them(speech_server: Server, tmp_path: Path) -> None:
    async with bare(tmp_path, speech_server) as (there, program):
        there.voice.person = ANNA
        await there.told("join", channel=there.guild.lounge)
        call = await there.voice.joined(there.guild)
        frames = packets(encoded(tone(1.0, 48_000), "opus", 48_000))
        program.play(there.guild.id, frames)
        assert await call.silent() == frames
        assert call.group is not None and call.group.closed and not call.faults


async def test_the_gateway_resumes_and_begins_anew(speech_server: Server, tmp_path: Path) -> None:
    async with bare(tmp_path, speech_server) as (there, _):
        first = await there.gateway.ready()
        await there.gateway.ask_to_reconnect()
        await there.gateway.resumed(1)
        await there.gateway.close(4000)
        await there.write("hello")
        await there.until("message")
        await there.gateway.resumed(2)
        assert await there.gateway.ready() is first
        await there.gateway.invalidate(resumable=False)
        assert await there.gateway.ready() is not first
        await there.write("hello")
        assert len(await there.until("message", 2)) == 2


async def test_refusals_are_those_of_discord(speech_server: Server, tmp_path: Path) -> None:
    async with bare(tmp_path, speech_server) as (there, program):
        there.rest.refusals.append(("/messages", 429, 0.1))
        await there.write("hello")
        await there.until("message")
        assert [path for _, path in there.rest.calls if path.endswith("/messages")] == 2 * [
            f"/api/v10/channels/{there.guild.text}/messages"
        ]
        there.gateway.token = "another"
        await there.gateway.close(4004)
        with pytest.raises(discord.ConnectionClosed) as closed:
            await program.running
        assert closed.value.code == 4004
    async with asyncio.timeout(PATIENCE), own_discord(tmp_path) as there, Bare(there, speech_server) as program:
        with pytest.raises(discord.LoginFailure):
            await program.login("wrong")
