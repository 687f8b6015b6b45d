"""A server on a socket that speaks the dialect of Chatterbox-TTS-Server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest

from middleware.listener import OutputDefaults, default_listener
from routers.app import build_app
from routers.compat.chatterbox_server.schemas import ChatterboxOptions
from routers.services import build_services
from stts.settings import Settings, TTSSettings
from tests import patient
from tests.fakes import registry
from tests.routers.compat.cloning_engines import TURBO, OtherCloner, TurboLike
from tests.serving import serving


@pytest.fixture(autouse=True)
def _nothing_told() -> Iterator[None]:
    yield
    TurboLike.told.clear()
    OtherCloner.given.clear()


@asynccontextmanager
async def chatterbox(
    settings: Settings, engines: Mapping[str, str], output: OutputDefaults | None = None, **options: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a real socket. `engines`: those that clone here."""
    settings = settings.model_copy(update={"tts": TTSSettings(order=("tone", *engines))})
    services = build_services(settings, registry=registry(**engines))
    listener = replace(
        default_listener(services.settings, ("chatterbox-server",)),
        name="chatterbox",
        options=ChatterboxOptions(**options),
        output=lambda: output or OutputDefaults("wav", sample_rate=24_000),
    )
    async with (
        serving(build_app(services, listener)) as port,
        patient.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        yield client
    await services.engines.close()


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with chatterbox(settings, TURBO) as client:
        yield client
