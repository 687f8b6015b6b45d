"""Children that die again and again, and the child that waits in case one does."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import aclosing

import pytest

from adapters.execution.instance import CRASH_LOOP, EngineHost
from stts.errors import EngineCrashed, EngineError
from tests.adapters.execution.conftest import Hosts
from tests.adapters.execution.engines_under_test import ScriptEngine, run, say, until


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


async def pid_of(host: EngineHost[ScriptEngine]) -> int:
    thousands, rest = await run(host, "pid")
    return int(thousands) * 1000 + int(rest)


async def crash(host: EngineHost[ScriptEngine], clock: Clock) -> None:
    clock.now += host._pool.rest()
    with pytest.raises(EngineCrashed):
        await run(host, "kill")


async def test_a_crash_loop_puts_the_engine_to_rest_and_says_so(hosts: Hosts) -> None:
    clock = Clock()
    host = hosts(process=True, clock=clock)
    for number in range(1, CRASH_LOOP + 1):
        assert (host.state, host.rest) == ("cold" if number == 1 else "ready", 0)
        await crash(host, clock)
        assert host.crashes == number
    assert host.state == "failed" and host.rest > 0
    assert f"died {CRASH_LOOP} times in a row" in str(host.failure)
    with pytest.raises(EngineCrashed) as refused:
        await run(host, "count 1")
    assert refused.value.retry_after is not None and refused.value.retry_after >= host.rest


async def test_after_its_rest_it_is_tried_again_and_rests_longer_each_time(hosts: Hosts) -> None:
    clock = Clock()
    host = hosts(process=True, clock=clock)
    for _ in range(CRASH_LOOP):
        await crash(host, clock)
    rests = []
    for _ in range(3):
        rests.append(host.rest)
        clock.now += host.rest
        assert host.rest == 0
        with pytest.raises(EngineCrashed):
            await run(host, "kill")
    assert rests == sorted(set(rests))
    clock.now += host.rest
    assert await run(host, "count 2") == [0, 1]
    assert (host.state, host.crashes, host.rest, host.failure) == ("ready", 0, 0, None)


async def test_good_calls_between_crashes_are_no_loop(hosts: Hosts) -> None:
    clock = Clock()
    host = hosts(process=True, clock=clock)
    for _ in range(CRASH_LOOP + 1):
        await crash(host, clock)
        assert await run(host, "count 1") == [0]
    assert (host.state, host.crashes) == ("ready", 0)


async def test_a_load_is_no_good_call(hosts: Hosts) -> None:
    clock = Clock()
    host = hosts(process=True, spare=True, concurrency=2, clock=clock)
    for _ in range(CRASH_LOOP):
        await crash(host, clock)
    assert host.state == "failed"


async def test_a_spare_child_is_there_before_it_is_needed(hosts: Hosts) -> None:
    host = hosts(process=True, spare=True, concurrency=2)
    async with host.slot(0):
        await until(lambda: all(lane.ready for lane in host._lanes))


async def both(host: EngineHost[ScriptEngine]) -> set[int]:
    """Process ids of both children of a host of two."""
    async with host.slot(0) as one, host.slot(0) as other:
        found = set()
        for slot in (one, other):
            async with aclosing(slot.run(say("pid"))) as items:
                thousands, rest = [float(value) async for item in items for value in item]
            found.add(int(thousands) * 1000 + int(rest))
    return found


async def test_the_death_of_one_costs_one_call_and_the_other_serves_at_once(hosts: Hosts) -> None:
    host = hosts(process=True, spare=True, concurrency=2)
    assert len(await both(host)) == 2
    working = asyncio.ensure_future(run(host, "count 1; sleep 0.05; count 1"))
    await until(lambda: host.running == 1)
    with pytest.raises(EngineCrashed):
        await run(host, "count 1; kill")
    assert await working == [0, 0]
    assert await run(host, "count 1") == [0]
    await until(lambda: any(lane.ready for lane in host._lanes))


async def test_a_child_that_died_while_idle_is_passed_over(hosts: Hosts) -> None:
    host = hosts(process=True, spare=True, concurrency=2)
    await both(host)
    last = await pid_of(host)
    os.kill(last, signal.SIGKILL)
    await until(lambda: not all(lane.ready for lane in host._lanes))
    assert await pid_of(host) != last


async def test_an_unload_and_a_close_end_a_spare_that_is_starting(hosts: Hosts) -> None:
    host = hosts(process=True, spare=True, concurrency=2, load="sleep 0.05")
    task = asyncio.ensure_future(run(host, "count 1; sleep 0.02"))
    await until(lambda: host.running >= 1 and host.state == "ready")
    await task
    await host.unload()
    assert host.state == "cold" and not any(lane.ready for lane in host._lanes)


async def test_a_spare_that_does_not_start_is_no_failure_of_the_engine(hosts: Hosts, tmp_path: object) -> None:
    host = hosts(process=True, spare=True, concurrency=2, load=f"once {tmp_path}/loaded")
    with pytest.raises(EngineError):
        await host.load()
    assert await run(host, "count 1") == [0]
    assert host.state == "ready"
