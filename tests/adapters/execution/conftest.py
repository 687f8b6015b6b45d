from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator

import psutil
import pytest

from adapters.execution.instance import EngineInstance
from stts.settings import LimitSettings
from tests.adapters.execution.engines_under_test import script_host
from tests.adapters.execution.script_engine import GATES, LOG, ScriptEngine
from tests.patient import PATIENCE


@pytest.fixture
async def leaves_nothing() -> AsyncIterator[None]:
    """Threads, file descriptors, child processes and tasks are as they were before."""
    process = psutil.Process()
    gc.collect()  # What an earlier test left to the collector is not this test's.
    gc.freeze()  # So the collection at the end looks at what this test made, not at all that pytest holds.
    # Another test's server may live in this process, with children of its own.
    children = set(process.children(recursive=True))
    threads, descriptors, tasks = set(threading.enumerate()), process.num_fds(), asyncio.all_tasks()
    LOG.clear()
    yield
    for gate in GATES.values():
        gate.set()
    for thread in set(threading.enumerate()) - threads:
        thread.join(PATIENCE)
    gc.collect()
    assert set(threading.enumerate()) - threads == set()
    assert set(process.children(recursive=True)) - children == set()
    assert process.num_fds() <= descriptors
    assert asyncio.all_tasks() - tasks - {asyncio.current_task()} == set()
    GATES.clear()


class Hosts:
    """Makes instances and closes them at the end."""

    def __init__(self) -> None:
        self.made: list[EngineInstance[ScriptEngine]] = []

    def __call__(
        self, limits: LimitSettings | None = None, clock: Callable[[], float] = time.monotonic, **options: object
    ) -> EngineInstance[ScriptEngine]:
        self.made.append(script_host(limits, clock, **options))
        return self.made[-1]


@pytest.fixture
async def instances(leaves_nothing: None) -> AsyncIterator[Hosts]:
    made = Hosts()
    yield made
    for gate in GATES.values():
        gate.set()
    for instance in made.made:
        await instance.close()


@pytest.fixture(params=[False, pytest.param(True, marks=pytest.mark.socket)], ids=["inline", "process"])
def process(request: pytest.FixtureRequest) -> Iterator[bool]:
    """True if the engine runs in a child process."""
    yield request.param
