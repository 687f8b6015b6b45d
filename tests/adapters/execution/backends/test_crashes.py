"""Children that die again and again, and the child that waits in case one does."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import aclosing
from pathlib import Path

import psutil
import pytest
from structlog.testing import capture_logs

from adapters.execution.instance import EngineInstance
from adapters.execution.lifecycle import CRASH_LOOP
from stts.errors import EngineCrashed, EngineError
from stts.scheduling.backoff import LONGEST_SECONDS
from tests.adapters.execution.conftest import Hosts
from tests.adapters.execution.engines_under_test import run, say, until
from tests.adapters.execution.script_engine import ScriptEngine

pytestmark = pytest.mark.socket


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


async def pid_of(instance: EngineInstance[ScriptEngine]) -> int:
    thousands, rest = await run(instance, "pid")
    return int(thousands) * 1000 + int(rest)


async def crash(instance: EngineInstance[ScriptEngine], clock: Clock) -> None:
    clock.now += LONGEST_SECONDS
    with pytest.raises(EngineCrashed):
        await run(instance, "kill")


async def test_a_crash_loop_puts_the_engine_to_rest_and_says_so(instances: Hosts) -> None:
    clock = Clock()
    instance = instances(place="process", clock=clock)
    for number in range(1, CRASH_LOOP + 1):
        assert (instance.state, instance.rest) == ("cold" if number == 1 else "ready", 0)
        await crash(instance, clock)
        assert instance.crashes == number
    assert instance.state == "failed" and instance.rest > 0
    assert f"died {CRASH_LOOP} times in a row" in str(instance.failure)
    with pytest.raises(EngineCrashed) as refused:
        await run(instance, "count 1")
    assert refused.value.retry_after is not None and refused.value.retry_after >= instance.rest


async def test_after_its_rest_it_is_tried_again_and_rests_longer_each_time(instances: Hosts) -> None:
    clock = Clock()
    instance = instances(place="process", clock=clock)
    for _ in range(CRASH_LOOP):
        await crash(instance, clock)
    rests = []
    for _ in range(3):
        rests.append(instance.rest)
        clock.now += instance.rest
        assert instance.rest == 0
        with pytest.raises(EngineCrashed):
            await run(instance, "kill")
    assert rests == sorted(set(rests))
    clock.now += instance.rest
    assert await run(instance, "count 2") == [0, 1]
    assert (instance.state, instance.crashes, instance.rest, instance.failure) == ("ready", 0, 0, None)


async def test_good_calls_between_crashes_are_no_loop(instances: Hosts) -> None:
    clock = Clock()
    instance = instances(place="process", clock=clock)
    for _ in range(CRASH_LOOP + 1):
        await crash(instance, clock)
        assert await run(instance, "count 1") == [0]
    assert (instance.state, instance.crashes) == ("ready", 0)


async def test_a_load_is_no_good_call(instances: Hosts) -> None:
    clock = Clock()
    instance = instances(place="process", spare=True, concurrency=2, clock=clock)
    for _ in range(CRASH_LOOP):
        await crash(instance, clock)
    assert instance.state == "failed"


async def test_a_spare_child_is_there_before_it_is_needed(instances: Hosts, tmp_path: Path) -> None:
    instance = instances(place="process", spare=True, concurrency=2, load=f"mark {tmp_path}")
    async with instance.slot(0):
        await until(lambda: loaded(tmp_path) == 2)


def loaded(folder: Path) -> int:
    """Children that have loaded so far, where loading leaves a mark in this folder."""
    return len(list(folder.iterdir()))


async def both(instance: EngineInstance[ScriptEngine]) -> set[int]:
    """Process ids of both children of a instance of two."""
    async with instance.slot(0) as one, instance.slot(0) as other:
        found = set()
        for slot in (one, other):
            async with aclosing(slot.run(say("pid"))) as items:
                thousands, rest = [float(value) async for item in items for value in item]
            found.add(int(thousands) * 1000 + int(rest))
    return found


async def test_the_death_of_one_costs_one_call_and_the_other_serves_at_once(instances: Hosts, tmp_path: Path) -> None:
    instance = instances(place="process", spare=True, concurrency=2, load=f"mark {tmp_path}")
    assert len(await both(instance)) == 2
    working = asyncio.ensure_future(run(instance, "count 1; sleep 0.05; count 1"))
    await until(lambda: instance.running == 1)
    with pytest.raises(EngineCrashed):
        await run(instance, "count 1; kill")
    assert await working == [0, 0]
    assert await run(instance, "count 1") == [0]
    await until(lambda: loaded(tmp_path) == 3)


async def test_a_child_that_died_while_idle_is_passed_over(instances: Hosts) -> None:
    instance = instances(place="process", spare=True, concurrency=2)
    await both(instance)
    last = await pid_of(instance)
    os.kill(last, signal.SIGKILL)
    await until(lambda: os.waitid(os.P_PID, last, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None)
    assert await pid_of(instance) != last


async def test_an_unload_and_a_close_end_a_spare_that_is_starting(instances: Hosts) -> None:
    before = psutil.Process().children()
    instance = instances(place="process", spare=True, concurrency=2, load="sleep 0.05")
    task = asyncio.ensure_future(run(instance, "count 1; sleep 0.02"))
    await until(lambda: instance.running >= 1 and instance.state == "ready")
    await task
    await instance.unload()
    assert instance.state == "cold" and psutil.Process().children() == before


async def test_a_spare_that_does_not_start_is_no_failure_of_the_engine(instances: Hosts, tmp_path: object) -> None:
    instance = instances(place="process", spare=True, concurrency=2, load=f"once {tmp_path}/loaded")
    with pytest.raises(EngineError):
        await instance.load()
    assert await run(instance, "count 1") == [0]
    assert instance.state == "ready"


@pytest.mark.parametrize(("script", "how"), [("count 1; kill", "signal 9"), ("count 1; exit", "status 7")])
async def test_the_log_tells_how_a_child_ended(instances: Hosts, script: str, how: str) -> None:
    with capture_logs() as lines, pytest.raises(EngineCrashed):
        await run(instances(place="process"), script)
    told = [(line["engine"], line["by"]) for line in lines if line["event"] == "engine_process_ended"]
    assert told == [("script", how)]
