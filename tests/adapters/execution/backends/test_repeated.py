"""A child that dies costs no call that it has not answered yet: those are begun again, once, on another copy."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import aclosing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from adapters.execution.instance import EngineInstance
from adapters.execution.lifecycle import CRASH_LOOP
from stts.errors import EngineCrashed
from tests.adapters.execution.conftest import Hosts
from tests.adapters.execution.engines_under_test import run, say, until
from tests.adapters.execution.script_engine import ScriptEngine

pytestmark = pytest.mark.socket


def marks(folder: Path) -> list[int]:
    """Process ids of the children that have come past a `mark` so far."""
    return [int(each.name) for each in folder.iterdir() if each.name.isdigit()]


async def test_a_call_whose_child_dies_before_its_first_result_is_made_again(instances: Hosts, tmp_path: Path) -> None:
    instance = instances(place="process")
    with capture_logs() as lines:
        assert await run(instance, f"kill_once {tmp_path}/killed; count 3") == [0, 1, 2]
    warnings = [line["event"] for line in lines if line["log_level"] == "warning"]
    assert warnings == ["engine_process_ended", "engine_call_repeated"]
    assert (instance.state, instance.crashes, instance.running) == ("ready", 0, 0)


async def test_another_copy_that_is_loaded_takes_it_over(instances: Hosts, tmp_path: Path) -> None:
    instance = instances(place="process", concurrency=2, load=f"mark {tmp_path}")
    await instance.warm(2)
    assert len(marks(tmp_path)) == 2
    assert await run(instance, f"kill_once {tmp_path}/killed; count 1") == [0]
    assert len(marks(tmp_path)) == 2


async def test_one_that_has_answered_is_not(instances: Hosts, tmp_path: Path) -> None:
    with pytest.raises(EngineCrashed):
        await run(instances(place="process"), f"count 1; kill_once {tmp_path}/killed")


async def test_work_that_has_read_on_is_not(instances: Hosts, tmp_path: Path) -> None:
    instance = instances(place="process")
    async with instance.slot(0) as slot:
        with pytest.raises(EngineCrashed):
            async with aclosing(slot.run(say(f"kill_once {tmp_path}/killed"), once=True)) as items:
                async for _ in items:
                    pass


async def test_a_text_that_kills_takes_two_children_and_counts_once(instances: Hosts, tmp_path: Path) -> None:
    instance = instances(place="process")
    with pytest.raises(EngineCrashed):
        await run(instance, f"mark {tmp_path}; kill")
    assert (len(marks(tmp_path)), instance.crashes, instance.state) == (2, 1, "ready")
    assert await run(instance, "count 1") == [0]
    assert instance.crashes == 0


async def test_the_last_crash_of_a_loop_is_not_made_again(instances: Hosts, tmp_path: Path) -> None:
    instance = instances(place="process")
    for _ in range(CRASH_LOOP - 1):
        with pytest.raises(EngineCrashed):
            await run(instance, "count 1; kill")
    with pytest.raises(EngineCrashed):
        await run(instance, f"mark {tmp_path}; kill")
    assert (len(marks(tmp_path)), instance.state) == (1, "failed")


async def test_a_copy_that_goes_meanwhile_is_gone(instances: Hosts, tmp_path: Path) -> None:
    instance = instances(place="process", concurrency=2)
    await instance.warm(2)
    task = asyncio.ensure_future(run(instance, f"sleep 0.05; kill_once {tmp_path}/killed; count 1"))
    await until(lambda: instance.running == 1)
    await instance.resize(1)
    assert await task == [0]
    assert await run(instance, "count 1") == [0]
    assert instance.slots == 1


async def killed_in_the_middle(instance: EngineInstance[ScriptEngine], folder: Path) -> list[object]:
    """Outcomes of four calls when the child of one is killed as soon as all are at work."""
    calls = [asyncio.ensure_future(run(instance, f"mark {folder}; sleep 0.2; pid")) for _ in range(4)]
    await until(lambda: len(marks(folder)) == 4)
    os.kill(marks(folder)[0], signal.SIGKILL)
    return list(await asyncio.gather(*calls, return_exceptions=True))


async def test_four_calls_at_once_and_a_kill(instances: Hosts, tmp_path: Path) -> None:
    instance = instances(place="process", concurrency=4)
    await instance.warm(4)
    results = await killed_in_the_middle(instance, tmp_path)
    assert [type(each) for each in results] == [list] * 4
    assert instance.state == "ready" and instance.running == 0


async def test_four_calls_of_which_one_has_begun_to_stream(instances: Hosts, tmp_path: Path) -> None:
    instance = instances(place="process", concurrency=4)
    await instance.warm(4)
    async with instance.slot(0) as slot, aclosing(slot.run(say("pid; hang"))) as items:
        thousands, rest = await anext(items)
        others = [asyncio.ensure_future(run(instance, "sleep 0.1; count 2")) for _ in range(3)]
        await until(lambda: instance.running == 4)
        os.kill(int(thousands) * 1000 + int(rest), signal.SIGKILL)
        with pytest.raises(EngineCrashed):
            await anext(items)
        assert await asyncio.gather(*others) == [[0, 1]] * 3
    assert await run(instance, "count 1") == [0]
