"""A server that speaks the dialect of the Piper TTS Server, with the fake engines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from middleware.listener import OutputDefaults, default_listener
from routers.app import build_app
from routers.compat.piper_server.options import PiperServerOptions
from routers.services import Services, build_services
from stts.settings import CacheSettings, Settings
from tests.fakes import registry


def client_of(
    services: Services,
    output: OutputDefaults | None = None,
    options: PiperServerOptions | None = None,
    root_path: str = "",
) -> httpx.AsyncClient:
    """`root_path`: prefix before all of its paths."""
    listener = replace(
        default_listener(services.settings, ("piper-server",)),
        name="piper",
        output=lambda: output or OutputDefaults("wav", engine="speakers"),
        options=options,
    )
    transport = httpx.ASGITransport(build_app(services, listener), raise_app_exceptions=False, root_path=root_path)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")


@pytest.fixture
async def services(settings: Settings) -> AsyncIterator[Services]:
    """With the cache, and an engine whose voices have speakers."""
    settings = settings.model_copy(update={"cache": CacheSettings()})
    services = build_services(
        settings, registry=registry(speakers="tests.routers.compat.piper_server.speakers:SpeakersEngine")
    )
    yield services
    await services.engines.close()


@pytest.fixture
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(services) as client:
        yield client
