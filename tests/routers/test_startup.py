"""The work at the start: it waits for nothing that the server can do without, and does not die in silence."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from routers import startup
from routers.services import Services, build_services
from routers.startup import running
from stts.settings import EngineSettings, Settings, StorageSettings, STTSettings, TTSSettings
from tests.fakes import registry
from tests.patient import PATIENCE


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    async def no_models(_: frozenset[str]) -> None: ...

    monkeypatch.setattr(startup, "build_models", no_models)
    settings = Settings(
        tts=TTSSettings(order=("tone",)),
        stt=STTSettings(order=("echo",)),
        engines=EngineSettings(),
        storage=StorageSettings(root=str(tmp_path / "data")),
    )
    return build_services(settings, registry=registry())


async def until_ready(services: Services) -> None:
    async with asyncio.timeout(PATIENCE):
        while services.lifecycle.phase != "ready":  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)


async def test_a_server_is_ready_however_long_models_are_joined(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = asyncio.Event()

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            left.set()

    monkeypatch.setattr(startup, "JOIN_SECONDS", 0.01)
    monkeypatch.setattr(services.model_library, "join_installed", endless)
    async with running(services):
        await until_ready(services)
        assert not left.is_set()
    assert left.is_set()


async def test_a_server_is_ready_where_joining_models_fails(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(services.model_library, "join_installed", broken)
    with capture_logs() as lines:
        async with running(services):
            await until_ready(services)
    assert [line["task"] for line in lines if line["event"] == "task_died"] == ["join models"]


async def test_a_start_that_dies_is_in_the_log(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(services.selection, "prepare", broken)
    with capture_logs() as lines:
        async with running(services), asyncio.timeout(PATIENCE):
            while not any(line["event"] == "task_died" for line in lines):  # noqa: ASYNC110 - logs tell nobody
                await asyncio.sleep(0.01)
    (died,) = [line for line in lines if line["event"] == "task_died"]
    assert died["task"] == "prepare" and "ZeroDivisionError" in died["traceback"]
