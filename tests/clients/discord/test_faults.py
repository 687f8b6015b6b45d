"""Faults on either side of the bot on Discord: told in words, nothing lost that was accepted, and no stutter."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest
from aiohttp import web

from clients.chat.starting import Rejected
from clients.discord.platform import NO_TOKEN
from clients.discord.running import run
from tests.clients.discord.calls import continuous
from tests.clients.discord.ears import packets
from tests.clients.discord.own_discord import Discord
from tests.clients.discord.places import ANNA, BEN, BOT, TOKEN
from tests.clients.discord.program import HIGH, LONG, LOW, bot, endless, join, settings, sounding, speaking
from tests.patience import PATIENCE

pytestmark = pytest.mark.clients


async def test_texts_wait_in_a_line_and_are_skipped_and_stopped(there: Discord, tmp_path: Path) -> None:
    async with speaking(sounding) as server, bot(there, server, tmp_path):
        call = await join(there)
        assert await there.told("queue") == "Nothing waits."
        assert await there.told("skip") == "Nothing is being read."
        await there.write("endless")
        await call.heard(5)
        for person, text in ((BEN, "high"), (ANNA, "endless"), (BEN, "low")):
            await there.told("say", person=person, text=text)
        assert await there.told("queue") == "▶ Anna: endless\n1. Ben: high\n2. Anna: endless\n3. Ben: low"
        assert await there.told("skip") == "Skipped."
        high = packets(HIGH)
        await call.changes.until(lambda: high[-1] in call.frames)
        assert (await there.told("stop")).startswith("Stopped. Not read out to the end: ")
        frames = await call.silent(2)
        spoken = frames[: frames.index(high[0])]
        assert spoken == packets(endless())[: len(spoken)]
        assert continuous(call.packets)


async def test_two_guilds_hear_each_their_own(there: Discord, tmp_path: Path) -> None:
    one, other = there.guilds
    async with speaking(sounding) as server, bot(there, server, tmp_path):
        first, second = await join(there, one), await join(there, other)
        await there.write("low", one)
        await there.write("high", other)
        assert await first.silent() == packets(LOW)
        assert await second.silent() == packets(HIGH)
        assert "left" in await there.told("leave", other)
        await there.write("high", other)
        await there.write("low", one)
        assert await first.silent(2) == 2 * packets(LOW)
        assert second.frames == packets(HIGH)


async def test_a_flood_is_refused_once_and_what_was_accepted_is_read_out(there: Discord, tmp_path: Path) -> None:
    go = asyncio.Event()
    asked: list[tuple[str, str]] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        await go.wait()
        asked.append(((await request.json())["text"], request.headers["X-Subject"]))
        return await sounding(request)

    async with speaking(answer) as server, bot(there, server, tmp_path, waiting_each=3):
        call = await join(there)
        for number in range(30):
            await there.write(f"Number {number}")
        await there.write("Mine", person=BEN)
        (told,) = await there.until("message")
        assert (
            told.text == "3 of your texts wait already. This one and what you send until one is done are not read out."
        )
        assert told.channel == there.guild.text
        await there.told("queue")
        go.set()
        await call.silent(5)
        anna, ben = f"discord:{ANNA.id}", f"discord:{BEN.id}"
        assert asked == [*[(f"Number {number}", anna) for number in range(4)], ("Mine", ben)]
        assert len(await there.until("message")) == 1


async def test_hostile_texts_call_nobody_and_break_nothing(there: Discord, tmp_path: Path) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append((await request.json())["text"])
        return await sounding(request)

    hostile = (
        "@everyone ||hidden|| **loud**",
        "\u202etxet\u202c \u200b\ufeff",
        "```\nrm -rf /\n```",
        "<@1> <#2> <:x:3>",
    )
    async with speaking(answer) as server, bot(there, server, tmp_path, text_characters=100):
        call = await join(there)
        for text in ("", " ", "\u200b", "||", "words" + " and words" * 10, *hostile):
            await there.write(text)
        await call.silent(len(hostile))
        assert len(asked) == len(hostile), asked
        assert "hidden" not in asked[0] and "rm" not in asked[2]
        without_words, told = await there.until("message", 2)
        assert without_words.text == "There is no text to read."
        assert "105 characters; 100 are allowed" in told.text and told.mentions.get("parse") == []
        assert "@everyone" in await there.told("voice", name="@everyone <@1>")
        assert all(seen.mentions.get("parse", []) == [] for seen in there.seen)


async def test_an_answer_that_breaks_off_or_is_late_goes_on_where_it_was(there: Discord, tmp_path: Path) -> None:
    tries: list[int] = []
    heard = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        tries.append(1)
        stream = web.StreamResponse()
        await stream.prepare(request)
        if len(tries) == 1:
            await stream.write(LONG[: len(LONG) // 3])
            assert request.transport is not None
            request.transport.close()
        elif len(tries) == 2:
            await stream.write(LONG[: len(LONG) // 2])
            await heard.wait()  # All of it has been played by then: the rest is late.
            await stream.write(LONG[len(LONG) // 2 :])
        return stream

    async with speaking(answer) as server, bot(there, server, tmp_path):
        call = await join(there)
        await there.write("long")
        # Silence in the middle of it: what had come is played.
        await call.changes.until(lambda: len(call.packets) > len(call.frames) > 0)
        heard.set()
        assert await call.silent() == packets(LONG)
        assert continuous(call.packets) and len(tries) == 2 and call.talks.count(1) == 1


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (401, "unauthorized", "does not take the bot's key"),
        (429, "quota_exceeded", "There is more in 60 s"),
        (500, "internal_error", "failed at this"),
        (422, "invalid_text", "nothing in this text"),
        (422, "unknown_voice", "refuses this: So it is."),
    ],
)
async def test_errors_of_the_server_are_told(
    there: Discord, tmp_path: Path, status: int, code: str, words: str
) -> None:
    async def answer(request: web.Request) -> web.Response:
        told = {"detail": "So it is.", "code": code}
        return web.json_response(told, status=status, headers={"Retry-After": "60"})

    async with speaking(answer) as server, bot(there, server, tmp_path):
        await join(there)
        there.rest.refusals.append(("/messages", 429, 0.1))
        await there.write("Hello.")
        (told,) = await there.until("message")
        assert words in told.text


async def test_a_server_that_is_down_is_told(there: Discord, tmp_path: Path, unused_tcp_port: int) -> None:
    never = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        await never.wait()
        return web.Response()

    async with speaking(answer) as server, bot(there, server, tmp_path, deadline=0.5, stop_seconds=1.0):
        await join(there)
        await there.write("Hello.")
        assert "did not answer in time" in (await there.until("message"))[0].text
        never.set()


async def test_a_channel_that_may_not_be_joined_is_told(there: Discord, tmp_path: Path) -> None:
    there.guild.forbidden.add(there.guild.lounge)
    async with speaking(sounding) as server, bot(there, server, tmp_path):
        assert "Go into a voice channel first" in await there.told("join")
        await there.enters()
        assert "permission" in await there.told("join")
        assert BOT.id not in there.guild.voices


async def test_a_wrong_token_and_one_that_is_revoked(
    there: Discord, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    given = settings("http://127.0.0.1:1", tmp_path, token="wrong." + TOKEN)
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(Rejected, match="does not know the token") as refused:
            await run(given, lambda _: None, asyncio.Event(), there.connector)
        assert str(refused.value) == NO_TOKEN
        ready = asyncio.Event()
        running = asyncio.create_task(
            run(settings("http://127.0.0.1:1", tmp_path), lambda _: ready.set(), asyncio.Event(), there.connector)
        )
        await ready.wait()
        there.gateway.token = "another"
        await there.gateway.close(4004)
        with pytest.raises(Rejected):
            await running
    assert TOKEN not in caplog.text
