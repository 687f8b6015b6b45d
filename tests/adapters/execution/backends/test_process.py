"""Faults of child processes: they die, hang, write to standard output, and are left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from adapters.execution.backends.process import ProcessBackend, is_installed
from adapters.execution.backends.wire import WorkerSpec
from adapters.execution.client import client_of
from adapters.execution.instance import EngineInstance
from stts.errors import EngineCrashed, EngineError, EngineOutOfMemory, EngineTimeout
from stts.scheduling.backoff import FIRST_SECONDS
from stts.settings import LimitSettings
from stts.streams.closing import closing_iterator
from tests import patient
from tests.adapters.execution.conftest import Hosts
from tests.adapters.execution.engines_under_test import PARAMS, registry, run, say, until
from tests.adapters.execution.script_engine import VOICE, ScriptEngine, ScriptOptions, VADScript
from tests.patient import PATIENCE
from tests.skipping import skip

pytestmark = pytest.mark.socket

ROOT = Path(__file__).parents[4]


PYTHON = Path(sys.executable)


def spec(**options: object) -> WorkerSpec:
    return WorkerSpec(PYTHON, registry().target("script"), {"place": "process", **options})


def children() -> set[int]:
    """Process ids of all children of this process, those of other tests' servers included."""
    return {child.pid for child in psutil.Process().children()}


async def child_of(instance: EngineInstance[ScriptEngine]) -> int:
    thousands, rest = await run(instance, "pid")
    return int(thousands) * 1000 + int(rest)


async def test_it_really_is_another_process(instances: Hosts) -> None:
    instance = instances(place="process")
    child = await child_of(instance)
    assert child != os.getpid()
    assert psutil.Process(child).ppid() == os.getpid()
    assert await child_of(instance) == child


@pytest.mark.parametrize("step", ["kill", "exit"])
async def test_a_child_that_dies_costs_its_own_call(instances: Hosts, step: str) -> None:
    instance = instances(place="process")
    before = await child_of(instance)
    with pytest.raises(EngineCrashed):
        await run(instance, f"count 3; {step}")
    assert (instance.state, instance.running) == ("ready", 0)
    assert await child_of(instance) != before


async def test_a_child_killed_from_outside_in_the_middle_of_an_item(instances: Hosts) -> None:
    instance = instances(place="process")
    child = await child_of(instance)
    with pytest.raises(EngineCrashed):
        async with instance.slot(0) as slot, aclosing(slot.run(say("count 1; big 50000000; hang"))) as items:
            await anext(items)
            os.kill(child, signal.SIGKILL)
            async for _ in items:
                pass
    assert await run(instance, "count 1") == [0]


async def test_a_child_that_dies_idle_costs_nothing(instances: Hosts) -> None:
    instance = instances(place="process")
    child = await child_of(instance)
    os.kill(child, signal.SIGKILL)
    await until(lambda: os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None)
    assert await run(instance, "count 2") == [0, 1]


async def test_a_child_that_dies_while_loading(instances: Hosts) -> None:
    instance = instances(place="process", load="kill")
    with pytest.raises(EngineCrashed):
        await instance.load()
    assert instance.state == "failed"


async def test_a_child_that_keeps_dying_is_started_again_later_each_time(instances: Hosts) -> None:
    instance = instances(place="process")
    loop = asyncio.get_running_loop()
    for _ in range(2):
        asked = loop.time()
        with pytest.raises(EngineCrashed):
            await run(instance, "kill")
    assert await run(instance, "count 1") == [0]
    assert loop.time() - asked >= FIRST_SECONDS
    with pytest.raises(EngineCrashed):
        await run(instance, "kill")


async def test_a_child_that_hangs_is_killed_and_nobody_else_waits(instances: Hosts, tmp_path: Path) -> None:
    instance, other = instances(LimitSettings(call_seconds=600), place="process"), instances()
    child = psutil.Process(await child_of(instance))
    hung = asyncio.ensure_future(run(instance, f"mark {tmp_path}; hang"))
    await until(lambda: any(tmp_path.iterdir()))
    assert await run(other, "count 2") == [0, 1]
    assert not hung.done()
    skip(600)
    with pytest.raises(EngineTimeout):
        await hung
    # Its sockets close before it is reaped.
    await until(lambda: not child.is_running())
    assert (instance.state, instance.running) == ("ready", 0)
    assert await run(instance, "count 1") == [0]


@pytest.mark.parametrize("batch", [1, 2])
async def test_after_a_call_was_ended_by_force_the_engine_is_loaded_again(
    instances: Hosts, tmp_path: Path, batch: int
) -> None:
    instance = instances(place="process", batch=batch)
    async with instance.slot(0) as slot:
        hung = asyncio.ensure_future(anext(slot.run(say(f"mark {tmp_path}; hang"))))
        await until(lambda: any(tmp_path.iterdir()))
        await slot.force()
        await asyncio.wait((hung,))
    assert hung.exception() is not None
    await instance.unload()
    await instance.load()
    assert await run(instance, "count 2") == [0, 1]


async def test_a_load_that_hangs_is_killed(instances: Hosts) -> None:
    instance = instances(LimitSettings(load_seconds=600), place="process", load="hang")
    loading = asyncio.ensure_future(instance.load())
    await until(lambda: instance.progress is not None)
    skip(600)
    with pytest.raises(EngineTimeout):
        await loading
    assert (instance.state, instance.running) == ("failed", 0)


async def test_one_child_a_slot_started_when_needed(instances: Hosts) -> None:
    others = children()
    instance = instances(place="process", concurrency=2)
    first = await child_of(instance)
    assert children() - others == {first}
    async with instance.slot(0):
        second = await child_of(instance)
    assert first != second
    assert children() - others == {first, second}


async def test_a_crash_leaves_the_other_child_alone(instances: Hosts) -> None:
    instance = instances(place="process", concurrency=2)
    async with instance.slot(0) as slot, aclosing(slot.run(say("pid; sleep 0.3; pid"))) as items:
        before = await anext(items)
        with pytest.raises(EngineCrashed):
            await run(instance, "kill")
        assert (await anext(items)).tolist() == before.tolist()


async def test_noise_on_standard_output_does_not_get_between(instances: Hosts) -> None:
    assert await run(instances(place="process"), "print; count 3; print; stdin") == [0, 1, 2, 0]


async def test_an_item_that_cannot_travel_is_the_engines_error(instances: Hosts) -> None:
    instance = instances(place="process")
    child = await child_of(instance)
    with pytest.raises(EngineError):
        await run(instance, "count 1; unpicklable")
    assert await child_of(instance) == child


async def test_the_cause_tells_where_but_not_what_was_said(instances: Hosts) -> None:
    with pytest.raises(EngineError) as caught:
        await run(instances(place="process"), "raise")
    trace = str(caught.value.__cause__)
    assert "ForeignError" in trace and "in raise_" in trace
    assert "words of the user" not in trace


async def test_leaving_early_keeps_the_child(instances: Hosts) -> None:
    instance = instances(place="process")
    child = await child_of(instance)
    for script in ("count 1000000", "big 1000000; big 1000000; big 1000000", "count 1; sleep 0.01; count 1"):
        async with instance.slot(0) as slot, aclosing(slot.run(say(script))) as items:
            await anext(items)
    assert await child_of(instance) == child


async def test_an_interrupt_is_for_one_call_only(instances: Hosts) -> None:
    instance = instances(place="process")
    for _ in range(20):
        async with instance.slot(0) as slot:
            items = slot.run(say("count 5"))
            await anext(items)
            slot.backend.interrupt()
            await items.aclose()
            slot.backend.interrupt()
        assert await run(instance, "count 5") == [0, 1, 2, 3, 4]


async def test_ctrl_c_is_not_for_the_child(instances: Hosts) -> None:
    instance = instances(place="process")
    child = await child_of(instance)
    os.kill(child, signal.SIGINT)
    assert await child_of(instance) == child
    assert os.getpgid(child) != os.getpgid(0)


async def test_close_while_a_child_hangs(instances: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.execution.lifecycle.CLOSE_SECONDS", 0.05)
    others = children()
    instance = instances(place="process")
    task = asyncio.ensure_future(run(instance, "count 1; hang"))
    await until(lambda: instance.running == 1 and instance.state == "ready")
    await instance.close()
    await asyncio.wait([task])
    assert task.exception() is not None
    # A close that gave up waiting has killed it; the thread that waits for its end may still be at it.
    await until(lambda: children() <= others)


@pytest.mark.parametrize("early", [True, False], ids=["before the child is there", "in the load"])
def test_a_load_is_killed_whenever_the_kill_comes(leaves_nothing: None, early: bool) -> None:
    backend = ProcessBackend("script", lambda: spec(load="hang"))

    def loading(step: str, part: float | None) -> None:
        assert not early
        backend.kill()

    for _ in range(2):
        backend.begin_call()
        if early:
            backend.kill()
        with pytest.raises(EngineCrashed):
            backend.load(loading)
        assert not backend.ready


def test_a_kill_that_came_too_late_is_not_for_the_next_call(leaves_nothing: None) -> None:
    backend = ProcessBackend("script", spec)
    backend.kill()
    backend.begin_call()
    backend.load(lambda step, part: None)
    assert backend.ready
    backend.unload()


def test_a_method_that_returns_a_value(leaves_nothing: None) -> None:
    backend = ProcessBackend("vad_script", lambda: WorkerSpec(PYTHON, registry().target("vad_script"), {}))
    engine = client_of(VADScript(), backend)
    backend.load(lambda step, part: None)
    try:
        frames = np.ones((2, 4), np.float32)
        speech, states = engine.probabilities(frames, np.zeros((2, 3), np.float32))
        assert speech.tolist() == [1, 1]
        assert states.tolist() == [[1, 1, 1]] * 2
        assert speech.flags.writeable
    finally:
        backend.unload()


def test_several_calls_are_one_message(leaves_nothing: None) -> None:
    backend = ProcessBackend("vad_script", lambda: WorkerSpec(PYTHON, registry().target("vad_script"), {}))
    backend.load(lambda step, part: None)
    state = np.zeros((1, 1), np.float32)
    calls: list[Any] = [[np.full((1, 4), level, np.float32), state] for level in (0.25, 0.5, 0.75)]
    try:
        results: list[Any] = list(backend.call_many("probabilities", calls))
        assert [(number, float(speech[0])) for number, (speech, _) in results] == [(0, 0.25), (1, 0.5), (2, 0.75)]
        with closing_iterator(backend.call_many("probabilities", calls)) as begun:
            assert next(begun)[0] == 0
        (result,) = backend.call("probabilities", calls[2])
        assert isinstance(result, list) and result[0] == pytest.approx([0.75])
    finally:
        backend.unload()


def test_another_interpreter_is_asked_whether_the_engine_is_installed(leaves_nothing: None, tmp_path: Path) -> None:
    assert is_installed(WorkerSpec(PYTHON, registry().target("script"), {}))
    with pytest.raises(OSError):
        is_installed(WorkerSpec(tmp_path / "none", registry().target("script"), {}))
    with pytest.raises(EngineError, match="could not be made"):
        is_installed(WorkerSpec(PYTHON, "no_such_module:Engine", {}))


def test_options_that_are_no_plain_values_leave_no_child(leaves_nothing: None) -> None:
    backend = ProcessBackend("script", lambda: spec(load=object()))
    with pytest.raises(TypeError):
        backend.load(lambda step, part: None)
    assert not backend.ready


def test_messages_of_a_child_name_the_key_of_its_options(leaves_nothing: None) -> None:
    key = "engines.instances.other.options"
    backend = ProcessBackend(
        "other", lambda: WorkerSpec(PYTHON, registry().target("script"), {"load": "raise memory"}, key)
    )
    with pytest.raises(EngineOutOfMemory, match=f"{key}.device"):
        backend.load(lambda step, part: None)


def test_it_looks_like_the_engine(leaves_nothing: None) -> None:
    engine = client_of(ScriptEngine(ScriptOptions(place="process")), ProcessBackend("script", spec))
    assert engine.info.name == "script"
    assert engine.Parameters is ScriptEngine.Parameters
    assert engine.find_voice("any") == VOICE
    with pytest.raises(EngineError, match="not loaded"):
        next(engine.synthesize("count 1", VOICE, PARAMS))


@pytest.mark.parametrize("script", ["count 1; hang", "count 1"])
def test_a_child_does_not_outlive_its_parent(script: str) -> None:
    """True if it hangs in a call or waits for the next."""
    program = (
        "import os, psutil, signal\n"
        "from adapters.execution.backends.process import ProcessBackend\n"
        "from adapters.execution.client import client_of\n"
        "from tests.adapters.execution.backends.test_process import spec\n"
        "from tests.adapters.execution.engines_under_test import PARAMS\n"
        "from tests.adapters.execution.script_engine import *\n"
        "backend = ProcessBackend('script', spec)\n"
        "backend.load(lambda step, part: None)\n"
        f"items = client_of(ScriptEngine(), backend).synthesize({script!r}, VOICE, PARAMS)\n"
        "next(items)\n"
        "print(*(child.pid for child in psutil.Process().children()), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = patient.run([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    child = int(done.stdout)
    with suppress(psutil.NoSuchProcess):
        # Its new parent may leave it a zombie.
        end = time.monotonic() + PATIENCE
        while psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < end
            time.sleep(0.01)
