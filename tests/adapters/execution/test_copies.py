"""Copies of an engine come and go while it works."""

from __future__ import annotations

import asyncio

import pytest

from tests.adapters.execution.conftest import Hosts
from tests.adapters.execution.engines_under_test import run, until
from tests.adapters.execution.script_engine import GATES, LOG


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
    instance = instances(process=True)
    await instance.resize(2)
    async with instance.slot(0):
        first = await run(instance, "pid")
    assert await run(instance, "pid") != [] and first != []
    await instance.resize(1)
    assert await run(instance, "count 1") == [0]
