"""A server that speaks the dialect of ElevenLabs behind a key."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

import httpx
import pytest
from pydantic import SecretStr

from middleware.listener import ListenerSettings, OutputDefaults, default_listener
from routers.app import build_app
from routers.compat.elevenlabs.options import ElevenLabsOptions
from routers.services import Services, build_services
from stts.settings import CacheSettings, SecuritySettings, Settings
from tests.fakes import registry

KEY = "eleven-key"
HEADERS: Mapping[str, str] = {"xi-api-key": KEY}


def listener_of(
    services: Services, output: OutputDefaults | None = None, options: ElevenLabsOptions | None = None
) -> ListenerSettings:
    return replace(
        default_listener(services.settings, ("elevenlabs",)),
        name="eleven",
        security=SecuritySettings(api_key=SecretStr(KEY)),
        output=lambda: output or OutputDefaults("mp3"),
        options=options,
    )


def client_of(
    services: Services, output: OutputDefaults | None = None, options: ElevenLabsOptions | None = None
) -> httpx.AsyncClient:
    app = build_app(services, listener_of(services, output, options))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=HEADERS)


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
