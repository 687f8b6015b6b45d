"""The bot's connection to a voice channel, by discord.py: Opus frames go out as they are, and packets come in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import discord
from discord.voice_state import VoiceConnectionState

from clients.discord.connecting import ConnectionState
from clients.discord.frames import Frames
from clients.discord.receiving import Receiver

Heard = Callable[[int, bytes], None]
_SPEAKING, _WENT = 5, 13
"""Events of the voice gateway: whose packets carry which number, and who went."""


class FrameSource(discord.AudioSource):
    """Frames as discord.py takes them, without its encoder."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames

    def is_opus(self) -> bool:
        return True

    def read(self) -> bytes:
        return self._frames.read()


class Connection(discord.VoiceClient):
    """discord.py's connection, which tells that somebody took the bot out, and by whom packets come."""

    def __init__(self, client: Any, channel: Any, taken_out: Callable[[int], None]) -> None:
        self.people: dict[int, int] = {}
        """People by the number of their packets (SSRC)."""
        self._taken_out = taken_out
        self._receiver: Receiver | None = None
        super().__init__(client, channel)

    def create_connection_state(self) -> VoiceConnectionState:
        return ConnectionState(self, hook=self._told)

    async def on_voice_state_update(self, data: Any) -> None:
        # A connection that is made anew goes out by itself before it comes in again.
        if data["channel_id"] is None and not self._connection._expecting_disconnect:
            self._taken_out(self.guild.id)
        await super().on_voice_state_update(data)

    async def _told(self, socket: Any, message: dict[str, Any]) -> None:
        content = message.get("d")
        if message["op"] == _SPEAKING and content:
            self.people[int(content["ssrc"])] = int(content["user_id"])
            if self._receiver is not None:
                self._receiver.known(int(content["ssrc"]))
        elif message["op"] == _WENT and content:
            went = int(content["user_id"])
            self.people = {source: person for source, person in self.people.items() if person != went}

    def hear(self, heard: Heard | None) -> None:
        if self._receiver is not None:
            self._connection.remove_socket_listener(self._receiver)
            self._receiver = None
        if heard is not None:
            self._receiver = Receiver(self, heard)
            self._connection.add_socket_listener(self._receiver)


class GuildVoice:
    """The bot's voice in a guild, over however many connections."""

    def __init__(self) -> None:
        self._connection: Connection | None = None
        self._heard: Heard | None = None

    @property
    def listening(self) -> bool:
        return self._heard is not None

    def use(self, connection: Connection) -> None:
        if connection is not self._connection:
            self._connection = connection
            connection.hear(self._heard)

    async def play(self, frames: Frames) -> None:
        connection, loop = self._connection, asyncio.get_running_loop()
        ended = asyncio.Event()

        def after(error: Exception | None) -> None:
            loop.call_soon_threadsafe(ended.set)

        if connection is None:
            return
        try:
            connection.play(FrameSource(frames), after=after)
        except discord.ClientException:
            # It is not connected, which whoever asks finds out from the frames.
            return
        try:
            await ended.wait()
        finally:
            if connection.is_playing():
                connection.stop()

    async def hear(self, heard: Heard | None) -> None:
        """Hands on what people say. Everybody sees by the bot's sign whether it is deaf."""
        self._heard = heard
        connection = self._connection
        if connection is not None and connection.is_connected():
            connection.hear(heard)
            # Where Discord does not hear it, the connection is going, and the next one begins as it should.
            with suppress(discord.ConnectionClosed, OSError, RuntimeError):
                await connection.guild.change_voice_state(channel=connection.channel, self_deaf=heard is None)
