"""Removals that other servers were asked for: memory once, files until the disk lets them go, nothing twice."""

from __future__ import annotations

import asyncio
import io
import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from routers import removals as removals_module
from routers import startup
from routers.removals import Removals
from routers.services import build_services
from routers.startup import kept_running
from stts.access.client_secrets import Door
from stts.access.directory import KeyDirectory
from stts.access.key_text import KeyText
from stts.access.keys import DataRemoval
from stts.access.principal import key_holder
from stts.storage.files.kinds import Kind
from stts.storage.files.store import FileStore
from tests.audio import encoded, tone
from tests.fakes import registry
from tests.keyed import keyed_settings
from tests.patient import PATIENCE
from tests.stts.access.keys import new_key

ANNA, BERT = "a" * 16, "b" * 16
AUDIO = encoded(tone(0.1))


class Refusing(FileStore):
    """An ordinary store whose disk, while `error` is there, refuses to let go of the files of one user."""

    error: Exception | None = None

    def remove_all(self, owners: Mapping[str, float]) -> dict[Kind, int]:
        if self.error is not None and ANNA in owners:
            raise type(self.error)(*self.error.args)
        return super().remove_all(owners)


class World:
    def __init__(self, root: Path) -> None:
        settings = keyed_settings(root)
        self.files = Refusing(root, lambda: settings)
        self.services = replace(build_services(settings, registry=registry()), files=self.files)
        assert self.services.access.directory is not None
        self.directory: KeyDirectory = self.services.access.directory
        self.removals = Removals(self.services, self.directory)

    def keep(self, owner: str) -> None:
        self.files.save("uploads", "call", io.BytesIO(AUDIO), owner=owner)

    def kept(self) -> set[str | None]:
        return {stored.owner for stored in self.files.page(limit=9).files}

    def ask(self, *users: str) -> None:
        for user_id in users:
            for tell in self.directory.on_removal:
                tell(DataRemoval(user_id, time.time() + 5))

    async def until(self, kept: set[str | None]) -> None:
        deadline = time.monotonic() + PATIENCE
        while self.kept() != kept:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)

    def has_secret(self, owner: str) -> bool:
        return self.services.secrets.remove_all(owner) > 0

    def issue_secret(self, owner: str) -> None:
        text = KeyText.new()
        holder, security = key_holder(new_key(text, user_id=owner), text.hash), self.services.settings().security
        self.services.secrets.issue({}, 60, holder, Door("default", security))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        works = {"run": self.removals.run, "retry": self.removals.retry}
        tasks = [asyncio.create_task(kept_running(name, work)) for name, work in works.items()]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(removals_module, "RETRY_SECONDS", 0.05)
    monkeypatch.setattr(startup, "RESTART_SECONDS", 0.01)
    return World(tmp_path)


@pytest.mark.parametrize("error", [PermissionError(13, "no"), RuntimeError("unforeseen")])
async def test_a_disk_that_refuses_holds_up_nobody_and_ends_nothing_new(world: World, error: Exception) -> None:
    for owner in (ANNA, BERT):
        world.keep(owner)
    world.issue_secret(ANNA)
    world.files.error = error
    async with world.running():
        world.ask(ANNA, BERT)
        await world.until({ANNA})
        assert not world.has_secret(ANNA)
        world.issue_secret(ANNA)
        world.keep(BERT)
        world.ask(BERT)
        await world.until({ANNA})
        world.files.error = None
        await world.until(set())
    assert world.has_secret(ANNA), "what came after the removal stays, however often the disk is tried"


async def test_an_unforeseen_error_in_memory_loses_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for owner in (ANNA, BERT):
        world.keep(owner)
    ended: list[str] = []
    errors = [RuntimeError("unforeseen")]

    async def remove_all(owner: str) -> int:
        if owner == ANNA and errors:
            raise errors.pop()
        ended.append(owner)
        return 0

    monkeypatch.setattr(world.services.jobs, "remove_all", remove_all)
    async with world.running():
        world.ask(ANNA, BERT)
        await world.until(set())
    assert sorted(ended) == [ANNA, BERT]


async def test_each_is_carried_out_once_for_a_root(world: World, tmp_path: Path) -> None:
    world.keep(ANNA)
    removal = DataRemoval(ANNA, time.time() + 5)
    world.directory.on_removal[0](removal)
    async with world.running():
        await world.until(set())
    again = World(tmp_path)
    again.keep(ANNA)
    for path in (tmp_path / "uploads").glob(f"*{ANNA}*"):
        os.utime(path, (1.0, 1.0))
    again.keep(BERT)
    again.directory.on_removal[0](removal)
    again.ask(BERT)
    async with again.running():
        await again.until({ANNA})
