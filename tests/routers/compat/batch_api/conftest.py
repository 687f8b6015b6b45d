"""A server that speaks the dialect of the TTS Batch API behind a token."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace

import httpx
import pytest
from pydantic import SecretStr
from starlette.types import ASGIApp

from middleware.listener import OutputDefaults, default_listener
from routers.app import build_app
from routers.services import Services, build_services
from stts.settings import CacheSettings, SecuritySettings, Settings
from tests.fakes import registry

TOKEN = "debug-token"
HEADERS: Mapping[str, str] = {"user-token": TOKEN}


def client_of(
    services: Services, output: OutputDefaults | None = None, wrap: Callable[[ASGIApp], ASGIApp] = lambda app: app
) -> httpx.AsyncClient:
    """A client that sends no token by itself."""
    listener = replace(
        default_listener(services.settings, ("batch-api",)),
        name="batch",
        security=SecuritySettings(api_key=SecretStr(TOKEN)),
        output=lambda: output or OutputDefaults("pcm"),
    )
    transport = httpx.ASGITransport(wrap(build_app(services, listener)), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")


@pytest.fixture
async def services(settings: Settings) -> AsyncIterator[Services]:
    """With the cache."""
    services = build_services(settings.model_copy(update={"cache": CacheSettings()}), registry=registry())
    yield services
    await services.engines.close()


@pytest.fixture
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(services) as client:
        yield client
