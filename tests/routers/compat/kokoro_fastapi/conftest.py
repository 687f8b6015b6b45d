"""A server that speaks the dialect of Kokoro-FastAPI, with OpenAI's behind it, as its profile has it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from middleware.listener import OutputDefaults, default_listener
from routers.app import build_app
from routers.compat.kokoro_fastapi.profile import KOKORO_FASTAPI
from routers.services import Services, build_services
from stts.settings import CacheSettings, Settings
from tests.fakes import registry


def client_of(services: Services, output: OutputDefaults | None = None) -> httpx.AsyncClient:
    listener = replace(
        default_listener(services.settings, KOKORO_FASTAPI.dialects),
        name="kokoro",
        output=lambda: output or OutputDefaults("mp3", voice="low", sample_rate=24_000),
    )
    transport = httpx.ASGITransport(build_app(services, listener), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")


@pytest.fixture
async def services(settings: Settings) -> AsyncIterator[Services]:
    """With the cache."""
    more = {"blender": "tests.fakes:BlenderEngine"}
    services = build_services(settings.model_copy(update={"cache": CacheSettings()}), registry=registry(**more))
    yield services
    await services.engines.close()


@pytest.fixture
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(services) as client:
        yield client
