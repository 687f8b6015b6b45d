"""Limits of one listener: a client's requests and operations a minute, and operations at once of all."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

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
        self.at_work = 0
        self.most = 0
        self.go_on = asyncio.Event()
        for path, endpoint in (("/tts", self.tts), ("/voices", self.voices), ("/health", self.health)):
            self.app.router.add_api_route(path, endpoint)

    @policy(RouteKind.USE)
    async def tts(self) -> str:
        self.at_work += 1
        self.most = max(self.most, self.at_work)
        await self.go_on.wait()
        self.at_work -= 1
        return "spoken"

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


def limited(work: Work, rates: ListenerRates) -> httpx.AsyncClient:
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
    app = RouteMatching(Known(app), RouteTable({NATIVE: work.app.routes[4:]}), listener)
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
