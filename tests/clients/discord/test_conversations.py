"""Conversations of people with the bot on the suite's own Discord: its commands, and what is heard in the channel."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.server import Server
from tests.clients.discord.calls import continuous
from tests.clients.discord.ears import packets, spoken, words
from tests.clients.discord.own_discord import Discord
from tests.clients.discord.places import ANNA, BEN, BOT
from tests.clients.discord.program import bot, join

pytestmark = pytest.mark.clients


@pytest.mark.parametrize("closed", [False, True], ids=["plain", "end_to_end"])
async def test_texts_are_read_out_as_the_server_made_them(
    speech_server: Server, there: Discord, tmp_path: Path, closed: bool
) -> None:
    there.voice.person = ANNA if closed else None
    async with bot(there, speech_server, tmp_path):
        call = await join(there)
        said, written = "Five lanterns were lit.", "The harbour is quiet tonight."
        assert await there.told("say", text=said) == "It is read out in its turn."
        await there.write(written)
        frames = await call.silent(2)
        first = packets(await spoken(speech_server, said))
        assert frames == first + packets(await spoken(speech_server, written))
        assert continuous(call.packets) and not call.faults and not there.voice.strays
        if not closed:
            assert "lanterns" in await words(speech_server, frames[: len(first)])
            assert "quiet tonight" in await words(speech_server, frames[len(first) :])
        assert await there.told("leave") == "I have left the voice channel."
        assert BOT.id not in there.guild.voices
        assert "no voice channel" in await there.told("say", text=said)
    assert {seen.kind for seen in there.seen} == {"thinking", "edit"}


async def test_each_person_has_a_voice(speech_server: Server, there: Discord, tmp_path: Path) -> None:
    async with bot(there, speech_server, tmp_path):
        call = await join(there)
        offered = re.match(r"\d+ voices speak “en”: Heart, ([^,]+)", await there.told("voice"))
        assert offered is not None
        another = offered[1]
        assert await there.told("voice", person=BEN, name=another) == f"Your voice: {another}"
        assert await there.told("speed", speed=1.5) == "Your speed: 1.5×"
        assert "There is no voice" in await there.told("voice", name="Nobody at all")
        await there.write("Good evening.", person=BEN)
        await there.write("Good evening.")
        frames = await call.silent(2)
        assert frames == packets(await spoken(speech_server, "Good evening.", voice=another)) + packets(
            await spoken(speech_server, "Good evening.", speed=1.5)
        )
        assert await there.told("language", language="de") == "Deine Sprache: Deutsch"
