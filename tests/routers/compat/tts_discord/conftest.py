"""A server on a socket that speaks the dialect of the TTS Discord System over a folder of references."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from middleware.listener import OutputDefaults, default_listener
from routers.app import build_app
from routers.compat.tts_discord.schemas import DiscordOptions
from routers.services import build_services
from stts.settings import CacheSettings, Settings, TTSSettings
from tests import patient
from tests.fakes import registry
from tests.routers.compat.cloning_engines import TURBO, OtherCloner, TurboLike, recording
from tests.serving import serving


@pytest.fixture
def references(tmp_path: Path) -> Path:
    """The folder, with one voice that is long enough."""
    folder = tmp_path / "references"
    folder.mkdir()
    (folder / "anna.wav").write_bytes(recording(8.0))
    return folder


@pytest.fixture(autouse=True)
def _nothing_told() -> Iterator[None]:
    yield
    TurboLike.told.clear()
    OtherCloner.given.clear()


@asynccontextmanager
async def discord(
    settings: Settings, references: Path, engines: dict[str, str], output: OutputDefaults | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a real socket. `engines`: those that clone here."""
    settings = settings.model_copy(update={"cache": CacheSettings(), "tts": TTSSettings(order=("tone", *engines))})
    services = build_services(settings, registry=registry(**engines))
    listener = replace(
        default_listener(services.settings, ("discord",)),
        name="discord",
        options=DiscordOptions(references_dir=str(references)),
        output=lambda: output or OutputDefaults("wav"),
    )
    async with (
        serving(build_app(services, listener)) as port,
        patient.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        yield client
    await services.engines.close()


@pytest.fixture
async def turbo(settings: Settings, references: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with discord(settings, references, TURBO) as client:
        yield client
