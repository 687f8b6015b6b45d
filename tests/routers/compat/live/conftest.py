"""The routes of the dialect on a socket, over parts without engines: a tone is speech, every 300 ms of it a word."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI
from openai import AsyncOpenAI

from adapters.hosted_names import ModelCatalogue
from middleware.edge import wrap
from middleware.edge.route_table import RouteTable
from middleware.listener import default_listener
from routers.compat.live.calls import LiveCallRoutes
from routers.compat.live.routes import LiveRoutes
from routers.dialects import OPENAI
from routers.sockets.connection_limiter import ConnectionLimiter
from routers.sockets.running_sessions import RunningSessions
from routers.webrtc.calls import Calls
from stts.conversation.services import NewContext, SessionServices
from stts.settings import CurrentSettings, SecuritySettings, Settings
from tests import patient
from tests.fakes import registry
from tests.patient import PATIENCE
from tests.routers.compat.live.talk import SIDEBAND_EVENTS, Talk, connected, sideband
from tests.serving import in_a_thread
from tests.stts.conversation.caller import World
from tests.wired import Engines

KEY = "the-key"


class Served:
    """A server and the world behind it."""

    def __init__(self, world: World, settings: Settings) -> None:
        self._settings = settings
        self._loop: asyncio.AbstractEventLoop
        """The server's."""
        self.world = world
        self.url = ""
        self.limiter = ConnectionLimiter(self.current)
        self.models = ModelCatalogue(Engines(registry(), self.current).catalogue, self.current)
        self.running_sessions = RunningSessions()
        self.listener = default_listener(self.current)
        self.calls = Calls(self.limiter, self.current)
        routes = LiveRoutes(self).router.routes + LiveCallRoutes(self).router.routes
        app = FastAPI(openapi_url=None)
        app.router.routes += routes
        self.app = wrap(app, self.listener, RouteTable({OPENAI: routes}))

    @property
    def settings(self) -> CurrentSettings:
        return self.current

    def current(self) -> Settings:
        return self._settings

    def for_session(self, context: NewContext) -> SessionServices:
        self._loop = asyncio.get_running_loop()
        return replace(self.world.parts(), context=context)

    @asynccontextmanager
    async def client(self, key: str = KEY) -> AsyncIterator[AsyncOpenAI]:
        async with patient.AsyncOpenAI(base_url=f"{self.url}/v1", api_key=key, max_retries=0) as client:
            yield client

    @asynccontextmanager
    async def talk(self, key: str = KEY, **options: Any) -> AsyncIterator[Talk]:
        """A connection on which nothing was said yet."""
        async with self.client(key) as client, connected(client, **options) as connection:
            yield Talk(connection)

    @asynccontextmanager
    async def attached(self, client: AsyncOpenAI, session_id: str) -> AsyncIterator[Talk]:
        """A sideband."""
        async with sideband(client, session_id) as connection:
            yield Talk(connection, SIDEBAND_EVENTS)

    async def drain(self) -> None:
        """Asks all to leave, as a server does that stops."""
        await asyncio.to_thread(self._drain)

    def _drain(self) -> None:
        asyncio.run_coroutine_threadsafe(self.limiter.drain(), self._loop).result(PATIENCE)


@contextmanager
def serving(
    world: World, *, options: dict[str, Any] | None = None, buffer_bytes: int | None = None, **changes: Any
) -> Iterator[Served]:
    """`options` of uvicorn; `buffer_bytes` that the system keeps of what a client has not taken."""
    served = Served(world, Settings(**changes))
    with in_a_thread(served.app, served.listener, buffer_bytes, **options or {}) as served.url:
        yield served
    assert (world.places, world.running, world.voice.streams) == (0, 0, 0)
    assert served.limiter.open == 0
    assert not len(served.running_sessions)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def served(world: World) -> Iterator[Served]:
    with serving(world) as served:
        yield served


@pytest.fixture
def guarded(world: World) -> Iterator[Served]:
    """A server that wants its key."""
    with serving(world, security=SecuritySettings.model_validate({"api_key": KEY})) as served:
        yield served
