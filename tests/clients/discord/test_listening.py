"""Listening: only where it is allowed, switched on and announced; what is said is cut at pauses and written down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from clients.chat.speech import ServerFailed
from clients.discord import listening
from clients.discord.ogg import OpusPackets
from clients.discord.texts import sentence
from tests.clients.discord.in_memory import BEN, GUILD, TEXT, Scene, frames_of


@pytest.fixture
async def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    monkeypatch.setattr(listening, "PAUSE_SECONDS", 0.0)
    scene = Scene(tmp_path, listening=True)
    scene.discord.voice.go.set()
    await scene.ask("join")
    yield scene
    await scene.end()


def says(scene: Scene, packets: list[bytes], person: int = 7) -> None:
    assert scene.discord.voice.heard is not None
    for packet in packets:
        scene.discord.voice.heard(person, packet)


async def test_it_does_not_listen_unless_the_settings_allow_it(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    await scene.ask("join")
    assert await scene.ask("listen", "on") == sentence("en", "listening_not_allowed")
    assert scene.discord.voice.heard is None
    await scene.end()


async def test_nor_unless_a_manager_switches_it_on(scene: Scene) -> None:
    assert await scene.ask("listen", "on", BEN) == sentence("de", "listening_is_for_managers")
    assert scene.discord.voice.heard is None
    assert await scene.ask("listen", "off") == sentence("en", "not_listening")


async def test_it_says_so_aloud_before_it_hears_anything(scene: Scene) -> None:
    scene.discord.voice.go.clear()
    asking = asyncio.create_task(scene.ask("listen", "on"))
    await scene.until(lambda: scene.server.spoken)
    assert scene.discord.voice.heard is None
    assert await scene.ask("skip") == sentence("en", "must_be_heard")
    scene.discord.voice.go.set()
    assert await asking == sentence("en", "listening_on")
    assert scene.discord.voice.heard is not None
    assert [text for text, _, _ in scene.server.spoken] == [sentence("en", "listening_aloud")]
    assert await scene.ask("listen", "off") == sentence("en", "listening_off")
    assert scene.discord.voice.heard is None


@pytest.mark.parametrize("way", ["the server fails", "stop"])
async def test_where_it_cannot_say_so_it_does_not_listen(scene: Scene, way: str) -> None:
    if way == "stop":
        scene.discord.voice.go.clear()
        asking = asyncio.create_task(scene.ask("listen", "on"))
        await scene.until(lambda: scene.server.spoken)
        await scene.ask("stop")
        scene.discord.voice.go.set()
    else:
        scene.server.answers.append(ServerFailed("failed", "no"))
        asking = asyncio.create_task(scene.ask("listen", "on"))
    assert await asking == sentence("en", "listening_not_announced")
    assert scene.discord.voice.heard is None


async def test_who_comes_is_told_before_they_are_heard(scene: Scene) -> None:
    await scene.ask("listen", "on")
    scene.discord.voice.go.clear()
    coming = asyncio.create_task(scene.bot.came(GUILD, 8))
    await scene.until(lambda: len(scene.server.spoken) == 2)
    says(scene, frames_of("unaware", 30), person=8)
    says(scene, frames_of("aware", 30), person=7)
    await scene.until(lambda: scene.server.listened)
    scene.discord.voice.go.set()
    await coming
    says(scene, frames_of("aware", 30), person=8)
    await scene.until(lambda: len(scene.server.listened) == 2)
    assert [subject for _, subject in scene.server.listened] == ["discord:7", "discord:8"]


async def test_who_comes_and_cannot_be_told_ends_it(scene: Scene) -> None:
    await scene.ask("listen", "on")
    scene.server.answers.append(ServerFailed("failed", "no"))
    await scene.bot.came(GUILD, 8)
    assert scene.discord.voice.heard is None
    assert scene.discord.told[-1] == (TEXT, sentence("en", "listening_not_announced"), None)


@pytest.mark.parametrize("way", ["join", "moved", "removed", "lost", "unbound", "forgotten"])
async def test_it_ends_with_the_voice_channel_in_which_it_was_announced(scene: Scene, way: str) -> None:
    await scene.ask("listen", "on")
    if way == "join":
        await scene.ask("join", place=13)
    elif way == "moved":
        await scene.bot.moved(GUILD, 13)
    elif way == "removed":
        await scene.bot.removed(GUILD)
    elif way == "lost":
        scene.discord.voice.breaks.append(3)
        scene.discord.missing = "no_voice"
        scene.write("text")
        await scene.until(lambda: scene.discord.left)
    elif way == "unbound":
        await scene.bot.channel_gone(GUILD, TEXT)
    else:
        await scene.bot.guild_gone(GUILD)
    assert scene.discord.voice.heard is None
    assert await scene.ask("listen", "off") in (sentence("en", "not_listening"), sentence("en", "not_joined"))
    if way not in ("unbound", "forgotten"):
        assert sentence("en", "listening_off") in [text for _, text, _ in scene.discord.told]


async def test_what_is_said_is_written_down_with_its_name(scene: Scene) -> None:
    await scene.ask("listen", "on")
    scene.server.heard = "*see* <@1> there"
    said = frames_of("speech", 30)
    says(scene, said)
    await scene.until(lambda: scene.discord.told)
    assert scene.discord.told == [(TEXT, r"**Anna**: \*see\* \<@1\> there", None)]
    ((file, subject),) = scene.server.listened
    assert (OpusPackets().feed(file), subject) == (said, "discord:7")


async def test_a_cough_is_not_heard_and_a_long_speech_is_cut(scene: Scene) -> None:
    await scene.ask("listen", "on")
    says(scene, frames_of("cough", 5), person=8)
    says(scene, frames_of("long", 1600))
    await scene.until(lambda: len(scene.server.listened) == 2)
    assert [len(OpusPackets().feed(file)) for file, _ in scene.server.listened] == [1500, 100]


async def test_what_was_said_before_the_end_is_written_down(scene: Scene) -> None:
    await scene.ask("listen", "on")
    says(scene, frames_of("speech", 30))
    await scene.ask("leave")
    await scene.until(lambda: len(scene.discord.told) == 2)
    assert [text for _, text, _ in scene.discord.told] == [sentence("en", "listening_off"), "**Anna**: what was said"]


async def test_a_server_that_does_not_hear_is_told_once_until_it_does(scene: Scene) -> None:
    await scene.ask("listen", "on")
    for count, heard in enumerate(("", "", "again", ""), 1):
        scene.server.heard = heard
        says(scene, frames_of("speech", 30))
        await scene.until(partial(lambda count: len(scene.server.listened) == count, count))
    await scene.until(lambda: len(scene.discord.told) == 3)
    failed = sentence("en", "listening_failed")
    assert [text for _, text, _ in scene.discord.told] == [failed, "**Anna**: again", failed]


async def test_who_comes_while_it_is_announced_is_told_once_more(scene: Scene) -> None:
    scene.discord.voice.go.clear()
    asking = asyncio.create_task(scene.ask("listen", "on"))
    await scene.until(lambda: scene.server.spoken)
    coming = asyncio.create_task(scene.bot.came(GUILD, 8))
    await scene.until(lambda: scene.accepted() == 2)
    scene.discord.voice.go.set()
    assert await asking == sentence("en", "listening_on")
    await coming
    assert len(scene.server.spoken) == 2
    says(scene, frames_of("aware", 30), person=8)
    await scene.until(lambda: scene.server.listened)


async def test_it_does_not_listen_where_it_was_taken_meanwhile(scene: Scene) -> None:
    scene.discord.voice.go.clear()
    asking = asyncio.create_task(scene.ask("listen", "on"))
    await scene.until(lambda: scene.server.spoken)
    await scene.bot.moved(GUILD, 13)
    scene.discord.voice.go.set()
    assert await asking == sentence("en", "listening_not_announced")
    assert scene.discord.voice.heard is None


async def test_packets_that_are_too_large_or_of_too_many_are_passed_over(scene: Scene) -> None:
    await scene.ask("listen", "on")
    says(scene, [bytes(2000), b""] * 30)
    for person in range(listening.MOST_PEOPLE + 5):
        says(scene, frames_of("a", 1), person)
    for person in range(listening.MOST_PEOPLE + 5):
        says(scene, frames_of("speech", 20), person)
    await scene.ask("listen", "off")
    await scene.until(lambda: len(scene.server.listened) >= listening.WAITING)
    assert len(scene.server.listened) <= listening.MOST_PEOPLE
