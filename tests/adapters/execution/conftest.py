from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import psutil
import pytest

from adapters.execution.instance import EngineInstance
from stts.engine_api import Place
from stts.settings import LimitSettings
from tests.adapters.execution.engines_under_test import script_host
from tests.adapters.execution.script_engine import GATES, LOG, ScriptEngine
from tests.patient import PATIENCE
from tests.server import ALIVE


@pytest.fixture
async def leaves_nothing() -> AsyncIterator[None]:
    """Threads, file descriptors, child processes and tasks are as they were before."""
    process = psutil.Process()
    gc.collect()  # What an earlier test left to the collector is not this test's.
    gc.freeze()  # So the collection at the end looks at what this test made, not at all that pytest holds.
    for server in ALIVE:  # Another test's server lives in this process, with threads and children of its own.
        await asyncio.to_thread(server.settle)
    children = set(process.children(recursive=True))
    threads, descriptors, tasks = own_threads(), open_descriptors(), asyncio.all_tasks()
    LOG.clear()
    yield
    for gate in GATES.values():
        gate.set()
    for thread in own_threads() - threads:
        thread.join(PATIENCE)
    gc.collect()
    assert own_threads() - threads == set()
    assert set(process.children(recursive=True)) - children == set()
    give_up = time.monotonic() + PATIENCE
    while len(now := open_descriptors()) > len(descriptors) and time.monotonic() < give_up:  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0.01)  # Transports close theirs in a later turn of the loop.
    assert len(now) <= len(descriptors), {each: what for each, what in now.items() if descriptors.get(each) != what}
    assert asyncio.all_tasks() - tasks - {asyncio.current_task()} == set()
    GATES.clear()


def own_threads() -> set[threading.Thread]:
    """Those that are not of the pool of another test's server, which grows whenever that looks at its resources."""
    return {thread for thread in threading.enumerate() if not thread.name.startswith("uvloop")}


def open_descriptors() -> dict[int, str]:
    """Descriptors of this process, each with its file."""
    found = {}
    for name in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):
            found[int(name)] = os.readlink(f"/proc/self/fd/{name}")
    return found


class Hosts:
    """Makes instances and closes them at the end."""

    def __init__(self, environments: Callable[[], str]) -> None:
        """`environments`: the folder of those of workers, asked for when one is made."""
        self.made: list[EngineInstance[ScriptEngine]] = []
        self._environments = environments

    def __call__(
        self,
        limits: LimitSettings | None = None,
        clock: Callable[[], float] = time.monotonic,
        environments: str | None = None,
        **options: object,
    ) -> EngineInstance[ScriptEngine]:
        if options.get("place") == "worker":
            environments = environments or self._environments()
        self.made.append(script_host(limits, clock, environments or "none", **options))
        return self.made[-1]


@pytest.fixture
async def instances(request: pytest.FixtureRequest, leaves_nothing: None) -> AsyncIterator[Hosts]:
    made = Hosts(lambda: str(request.getfixturevalue("worker_environments")))
    yield made
    for gate in GATES.values():
        gate.set()
    for instance in made.made:
        await instance.close()


@pytest.fixture(params=["inline", *(pytest.param(each, marks=pytest.mark.socket) for each in ("process", "worker"))])
def place(request: pytest.FixtureRequest) -> Place:
    """Where the engine runs: here, in a child process, or in one of an environment of its own."""
    if request.param == "worker":
        request.getfixturevalue("worker_environments")
    found: Place = request.param
    return found
