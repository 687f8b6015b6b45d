"""An engine that a live session has open is in use, though its own instance was never loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters import environments
from adapters.environments import EngineEnvironments
from adapters.execution.instance import EngineInstance
from adapters.jobs import Jobs
from engines.environments import environment
from engines.environments.environment import Environment
from engines.environments.requirements import Requirements
from stts.errors import Conflict, EngineWeightsMissing, StorageFailed
from tests.adapters.transcription.engines_under_test import Heard, engines, open_session, sound
from tests.wired import Engines


async def said(made: Engines, session: object) -> None:
    heard = Heard(made, session)  # type: ignore[arg-type]
    heard.audio.write(sound(0.6))
    await heard.end()


async def test_an_engine_counts_as_loaded_while_a_live_session_is_open() -> None:
    async with engines() as made:
        assert made.catalogue.loaded("quick") == []
        session = await open_session(made, "quick")
        await said(made, session)
        assert made.instance("quick").state == "cold"
        assert made.catalogue.loaded("quick") == ["quick"]
        assert made.catalogue.in_use("quick") == ["unload quick", "close the live sessions of quick"]
        await made.catalogue.unload("quick")
        assert made.catalogue.in_use("quick") == ["close the live sessions of quick"], "its next words need it"
        await session.aclose()
        assert made.catalogue.in_use("quick") == []


async def test_what_a_live_session_has_left_loaded_counts_until_it_is_unloaded() -> None:
    async with engines() as made:
        session = await open_session(made, "quick")
        await said(made, session)
        await session.aclose()
        assert made.catalogue.loaded("quick") == ["quick"]
        await made.catalogue.unload("quick")
        assert made.catalogue.loaded("quick") == []


async def test_weights_that_come_are_told_to_live_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    async with engines() as made:
        session = await open_session(made, "quick")
        host = made.catalogue.streaming_slots["quick"].host
        assert host is not None
        host.lifecycle.state, host.lifecycle.failure = "failed", EngineWeightsMissing("gone")
        await made.catalogue.weights_changed("quick")
        assert (host.state, host.failure) == ("cold", None)
        await session.aclose()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed environment of all engines."""
    mine = Environment(Requirements("all", ("nothing==1",)), [tmp_path], "python")
    monkeypatch.setattr(EngineInstance, "environment", mine)
    made = mine.folder(tmp_path)
    (made / environment.PYTHON).parent.mkdir(parents=True)
    (made / environment.PYTHON).touch()
    environment.mark(made, [])
    return made


async def test_an_environment_in_which_a_live_session_is_open_is_not_removed(folder: Path) -> None:
    async with engines() as made:
        house = EngineEnvironments(made.catalogue, Jobs())
        session = await open_session(made, "quick")
        with pytest.raises(Conflict, match="Live sessions of quick are open"):
            await house.remove("batch")
        assert environment.read(folder) is not None
        await session.aclose()
        await house.remove("batch")
        assert environment.read(folder) is None
        host = made.catalogue.streaming_slots["quick"].host
        assert host is not None and host.state == "cold"


async def test_an_installation_has_worked_also_where_the_earlier_one_cannot_be_removed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Environment) -> None:
        raise StorageFailed("It cannot be removed.")

    monkeypatch.setattr(environments, "clear_outdated", broken)
    async with engines() as made:
        jobs = Jobs()
        job = EngineEnvironments(made.catalogue, jobs).install("quick")
        async for _ in job.changes():
            pass
        assert (job.state, job.error) == ("done", None)
        await jobs.close()


async def test_an_outdated_environment_stays_while_a_live_host_runs_in_it(folder: Path) -> None:
    outdated = folder.with_name("all-" + "0" * (len(folder.name) - len("all-")))
    outdated.mkdir()
    async with engines() as made:
        house = EngineEnvironments(made.catalogue, Jobs())
        shared = house.environment("quick")
        session = await open_session(made, "quick")
        await house._installed(shared)
        assert outdated in shared.folders()
        await session.aclose()
        await made.catalogue.unload("quick")
        await house._installed(shared)
        assert outdated not in shared.folders()
