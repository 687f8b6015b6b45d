"""Limits of one listener: a client's requests and operations a minute, and operations at once of all."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from middleware.edge.errors import install_error_handlers
from middleware.edge.listener_limits import ListenerLimiting
from middleware.edge.route_table import RouteMatching, RouteTable
from middleware.listener import NO_RATES, ListenerRates, ListenerSettings, OutputDefaults
from routers.dialects import NATIVE
from stts.access.policy import Public, RouteKind, policy
from stts.access.principal import ANONYMOUS
from stts.access.rates import RateLimiter
from stts.access.roles import Role
from stts.settings import LimitSettings, QuotaSettings, SecuritySettings
from tests.patient import PATIENCE


class Work:
    """Routes of a test; `/tts` waits until it may go on."""

    def __init__(self) -> None:
        self.app = FastAPI()
        install_error_handlers(self.app)
        self.at_work = 0
        self.most = 0
        self.go_on = asyncio.Event()
        for path, endpoint in (("/tts", self.tts), ("/voices", self.voices), ("/health", self.health)):
            self.app.router.add_api_route(path, endpoint)
        self.app.router.add_api_route("/tts", self.tts_of_body, methods=["POST"])

    @policy(RouteKind.USE)
    async def tts(self) -> str:
        self.at_work += 1
        self.most = max(self.most, self.at_work)
        await self.go_on.wait()
        self.at_work -= 1
        return "spoken"

    @policy(RouteKind.USE)
    async def tts_of_body(self, fields: dict[str, str]) -> str:
        return await self.tts()

    @policy(RouteKind.USE, role=Role.READ)
    async def voices(self) -> str:
        return "voices"

    @policy(RouteKind.HEALTH, Public.ANYWHERE)
    async def health(self) -> str:
        return "ok"


class Known:
    """Stands where authentication does."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["principal"] = ANONYMOUS
        await self._app(scope, receive, send)


def edge(work: Work, rates: ListenerRates) -> ASGIApp:
    listener = ListenerSettings(
        name="piper",
        dialects=("native",),
        host="127.0.0.1",
        port=0,
        security=SecuritySettings(),
        limits=LimitSettings,
        output=lambda: OutputDefaults("wav"),
        rates=lambda: rates,
    )
    app: Any = ListenerLimiting(work.app, listener, RateLimiter(QuotaSettings))
    return RouteMatching(Known(app), RouteTable({NATIVE: work.app.routes[4:]}), listener)


def limited(work: Work, rates: ListenerRates) -> httpx.AsyncClient:
    app = edge(work, rates)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://server")


async def test_a_client_has_so_many_requests_and_operations_a_minute() -> None:
    work = Work()
    work.go_on.set()
    async with limited(work, ListenerRates(requests_per_minute=4, operations_per_minute=2)) as client:
        spoken = [await client.get("/tts") for _ in range(3)]
        assert [each.status_code for each in spoken] == [200, 200, 429]
        assert spoken[0].headers["ratelimit-policy"] == '"requests-client";q=4;w=60, "operations-client";q=2;w=60'
        assert spoken[2].json()["detail"] == "A client may begin 2 operations a minute here, and this one has."
        assert int(spoken[2].headers["retry-after"]) > 50
        listed = [(await client.get("/voices")).status_code for _ in range(3)]
        assert listed == [200, 200, 429]
        assert (await client.get("/health")).status_code == 200


async def test_a_path_that_does_not_exist_is_no_operation() -> None:
    work = Work()
    work.go_on.set()
    async with limited(work, ListenerRates(requests_per_minute=100, operations_per_minute=1)) as client:
        wrong = [(await client.post("/nope")).status_code for _ in range(3)]
        assert wrong == [404] * 3
        assert (await client.get("/tts")).status_code == 200
        assert (await client.get("/tts")).status_code == 429


async def test_so_many_operations_go_on_at_once_while_others_wait() -> None:
    work = Work()
    async with limited(work, ListenerRates(operations_at_once=2, place_seconds=PATIENCE)) as client:
        asked = [asyncio.create_task(client.get("/tts")) for _ in range(5)]
        async with asyncio.timeout(PATIENCE):
            while work.at_work < 2:  # noqa: ASYNC110 - nobody is told
                await asyncio.sleep(0)
        assert (await client.get("/voices")).status_code == 200
        work.go_on.set()
        answers = await asyncio.gather(*asked)
        assert [each.status_code for each in answers] == [200] * 5
        assert work.most == 2


async def test_who_waits_too_long_is_told_to_come_back() -> None:
    work = Work()
    async with limited(work, ListenerRates(operations_at_once=1, place_seconds=0.0)) as client:
        first = asyncio.create_task(client.get("/tts"))
        async with asyncio.timeout(PATIENCE):
            while not work.at_work:  # noqa: ASYNC110 - nobody is told
                await asyncio.sleep(0)
        refused = await client.get("/tts")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        work.go_on.set()
        assert (await first).status_code == 200
        assert (await client.get("/tts")).status_code == 200


async def test_without_limits_it_does_nothing() -> None:
    work = Work()
    work.go_on.set()
    async with limited(work, NO_RATES) as client:
        answer = await client.get("/tts")
        assert (answer.status_code, "ratelimit" in answer.headers) == (200, False)


class Poster:
    """A client that sends its body bit by bit, and may leave."""

    def __init__(self, app: ASGIApp) -> None:
        self.messages: asyncio.Queue[Message] = asyncio.Queue()
        self.answers: list[Message] = []
        headers = [(b"content-type", b"application/json"), (b"content-length", b"15")]
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/tts",
            "raw_path": b"/tts",
            "query_string": b"",
            "headers": headers,
            "client": ("127.0.0.1", 1),
        }
        self.task = asyncio.create_task(self._ask(app, scope))

    async def _ask(self, app: ASGIApp, scope: Scope) -> None:
        await app(scope, self.messages.get, self._answered)

    async def _answered(self, message: Message) -> None:
        self.answers.append(message)

    def body(self, data: bytes, *, more: bool = False) -> None:
        self.messages.put_nowait({"type": "http.request", "body": data, "more_body": more})

    def leave(self) -> None:
        self.messages.put_nowait({"type": "http.disconnect"})


async def at_work(work: Work, count: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while work.at_work < count:  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0)


async def test_half_a_body_takes_no_place() -> None:
    work = Work()
    app = edge(work, ListenerRates(operations_at_once=1, place_seconds=0.0))
    slow = [Poster(app) for _ in range(3)]
    for poster in slow:
        poster.body(b'{"text":', more=True)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://server") as client:
        first = asyncio.create_task(client.post("/tts", json={"text": "Hello."}))
        await at_work(work, 1)
        slow[0].body(b'"hello"}')
        await slow[0].task
        assert slow[0].answers[0]["status"] == 503, "the place is another's by now"
        work.go_on.set()
        assert (await first).status_code == 200
    slow[1].body(b'"hello"}')
    slow[2].body(b'"hello"}')
    await asyncio.gather(slow[1].task, slow[2].task)
    assert [poster.answers[0]["status"] for poster in slow[1:]] == [200, 200]
    assert work.most == 1


async def test_who_leaves_while_it_waits_gives_its_turn_back() -> None:
    work = Work()
    app = edge(work, ListenerRates(operations_at_once=1, place_seconds=PATIENCE))
    first, leaving, last = Poster(app), Poster(app), Poster(app)
    first.body(b'{"text":"hello"}')
    await at_work(work, 1)
    for poster in (leaving, last):
        poster.body(b'{"text":"hello"}')
    leaving.leave()
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(leaving.task, return_exceptions=True)
    work.go_on.set()
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(first.task, last.task)
    assert (first.answers[0]["status"], last.answers[0]["status"], work.most) == (200, 200, 1)
