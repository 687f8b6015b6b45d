"""Engines that run as workers: in an environment of their own, once it is installed to its end."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import psutil
import pytest

from adapters.execution.backends.process import is_installed
from adapters.execution.backends.wire import WorkerSpec
from engines.environments.environment import MARK, PYTHON
from stts.errors import EngineNotInstalled
from tests.adapters.execution.conftest import Hosts
from tests.adapters.execution.engines_under_test import registry, run
from tests.engines.environments.package_index import VOICE_MODULE
from tests.patience import PATIENCE

pytestmark = pytest.mark.socket


async def test_a_worker_finds_what_only_its_environment_has(instances: Hosts, worker_environments: Path) -> None:
    instance = instances(place="worker")
    assert (instance.state, instance.info.runs_in) == ("cold", "worker")
    assert await run(instance, "version") == [1.5]
    thousands, rest = await run(instance, "pid")
    child = psutil.Process(int(thousands) * 1000 + int(rest))
    assert instance.environment is not None and (found := instance.environment.find()) is not None
    assert child.cmdline()[0] == str(found.python)
    await instance.unload()
    psutil.wait_procs([child], PATIENCE)
    assert not child.is_running() and instance.state == "cold"


@pytest.mark.parametrize("lacking", [MARK, str(PYTHON)])
async def test_an_environment_that_is_half_installed_is_not_used(
    instances: Hosts, worker_environments: Path, tmp_path: Path, lacking: str
) -> None:
    half = tmp_path / "environments"
    shutil.copytree(worker_environments, half, symlinks=True)
    (folder,) = [each for each in half.iterdir() if each.is_dir()]
    (folder / lacking).unlink()
    instance = instances(place="worker", missing=True, environments=str(half))
    assert instance.state == "not_installed"
    with pytest.raises(EngineNotInstalled, match="stts engines install script"):
        await run(instance, "count 1")
    assert instance.state == "not_installed"


async def test_an_environment_that_has_lost_a_package_is_to_be_removed_first(
    instances: Hosts, worker_environments: Path, tmp_path: Path
) -> None:
    damaged = tmp_path / "environments"
    shutil.copytree(worker_environments, damaged, symlinks=True)
    (module,) = damaged.rglob(f"{VOICE_MODULE}*.py")
    module.unlink()
    instance = instances(place="worker", load="version", environments=str(damaged))
    with pytest.raises(EngineNotInstalled, match=r"DELETE /engines/script/install\), then stts engines install script"):
        await run(instance, "count 1")


async def test_it_runs_as_soon_as_its_environment_is_there(
    instances: Hosts, worker_environments: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "environments"
    instance = instances(place="worker", missing=True, environments=str(folder))
    states = [instance.state]
    shutil.copytree(worker_environments, folder, symlinks=True)
    instance.lifecycle.look_again()
    assert [*states, instance.state] == ["not_installed", "cold"]
    assert await run(instance, "version") == [1.5]


async def test_without_one_it_runs_in_the_server_s_where_that_has_its_libraries(
    instances: Hosts, tmp_path: Path
) -> None:
    instance = instances(place="worker", environments=str(tmp_path))
    assert instance.state == "cold"
    assert await run(instance, "count 2") == [0, 1]


def test_its_interpreter_is_asked_whether_the_engine_is_installed(
    leaves_nothing: None, worker_environments: Path
) -> None:
    (folder,) = [each for each in worker_environments.iterdir() if each.is_dir()]
    for python, there in ((folder / PYTHON, True), (Path(sys.executable), False)):
        target, options = registry().target("script"), {"place": "worker", "missing": True}
        assert is_installed(WorkerSpec(python, target, options)) is there
