"""A client of the whole application in this process, with the fake engines beside the real ones."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from routers.app import create_app
from stts.settings import EngineSettings, LimitSettings, Settings, StorageSettings, STTSettings, TTSSettings
from tests.fakes import NO_FALL_BACK, registry


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """`auto` takes the fakes, whose answers are known: short texts are one piece, however slow the machine is."""
    return Settings(
        tts=TTSSettings(order=("tone", "espeak"), first_chunk_seconds=10.0),
        stt=STTSettings(order=("echo",)),
        storage=StorageSettings(root=str(tmp_path / "data")),
        limits=LimitSettings(text_characters=2000, audio_seconds=60.0),
        engines=EngineSettings(options={"tone": {"fail_on": "explode"}}),
        routing=NO_FALL_BACK,
    )


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings, registry=registry())
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client
