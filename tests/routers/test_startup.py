"""The work at the start: it waits for nothing that the server can do without, and does not die in silence."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from middleware.serving.lifecycle import Lifecycle
from routers import key_service, startup
from routers.services import Services, build_services
from routers.startup import running
from stts.settings import EngineSettings, SecuritySettings, Settings, StorageSettings, STTSettings, TTSSettings
from tests.fakes import registry
from tests.patient import PATIENCE
from tests.virtual import now, virtual


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


def keyed(folder: Path) -> Services:
    settings = Settings(
        tts=TTSSettings(order=("tone",)),
        stt=STTSettings(order=("echo",)),
        storage=StorageSettings(root=str(folder / "data")),
        security=SecuritySettings.model_validate({"keys": True, "api_key": "key"}),
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


async def test_endless_work_that_dies_is_logged_and_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(startup, "RESTART_SECONDS", 0.0)
    begun, left, lives = 0, 0, asyncio.Event()

    async def work() -> None:
        nonlocal begun, left
        begun += 1
        if begun < 3:
            raise TypeError("nobody foresaw this")
        try:
            lives.set()
            await asyncio.Event().wait()
        finally:
            left += 1

    with capture_logs() as logs:
        keeping = asyncio.create_task(startup.kept_running("keys", work))
        await asyncio.wait_for(lives.wait(), PATIENCE)
        keeping.cancel()
        await asyncio.wait([keeping])
    assert keeping.cancelled() and (begun, left) == (3, 1)
    assert [(line["event"], line["task"]) for line in logs] == [("task_died", "keys")] * 2


@virtual
async def test_the_database_is_left_alone_until_the_first_answers_had_their_time() -> None:
    lifecycle, begun = Lifecycle(), []

    async def work() -> None:
        begun.append(now())

    opening = asyncio.create_task(startup.after_first_answers(lifecycle, work))
    await asyncio.sleep(60.0)
    assert not begun
    lifecycle.answering.set()
    await opening
    assert begun == [pytest.approx(60.0 + startup.FIRST_ANSWERS_SECONDS)]


async def test_keys_and_database_are_set_aside_from_collections_once_they_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = keyed(tmp_path)
    assert services.access.directory is not None
    steps: list[str] = []

    async def catch_up() -> None:
        steps.append("keys")

    async def follow() -> None:
        steps.append("follow")

    monkeypatch.setattr(services.access.directory, "catch_up", catch_up)
    monkeypatch.setattr(services.access.directory, "follow", follow)
    monkeypatch.setattr(key_service, "freeze_gc_again", lambda: steps.append("freeze"))
    await key_service.serve_keys(services, services.access.directory)
    assert steps == ["keys", "freeze", "follow"]


async def test_keys_are_followed_again_after_an_error_that_nobody_foresaw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(startup, "RESTART_SECONDS", 0.0)
    services = keyed(tmp_path)
    assert services.access.directory is not None
    looks, follows = 0, asyncio.Event()

    async def broken() -> None:
        nonlocal looks
        looks += 1
        if looks > 1:
            follows.set()
        raise TypeError("a key of a newer server")

    monkeypatch.setattr(services.access.directory, "catch_up", broken)
    services.lifecycle.answering.set()
    async with running(services):
        await asyncio.wait_for(follows.wait(), PATIENCE)
