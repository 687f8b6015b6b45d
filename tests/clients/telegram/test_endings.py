"""Ends of the bot: by another one on its token or in its folder, by a token that is revoked, and before all is done."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from clients.chat.starting import Rejected
from clients.telegram.running import run
from clients.telegram.settings import FRAMEWORKS, MTPROTO
from tests.clients.telegram.bot_api_server import bot_api
from tests.clients.telegram.connected import connected, running, settings
from tests.clients.telegram.in_memory import InMemory
from tests.clients.telegram.speech_stub import speaking

pytestmark = pytest.mark.clients
BOT_API = tuple(name for name in FRAMEWORKS if name not in MTPROTO)


@pytest.fixture(params=FRAMEWORKS)
def framework(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("name", BOT_API)
async def test_of_two_bots_on_one_token_one_ends_and_the_other_goes_on(name: str, tmp_path: Path) -> None:
    async with speaking() as stub, bot_api() as people:
        given = settings(name, stub.address, tmp_path / "first", api=people.address)
        first = asyncio.create_task(run(given, lambda _: None, asyncio.Event()))
        await people.asked(1)
        other = settings(name, stub.address, tmp_path / "second", api=people.address)
        async with running(other):
            with pytest.raises(Rejected, match="Another program"):
                await first
            await people.write("Hello.")
            await people.until("voice")
            assert await people.told("/speed 2") == "Speed: 2×"
        assert stub.spoken == ["Hello."]


async def test_a_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    given = settings("aiogram", "http://127.0.0.1:1", tmp_path / "file" / "data")
    with pytest.raises(Rejected, match="cannot be written"):
        await run(given, lambda _: None, asyncio.Event(), InMemory())  # type: ignore[arg-type]


async def test_a_message_that_nobody_has_looked_at_yet_is_stopped_and_counted(tmp_path: Path) -> None:
    async with speaking() as stub, connected("aiogram", stub.address, tmp_path) as people:
        stub.go.clear()
        await people.write("Hello.")
        assert await people.told("/cancel") == "Stopped: 1."
        stub.go.set()
    assert stub.spoken == []


async def test_a_server_that_does_not_say_who_replies_is_talked_to_all_the_same(tmp_path: Path) -> None:
    async with speaking() as stub, connected("aiogram", stub.address, tmp_path) as people:
        assert "is answered" in await people.told("/talk")


async def test_two_bots_have_a_folder_each(framework: str, tmp_path: Path) -> None:
    async with speaking() as stub, connected(framework, stub.address, tmp_path):
        given = settings(framework, stub.address, tmp_path)
        with pytest.raises(Rejected, match="one of its own"):
            await run(given, lambda _: None, asyncio.Event(), InMemory())  # type: ignore[arg-type]


@pytest.mark.parametrize("name", BOT_API)
async def test_a_token_that_is_revoked_ends_a_bot_that_is_called(
    name: str, tmp_path: Path, unused_tcp_port: int
) -> None:
    listens = f"127.0.0.1:{unused_tcp_port}"
    hook = {"webhook": f"https://{listens}", "webhook_listen": listens, "webhook_secret": "hush"}
    async with speaking() as stub, bot_api() as people:
        given = settings(name, stub.address, tmp_path, api=people.address, **hook)
        bot = asyncio.create_task(run(given, lambda _: None, asyncio.Event()))
        await people.is_called()
        people.token = "other"
        await people.write("/speed 2")
        with pytest.raises(Rejected, match="revoked"):
            await bot


async def test_who_is_not_answered_before_the_end_is_told_so(framework: str, tmp_path: Path) -> None:
    async with speaking() as stub:
        stub.go.clear()
        async with connected(framework, stub.address, tmp_path, stop_seconds=0.0) as people:
            await people.write("Hello.")
            await people.until("action")
        assert "Send it again in a minute" in (await people.until("text"))[-1].text
        stub.go.set()
