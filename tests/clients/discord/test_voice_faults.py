"""Faults of the voice connection while somebody is read out: the talk goes on, or it is told that it does not."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from discord.gateway import DiscordVoiceWebSocket

from clients.discord.frames import Frames
from tests.clients.discord.calls import continuous
from tests.clients.discord.ears import packets
from tests.clients.discord.own_discord import Discord
from tests.clients.discord.program import HIGH, LONG, LOW, bot, endless, join, sounding, speaking
from tests.clients.discord.voice_gateway import CRASHED
from tests.patience import PATIENCE

pytestmark = pytest.mark.clients


async def test_a_talk_goes_on_through_changes_of_the_voice_connection(there: Discord, tmp_path: Path) -> None:
    async with speaking(sounding) as server, bot(there, server, tmp_path):
        first = await join(there)
        await there.write("endless")
        await first.heard(10)
        await there.changes_server()
        second = await there.voice.joined(there.guild, 2)
        await second.heard(10)
        # The server is gone, and its connection with it: discord.py comes in anew.
        await second.close(4006)
        third = await there.voice.joined(there.guild, 3)
        await third.heard(10)
        assert await there.told("skip") == "Skipped."
        await third.silent()
        frames, made = first.frames + second.frames + third.frames, packets(endless())
        # The one that discord.py had taken, and not sent yet, may be lost with the connection.
        rest = iter(made[: len(frames) + 1])
        assert all(frame in rest for frame in frames)
        assert continuous(first.packets + second.packets + third.packets)
        assert not [seen for seen in there.seen if seen.kind == "message"]


async def test_who_is_back_before_the_player_looks_speaks_by_its_sign_too(
    there: Discord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = threading.Event()
    reading.set()
    read = Frames.read

    def held(frames: Frames) -> bytes:
        reading.wait(PATIENCE)
        return read(frames)

    monkeypatch.setattr(Frames, "read", held)
    async with speaking(sounding) as server, bot(there, server, tmp_path):
        first = await join(there)
        await there.write("endless")
        await first.heard(10)
        reading.clear()
        await first.close(4006)
        second = await there.voice.joined(there.guild, 2)
        await there.changes.until(lambda: 1 in second.talks)
        reading.set()
        assert await there.told("skip") == "Skipped."
        await second.silent()


async def test_a_talk_is_resumed_where_its_server_comes_back(there: Discord, tmp_path: Path) -> None:
    async with speaking(sounding) as server, bot(there, server, tmp_path):
        call = await join(there)
        await there.write("long")
        await call.heard(5)
        await call.close(CRASHED)
        await there.write("high")
        assert await call.silent(2) == packets(LONG) + packets(HIGH)
        assert call.resumed == 1 and continuous(call.packets) and len(there.voice.calls) == 1


async def test_a_session_that_its_server_has_forgotten_begins_anew(there: Discord, tmp_path: Path) -> None:
    async with speaking(sounding) as server, bot(there, server, tmp_path):
        call = await join(there)
        await there.write("endless")
        await call.heard(5)
        call.session = "another"
        await call.close(CRASHED)
        anew = await there.voice.joined(there.guild, 2)
        await anew.heard(5)
        assert await there.told("skip") == "Skipped."
        await anew.silent()
        assert call.resumed == 0 and not [seen for seen in there.seen if seen.kind == "message"]


@pytest.mark.parametrize("code", [4006, CRASHED])
async def test_a_voice_server_that_is_not_reached_is_tried_again(there: Discord, tmp_path: Path, code: int) -> None:
    async with speaking(sounding) as server, bot(there, server, tmp_path):
        call = await join(there)
        there.voice.refuses = 2
        await call.close(code)
        await there.changes.until(lambda: there.voice.refuses == 0)
        anew = await there.voice.joined(there.guild, 2)
        await there.write("low")
        assert await anew.silent() == packets(LOW)


async def test_a_way_back_that_breaks_halfway_is_tried_again(
    there: Discord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speak, broken = DiscordVoiceWebSocket.speak, list[int]()

    async def breaks(socket: DiscordVoiceWebSocket, *state: Any) -> None:
        if len(there.voice.calls) == 2:
            broken.append(2)
            raise aiohttp.ClientConnectionResetError("Cannot write to closing transport")
        await speak(socket, *state)

    async with speaking(sounding) as server, bot(there, server, tmp_path):
        call = await join(there)
        monkeypatch.setattr(DiscordVoiceWebSocket, "speak", breaks)
        await call.close(4006)
        anew = await there.voice.joined(there.guild, 3)
        await there.write("low")
        assert await anew.silent() == packets(LOW) and broken


async def test_being_taken_out_is_told_and_the_way_back_is_open(there: Discord, tmp_path: Path) -> None:
    async with speaking(sounding) as server, bot(there, server, tmp_path):
        call = await join(there)
        await there.write("endless")
        await there.write("low")
        await call.heard(5)
        await there.kicks()
        (told,) = await there.until("message")
        assert told.text.startswith("I was taken out of the voice channel. Texts that are not read out: 2.")
        assert "no voice channel" in await there.told("say", text="low")
        back = await join(there)
        await there.write("low")
        assert await back.silent() == packets(LOW) and back is not call


async def test_the_gateway_may_go_and_come_while_somebody_speaks(there: Discord, tmp_path: Path) -> None:
    async with speaking(sounding) as server, bot(there, server, tmp_path):
        call = await join(there)
        await there.write("long")
        await call.heard(5)
        await there.gateway.close(4000)
        await there.write("high")
        await there.gateway.resumed(1)
        assert await call.silent(2) == packets(LONG) + packets(HIGH)
        assert continuous(call.packets) and len(there.voice.calls) == 1
