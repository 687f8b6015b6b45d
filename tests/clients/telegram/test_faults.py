"""Faults on either side of the bot: told in words, nothing lost that was accepted, and no secret in a log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from benchmarks.server import Server
from clients.chat.queues import ChatQueues
from clients.chat.starting import Rejected
from clients.telegram.running import run
from clients.telegram.settings import FRAMEWORKS, MTPROTO
from tests.clients.telegram import mtproto_clients
from tests.clients.telegram.bot_api_server import BotAPI, bot_api
from tests.clients.telegram.connected import connected, settings
from tests.clients.telegram.people import TOKEN, Recording
from tests.clients.telegram.speech_stub import ANSWER, ogg
from tests.patience import PATIENCE

pytestmark = pytest.mark.clients
BOT_API = tuple(name for name in FRAMEWORKS if name not in MTPROTO)


@pytest.fixture(params=FRAMEWORKS)
def framework(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@asynccontextmanager
async def speaking(answer: Any) -> AsyncIterator[str]:
    """A speech server that answers as a test says."""

    async def nothing(request: web.Request) -> web.Response:
        return web.json_response([])

    app = web.Application()
    app.router.add_get("/voices", nothing)
    app.router.add_get("/engines", nothing)
    app.router.add_post("/tts", answer)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


async def test_a_server_that_is_down_is_told(framework: str, tmp_path: Path, unused_tcp_port: int) -> None:
    server = f"http://127.0.0.1:{unused_tcp_port}"
    async with connected(framework, server, tmp_path, deadline=1.0) as people:
        assert "longer than 1 s" in await people.told("Hello.")


async def test_a_server_that_restarts_in_mid_answer_costs_a_moment(tmp_path: Path) -> None:
    tries: list[int] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        tries.append(1)
        if len(tries) == 1:
            head = web.StreamResponse(headers={"Content-Length": "1000"})
            await head.prepare(request)
            await head.write(b"OggS")
            assert request.transport is not None
            request.transport.close()
            return head
        if len(tries) == 2:
            return web.json_response({"detail": "The server starts.", "code": "starting"}, status=503)
        return web.Response(body=ogg(), content_type="audio/ogg", headers=ANSWER)

    async with speaking(answer) as server, connected("aiogram", server, tmp_path) as people:
        await people.write("Hello.")
        (note,) = await people.until("voice")
        assert note.audio == ogg() and len(tries) == 3


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (401, "unauthorized", "does not take the bot's key"),
        (429, "quota_exceeded", "There is more in 60 s"),
        (500, "internal_error", "failed at this"),
        (429, "too_many_requests", "too much at a time"),
        (422, "invalid_text", "nothing in this text"),
        (422, "unknown_voice", "refuses this: So it is."),
    ],
)
async def test_errors_of_the_server_are_told(tmp_path: Path, status: int, code: str, words: str) -> None:
    async def answer(request: web.Request) -> web.Response:
        told = {"detail": "So it is.", "code": code}
        return web.json_response(told, status=status, headers={"Retry-After": "60"})

    async with speaking(answer) as server, connected("aiogram", server, tmp_path) as people:
        assert words in await people.told("Hello.")


async def test_a_flood_is_refused_once_and_what_was_accepted_comes_in_order(tmp_path: Path) -> None:
    go = asyncio.Event()
    spoken: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        await go.wait()
        spoken.append((await request.json())["text"])
        return web.Response(body=ogg(), content_type="audio/ogg", headers=ANSWER)

    async with speaking(answer) as server, connected("aiogram", server, tmp_path) as people:
        for number in range(10):
            await people.write(f"Number {number}.")
        # A command waits for no work: its answer says that all before it have been looked at.
        await people.write("/speed 1")
        await people.until("text", 2)
        go.set()
        await people.until("voice", 4)
        told = [seen.text for seen in people.seen if seen.kind == "text"]
        assert "messages of this chat" in told[0] and told[1:] == ["Speed: 1×"]
        assert spoken == [f"Number {number}." for number in range(4)]


async def test_a_stop_finishes_what_was_accepted(
    framework: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = asyncio.Event()
    close = ChatQueues.close

    async def closing(queues: ChatQueues, seconds: float) -> int:
        ends.set()
        return await close(queues, seconds)

    async def answer(request: web.Request) -> web.Response:
        await ends.wait()
        return web.Response(body=ogg(), content_type="audio/ogg", headers=ANSWER)

    monkeypatch.setattr(ChatQueues, "close", closing)
    async with speaking(answer) as server:
        async with connected(framework, server, tmp_path, stop_seconds=PATIENCE) as people:
            for text in ("One.", "Two."):
                await people.write(text)
            assert await people.told("/speed 1") == "Speed: 1×"
        assert [seen.kind for seen in people.seen if seen.kind == "voice"] == ["voice", "voice"]


async def test_files_that_an_ended_bot_left_are_gone_and_names_are_no_paths(
    speech_server: Server, framework: str, tmp_path: Path
) -> None:
    left = tmp_path / "recordings" / "left"
    left.parent.mkdir()
    left.write_bytes(b"sound")
    hostile = Recording(b"no sound" * 100, "document", "audio/ogg", "../../../etc/passwd.ogg")
    async with connected(framework, speech_server, tmp_path) as people:
        assert "no recording in this file" in await people.told(recording=hostile)
    assert list(left.parent.iterdir()) == []


@pytest.mark.parametrize("name", BOT_API)
async def test_a_wrong_token_and_a_second_bot_are_rejected(name: str, tmp_path: Path) -> None:
    async with bot_api() as people:
        for token, words in {"9:wrong": "does not know", "wrong": "form"}.items():
            given = settings(name, "http://127.0.0.1:1", tmp_path, api=people.address, token=token)
            with pytest.raises(Rejected, match=words):
                await run(given, lambda _: None, asyncio.Event())
        people.refusals.append(("getUpdates", 409, {"description": "Conflict"}))
        with pytest.raises(Rejected, match="Another program"):
            await run(
                settings(name, "http://127.0.0.1:1", tmp_path, api=people.address), lambda _: None, asyncio.Event()
            )


@pytest.mark.parametrize("name", MTPROTO)
async def test_a_wrong_or_revoked_token_of_mtproto_is_rejected(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = settings(name, "http://127.0.0.1:1", tmp_path)
    people, messenger = getattr(mtproto_clients, name)(given)
    people.token = "other"
    with pytest.raises(Rejected, match="does not know"):
        await run(given, lambda _: None, asyncio.Event(), messenger)
    monkeypatch.setattr("clients.telegram.adapters.mtproto.WATCH_SECONDS", 0.05)
    # Telegram ends a session whose key is used from two places.
    for why, words in {"revoked": "does not know", "duplicated": "Another program"}.items():
        people, messenger = getattr(mtproto_clients, name)(given)

        def end(_: str, people: Any = people, why: str = why) -> None:
            people.ended = why

        with pytest.raises(Rejected, match=words):
            async with asyncio.timeout(PATIENCE):
                await run(given, end, asyncio.Event(), messenger)
    assert (tmp_path / "sessions").stat().st_mode & 0o077 == 0
    with pytest.raises(Rejected, match="form"):
        getattr(mtproto_clients, name)(settings(name, "http://127.0.0.1:1", tmp_path, token="wrong"))


@pytest.mark.parametrize("name", BOT_API)
async def test_by_webhook_it_hears_who_knows_the_secret_alone(
    speech_server: Server, name: str, tmp_path: Path, unused_tcp_port: int
) -> None:
    listens = f"127.0.0.1:{unused_tcp_port}"
    hook = {"webhook": f"https://{listens}", "webhook_listen": listens, "webhook_secret": "hush"}
    async with connected(name, speech_server, tmp_path, **hook) as people:
        assert isinstance(people, BotAPI)
        await people.is_called()
        # What cannot be read is passed over, or Telegram would bring it for ever; what is no news is refused.
        strange = {"update_id": 76, "message": {"message_id": "x", "chat": 5}}
        assert [await people.call(each, "hush") for each in (strange, [1], {})] == [200, 400, 400]
        assert await people.call(strange, "\u00e9") == 403
        assert people.webhook["url"] == f"https://{listens}/telegram"
        assert await people.told("/speed 2") == "Speed: 2×"
        update = {"update_id": 77, "message": people.message(7, 900, text="/speed 3")}
        assert [await people.call(update, secret) for secret in ("wrong", None)] == [403, 403]
        assert len(await people.until("text")) == 1


@pytest.mark.parametrize("name", BOT_API)
async def test_news_that_the_framework_cannot_read_stop_nothing(
    speech_server: Server, name: str, tmp_path: Path
) -> None:
    async with connected(name, speech_server, tmp_path) as people:
        assert isinstance(people, BotAPI)
        await people.news(message={"message_id": "?", "chat": 5})
        assert await people.told("/speed 2") == "Speed: 2×"
        api = people
    assert api.unconfirmed == []


async def test_nothing_secret_is_logged(
    speech_server: Server, framework: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with connected(framework, speech_server, tmp_path, key="stts_secret") as people:
        people.refuse("text")
        assert "Speed" in await people.told("/speed 2")
        people.refuse("voice")
        await people.write("A secret of mine.")
        await people.until("voice")
    lines = [line.getMessage() for line in caplog.records if line.name.startswith("stts") or line.levelno >= 30]
    told = "\n".join(lines)
    assert TOKEN not in told and "stts_secret" not in told and "secret of mine" not in told
