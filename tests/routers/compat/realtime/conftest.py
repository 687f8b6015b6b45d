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
from routers.compat.realtime.calls import CallRoutes
from routers.compat.realtime.interpreting.routes import TranslationRoutes
from routers.compat.realtime.routes import RealtimeRoutes
from routers.dialects import OPENAI
from routers.sockets.connection_limiter import ConnectionLimiter
from routers.webrtc.calls import Calls
from stts.access.client_secrets import ClientSecrets
from stts.access.quotas import QuotaBook
from stts.conversation.services import NewContext, SessionServices
from stts.settings import ConversationSettings, OpenAISettings, RealtimeSettings, SecuritySettings, Settings
from stts.storage.database.opening import StoreOpener
from tests import patient
from tests.fakes import registry
from tests.routers.compat.realtime.talk import Talk
from tests.serving import in_a_thread
from tests.stts.conversation.caller import World
from tests.wired import Engines

KEY = "the-key"


class Served:
    """A server and the world behind it."""

    def __init__(self, world: World, settings: Settings) -> None:
        self.world = world
        self.url = ""
        self._loop: asyncio.AbstractEventLoop
        """The server's, known from the first session on."""
        self.places = ConnectionLimiter(lambda: settings)
        secrets = ClientSecrets(lambda: settings.realtime.secrets)
        models = ModelCatalogue(Engines(registry(), lambda: settings).catalogue, lambda: settings)
        self.listener = default_listener(lambda: settings)
        quotas = QuotaBook(StoreOpener(lambda: settings).quotas)
        self.calls = Calls(self.places, lambda: settings)
        calls = self.calls.sessions
        realtime = RealtimeRoutes(self._parts, self.places, secrets, models, lambda: settings, quotas, calls)
        translations = TranslationRoutes(self._parts, self.places, secrets, models, lambda: settings)
        routes = realtime.router.routes + translations.router.routes
        routes += CallRoutes(realtime, self.calls, lambda: settings).router.routes
        app = FastAPI(openapi_url=None)
        app.router.routes += routes
        self.app = wrap(app, self.listener, RouteTable({OPENAI: routes}), secrets=secrets)

    def tasks(self) -> int:
        """Tasks in the server's event loop."""
        return len(asyncio.all_tasks(self._loop))

    def end(self) -> None:
        """Asks all to leave, as a server that stops does."""
        asyncio.run_coroutine_threadsafe(self.places.drain(), self._loop)

    def _parts(self, context: NewContext) -> SessionServices:
        self._loop = asyncio.get_running_loop()
        return replace(self.world.parts(), context=context)

    @asynccontextmanager
    async def client(self, key: str = KEY) -> AsyncIterator[AsyncOpenAI]:
        async with patient.AsyncOpenAI(base_url=f"{self.url}/v1", api_key=key, max_retries=0) as client:
            yield client

    @asynccontextmanager
    async def talk(
        self, model: str = "gpt-realtime", key: str = KEY, headers: dict[str, str] | None = None, **query: str
    ) -> AsyncIterator[Talk]:
        """A connection that has been greeted."""
        async with self.client(key) as client:
            connecting = patient.realtime(client, model=model, extra_query=query, extra_headers=headers or {})
            async with connecting as connection:
                yield await Talk.greeted(connection, official="openai-beta" not in (headers or {}))


@contextmanager
def serving(world: World, **changes: Any) -> Iterator[Served]:
    settings = Settings(**{"conversation": ConversationSettings(prompt="Are you there?")} | changes)
    served = Served(world, settings)
    with in_a_thread(served.app, served.listener) as served.url:
        yield served
    assert (world.places, world.running, world.voice.streams) == (0, 0, 0)
    assert served.places.open == 0
    assert served.calls.open_calls == len(served.calls.sessions) == 0


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def served(world: World) -> Iterator[Served]:
    with serving(world) as served:
        yield served


@pytest.fixture
def guarded(world: World) -> Iterator[Served]:
    """A server that wants its key, keeps two secrets, and has models of its own names."""
    with serving(
        world,
        security=SecuritySettings.model_validate({"api_key": KEY}),
        realtime=RealtimeSettings(secrets=2),
        openai=OpenAISettings(models={"whisper-1": "auto"}),
    ) as served:
        yield served
