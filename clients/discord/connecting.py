"""The way into a voice channel and back into it, by discord.py, without what that gets wrong on the way back."""

from __future__ import annotations

import asyncio
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import aiohttp
import discord
from discord.enums import SpeakingState
from discord.gateway import DiscordVoiceWebSocket
from discord.voice_state import ConnectionFlowState, SocketReader, VoiceConnectionState

_NOT_REACHED = 1006
"""The WebSocket protocol's number for a connection that broke without being closed."""
_AGAIN_SECONDS = 0.1
"""How long the reader waits for another socket before it looks at what it has."""


class Reader(SocketReader):
    """The thread that reads what Discord sends, which goes over to another socket as soon as there is one.

    discord.py's own waits for half a minute on the former one: a socket that is closed wakes nobody for certain.
    """

    def __init__(self, state: VoiceConnectionState) -> None:
        super().__init__(state)
        self._waking, self._woken = socket.socketpair()
        self._waking.setblocking(False)
        self._woken.setblocking(False)

    def wake(self) -> None:
        # A pair that is full wakes as well, and one that is closed has nobody to wake.
        with suppress(OSError):
            self._waking.send(b"!")

    def stop(self) -> None:
        super().stop()
        self.wake()

    def run(self) -> None:
        with self._waking, self._woken:
            super().run()

    def _do_run(self) -> None:
        while not self._end.is_set():
            self._running.wait()
            try:
                readable, _, _ = select.select([self.state.socket, self._woken], [], [])
                if self._woken in readable:
                    self._woken.recv(1_024)
                if self.state.socket in readable:
                    self._hand_on(self.state.socket.recv(2_048))
            except (ValueError, TypeError, OSError):
                # There is no socket at the moment, or it was closed just now.
                select.select([self._woken], [], [], _AGAIN_SECONDS)

    def _hand_on(self, packet: bytes) -> None:
        for callback in list(self._callbacks):
            # One of discord.py's own takes it that a packet has two bytes, and a loop may have ended.
            with suppress(LookupError, RuntimeError):
                callback(packet)


class ConnectionState(VoiceConnectionState):
    """discord.py's states of a connection. Its private methods are overridden: requirements/discord.txt bounds it."""

    _socket_reader: Reader
    ws: DiscordVoiceWebSocket

    def __init__(self, voice_client: Any, hook: Any) -> None:
        super().__init__(voice_client, hook=hook)
        self._socket_reader.stop()
        self._socket_reader = Reader(self)
        self._socket_reader.start()

    def _create_socket(self) -> None:
        super()._create_socket()
        self._socket_reader.wake()

    async def _wait_for_state(self, state: Any, *other_states: Any, timeout: float | None = None) -> None:  # noqa: ASYNC109
        # discord.py begins to wait a turn of the loop after it has looked: a state that comes in between is missed.
        async with asyncio.timeout(timeout):
            while self.state not in (state, *other_states):
                await self._state_event.wait()

    async def _inner_connect(self, reconnect: bool, self_deaf: bool, self_mute: bool, resume: bool) -> None:
        if not resume:
            await super()._inner_connect(reconnect, self_deaf, self_mute, resume)
            return
        try:
            await self._resume()
        except discord.ConnectionClosed:
            await self.disconnect(cleanup=False)
            await super()._inner_connect(reconnect, self_deaf, self_mute, resume=False)

    async def _resume(self) -> None:
        """Goes on with the session and its key, where discord.py waits for another one, which nobody tells it.

        A session that Discord no longer knows is closed by it, and discord.py comes in anew.
        """
        previous = self.ws
        self.ws = await self._connect_websocket(resume=True)
        self.ws.secret_key = self.secret_key
        self.state = ConnectionFlowState.connected
        await previous.close()

    async def _connect_websocket(self, resume: bool) -> DiscordVoiceWebSocket:
        with self._broken_is_closed():
            return await super()._connect_websocket(resume)

    async def _handshake_websocket(self) -> None:
        with self._broken_is_closed():
            await super()._handshake_websocket()
            # The player tells it only if it has seen that the connection was away, and looks once in 20 ms.
            if self.voice_client.is_playing():
                await self.ws.speak(SpeakingState.voice)

    @contextmanager
    def _broken_is_closed(self) -> Iterator[None]:
        """On the way back discord.py tries again after a closed connection alone, and is out for good after any other
        error of the network."""
        try:
            yield
        except (aiohttp.ClientError, OSError) as error:
            if not self._runner:
                raise
            raise discord.ConnectionClosed(None, shard_id=None, code=_NOT_REACHED) from error
