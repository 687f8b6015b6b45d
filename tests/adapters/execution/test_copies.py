"""Copies of an engine come and go while it works."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from adapters.execution.backends.inline import InlineBackend
from adapters.execution.instance import EngineInstance
from engines.registry import Registry
from stts.engine_api import Progress
from stts.settings import EngineSettings, InstanceSettings, Settings
from tests.adapters.execution.conftest import Hosts
from tests.adapters.execution.engines_under_test import run, until
from tests.adapters.execution.script_engine import GATES, LOG
from tests.fakes import ToneEngine
from tests.patient import PATIENCE


async def test_more_copies_serve_those_who_wait(instances: Hosts) -> None:
    instance = instances()
    await instance.load()
    tasks = [asyncio.ensure_future(run(instance, f"wait {name}")) for name in "abc"]
    await until(lambda: instance.running == 1 and instance.waiting == 2)
    await instance.resize(3)
    await until(lambda: {"begin wait a", "begin wait b", "begin wait c"} <= set(LOG))
    assert (instance.running, instance.waiting, LOG.count("load")) == (3, 0, 3)
    for name in "abc":
        GATES[name].set()
    await asyncio.gather(*tasks)


async def test_fewer_copies_let_what_runs_end(instances: Hosts) -> None:
    instance = instances()
    await instance.resize(3)
    tasks = [asyncio.ensure_future(run(instance, f"wait {name}")) for name in "abcd"]
    await until(lambda: {"begin wait a", "begin wait b", "begin wait c"} <= set(LOG))
    shrinking = asyncio.ensure_future(instance.resize(1))
    await asyncio.sleep(0)
    GATES["a"].set()
    GATES["b"].set()
    await asyncio.gather(*tasks[:2])
    assert (instance.running, instance.waiting) == (1, 1)
    GATES["c"].set()
    await until(lambda: "begin wait d" in LOG)
    await shrinking
    assert (instance.running, LOG.count("unload")) == (1, 2)
    GATES["d"].set()
    await asyncio.gather(*tasks)
    assert await run(instance, "count 2") == [0, 1]
    with pytest.raises(ValueError):
        await instance.resize(0)


@pytest.mark.parametrize("copies", [1, 2])
async def test_those_who_were_promised_a_slot_get_one(instances: Hosts, copies: int) -> None:
    instance = instances()
    await instance.load()
    for _ in range(5):
        await instance.resize(3)
        tasks = [asyncio.ensure_future(run(instance, "count 1")) for _ in range(6)]
        await asyncio.sleep(0)
        await instance.resize(copies)
        assert await asyncio.gather(*tasks) == [[0]] * 6
    assert (instance.running, instance.waiting) == (0, 0)


@pytest.mark.socket
async def test_child_processes_go_too(instances: Hosts) -> None:
    instance = instances(place="process")
    await instance.resize(2)
    async with instance.slot(0):
        first = await run(instance, "pid")
    assert await run(instance, "pid") != [] and first != []
    await instance.resize(1)
    assert await run(instance, "count 1") == [0]


async def test_copies_that_nobody_uses_are_unloaded_but_for_the_last(instances: Hosts) -> None:
    now = [100.0]
    instance = instances(clock=lambda: now[0])
    await instance.resize(3)
    tasks = [asyncio.ensure_future(run(instance, f"wait {name}")) for name in "abc"]
    await until(lambda: LOG.count("load") == 3)
    for name in "abc":
        GATES[name].set()
    await asyncio.gather(*tasks)
    await instance.trim(60)
    assert LOG.count("unload") == 0
    now[0] += 61
    assert await run(instance, "count 1") == [0]
    busy = asyncio.ensure_future(run(instance, "wait d"))
    await until(lambda: "begin wait d" in LOG)
    await instance.trim(60)
    assert (LOG.count("unload"), instance.state) == (1, "ready")
    GATES["d"].set()
    await busy
    await instance.trim(60)
    assert (LOG.count("unload"), instance.slots) == (2, 3)
    tasks = [asyncio.ensure_future(run(instance, f"wait {name}")) for name in "efg"]
    await until(lambda: {"begin wait e", "begin wait f", "begin wait g"} <= set(LOG))
    for name in "efg":
        GATES[name].set()
    await asyncio.gather(*tasks)
    assert (instance.running, LOG.count("load")) == (0, 5)


@pytest.mark.socket
async def test_a_spare_child_stays(instances: Hosts) -> None:
    now = [100.0]
    instance = instances(place="process", spare=True, concurrency=3, clock=lambda: now[0])
    await instance.warm(3)
    now[0] += 61
    await instance.trim(60)
    assert await run(instance, "count 1") == [0]
    async with instance.slot(0), instance.slot(0) as other:
        assert other.queue_seconds == 0 and instance.running == 2


async def test_a_copy_is_removed_once_however_often_it_is_asked(instances: Hosts) -> None:
    instance = instances()
    await instance.resize(2)
    await asyncio.gather(instance.resize(1), instance.resize(1), instance.resize(1))
    assert instance.slots == 1
    assert await run(instance, "count 1") == [0]


async def test_an_engine_made_for_processes_runs_one_call_at_a_time_in_a_thread() -> None:
    instances = {"listener": InstanceSettings(engine="pocketsphinx", runs_in="inline")}
    settings = Settings(engines=EngineSettings(instances=instances))
    instance: EngineInstance[Any] = EngineInstance("listener", Registry(), lambda: settings)
    assert instance.slots == instance.engine.info.limits.concurrency
    await instance.resize(1)
    assert instance.slots == 1
    await instance.close()


def test_threads_that_load_the_same_copy_load_it_once() -> None:
    class Slow(ToneEngine):
        loads = 0

        def load(self, progress: Progress) -> None:
            self.loads += 1
            entered.set()
            assert may_end.wait(PATIENCE)

    entered, may_end = threading.Event(), threading.Event()
    engine = Slow()
    backend = InlineBackend(engine, 2)
    threads = [threading.Thread(target=backend.load, args=(lambda step, part: None,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert entered.wait(PATIENCE)
    may_end.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert (engine.loads, backend.ready) == (1, True)
