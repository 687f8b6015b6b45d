"""Two workers of one server: what one is asked for, the other does as well."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from adapters.configuration.adapter import ConfigAdapter
from routers.followed import follow
from routers.services import Services, build_services
from stts.errors import Conflict
from stts.peers.everywhere import LOAD_ENGINE, START_LISTENER, STOP_LISTENER, UNLOAD_ENGINE, everywhere
from stts.peers.link import Peers
from tests.fakes import registry
from tests.stts.peers.crowd import crowd

pytestmark = pytest.mark.socket

SECONDS = 60.0


def worker(folder: Path, peers: Peers) -> Services:
    """One whose files are those of the others."""
    (folder / "config.yaml").write_text("{}")
    environ = {"STTS_STORAGE__ROOT": str(folder)}
    config = ConfigAdapter.load(folder / "config.yaml", environ, dotenv_path=None)
    services = build_services(config.current(), config=config, registry=registry(), peers=peers)
    follow(services)
    return services


async def test_a_change_of_the_configuration_holds_everywhere_when_it_is_answered(tmp_path: Path) -> None:
    async with crowd() as them:
        here, there = worker(tmp_path, await them.joined()), worker(tmp_path, await them.joined())
        assert here.config is not None and there.config is not None
        await here.config.patch({"limits": {"queue_length": 7}})
        assert here.settings().limits.queue_length == there.settings().limits.queue_length == 7
        await there.config.patch({"limits": {"queue_length": 8}})
        assert here.settings().limits.queue_length == 8


async def test_two_changes_at_two_workers_at_once_both_hold(tmp_path: Path) -> None:
    async with crowd() as them:
        here, there = worker(tmp_path, await them.joined()), worker(tmp_path, await them.joined())
        assert here.config is not None and there.config is not None
        await asyncio.gather(
            here.config.patch({"limits": {"queue_length": 7}}), there.config.patch({"limits": {"live_sessions": 9}})
        )
        for each in (here, there):
            assert (each.settings().limits.queue_length, each.settings().limits.live_sessions) == (7, 9)


async def test_an_engine_is_loaded_and_unloaded_everywhere(tmp_path: Path) -> None:
    async with crowd() as them:
        peers = await them.joined()
        here, there = worker(tmp_path, peers), worker(tmp_path, await them.joined())
        try:
            await everywhere(peers, here.engines.load("tone"), LOAD_ENGINE, "tone", SECONDS)
            assert state(here) == state(there) == "ready"
            await everywhere(peers, here.engines.unload("tone"), UNLOAD_ENGINE, "tone", SECONDS)
            assert state(here) == state(there) == "cold"
        finally:
            await here.engines.close()
            await there.engines.close()


def state(services: Services) -> str:
    return next(each.state for each in services.engines.descriptions("tts") if each.name == "tone")


async def test_what_fails_here_is_told_and_what_fails_there_is_logged(tmp_path: Path) -> None:
    async def refused() -> None:
        raise Conflict("Not now.")

    async with crowd() as them:
        peers = await them.joined()
        worker(tmp_path, await them.joined())
        with pytest.raises(Conflict):
            await everywhere(peers, refused(), STOP_LISTENER, "none", SECONDS)
        await everywhere(peers, nothing(), START_LISTENER, "none", SECONDS)
        await everywhere(peers, nothing(), LOAD_ENGINE, "no such engine", SECONDS)
        await everywhere(None, nothing(), STOP_LISTENER, "none", SECONDS)


async def nothing() -> None:
    """Does its own part."""
