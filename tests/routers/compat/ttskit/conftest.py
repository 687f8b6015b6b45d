"""The dialect on a listener of its own, over the whole application without a socket, with the fake engines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from middleware.listener import OutputDefaults, default_listener
from routers.app import build_app
from routers.compat.ttskit.options import TTSKitOptions
from routers.services import Services, build_services
from stts.settings import CacheSettings, EngineSettings, Settings, StorageSettings, STTSettings, TTSSettings
from tests.fakes import NO_FALL_BACK, registry


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        tts=TTSSettings(order=("tone",)),
        stt=STTSettings(order=("echo",)),
        storage=StorageSettings(root=str(tmp_path / "data")),
        engines=EngineSettings(options={"tone": {"fail_on": "explode"}}),
        routing=NO_FALL_BACK,
        cache=CacheSettings(enabled=True),
    )


@pytest.fixture
async def services(settings: Settings) -> AsyncIterator[Services]:
    services = build_services(settings, registry=registry())
    yield services
    await services.engines.close()
    await services.cache.close()


def ttskit_client(
    services: Services, options: TTSKitOptions | None = None, output: OutputDefaults | None = None
) -> httpx.AsyncClient:
    """A client of a listener that says this of the dialect and of answers."""
    listener = replace(
        default_listener(services.settings, ("ttskit",)),
        name="kit",
        options=options or TTSKitOptions(),
        output=lambda: output or OutputDefaults("opus"),
    )
    app = build_app(services, listener)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1")


@pytest.fixture
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    async with ttskit_client(services) as client:
        yield client
