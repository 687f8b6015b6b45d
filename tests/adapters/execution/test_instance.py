"""Behaviour of engine instances, in threads and in child processes alike."""

from __future__ import annotations

import asyncio
import pickle
import time
from contextlib import aclosing

import numpy as np
import pytest

from stts.engine_api import Place
from stts.errors import (
    Busy,
    Conflict,
    EngineError,
    EngineLoadFailed,
    EngineNotInstalled,
    EngineOutOfMemory,
    EngineTimeout,
    EngineWeightsMissing,
    InvalidParameter,
    ShuttingDown,
)
from stts.settings import LimitSettings
from tests.adapters.execution.conftest import Hosts
from tests.adapters.execution.engines_under_test import run, say, until
from tests.adapters.execution.script_engine import GATES, LOG, ScriptEngine
from tests.skipping import skip


async def test_items_come_in_order(instances: Hosts, place: Place) -> None:
    instance = instances(place=place)
    states = [instance.state]
    assert await run(instance, "count 100") == list(range(100))
    assert [*states, instance.state] == ["cold", "ready"]
    assert (instance.running, instance.waiting) == (0, 0)


async def test_large_items_arrive_whole(instances: Hosts, place: Place) -> None:
    instance = instances(place=place)
    async with instance.slot(0) as slot, aclosing(slot.run(say("big 500000; big 1; big 500000"))) as items:
        lengths = [len(item) async for item in items]
    assert lengths == [500_000, 1, 500_000]


async def test_a_slot_runs_several_calls(instances: Hosts, place: Place) -> None:
    instance = instances(place=place)
    async with instance.slot(0) as slot:
        for _ in range(3):
            async with aclosing(slot.run(say("count 2"))) as items:
                assert [float(item[0]) async for item in items] == [0, 1]


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("raise", EngineError),
        ("raise memory", EngineOutOfMemory),
        ("raise exit", EngineError),
        ("count 1; raise", EngineError),
    ],
)
async def test_what_an_engine_raises_is_translated(
    instances: Hosts, place: Place, script: str, error: type[EngineError]
) -> None:
    instance = instances(place=place)
    with pytest.raises(EngineError) as caught:
        await run(instance, script)
    assert type(caught.value) is error
    assert "user" not in str(caught.value)
    assert caught.value.__cause__ is not None
    assert await run(instance, "count 1") == [0]
    assert instance.state == "ready"


async def test_our_own_errors_pass(instances: Hosts, place: Place) -> None:
    with pytest.raises(InvalidParameter, match=r"^not this$") as caught:
        await run(instances(place=place), "raise own")
    assert (caught.value.param, caught.value.allowed) == ("voice", ["that"])


async def test_an_error_of_the_consumer_passes_and_frees_the_slot(instances: Hosts, place: Place) -> None:
    instance = instances(place=place)
    with pytest.raises(LookupError):
        async with instance.slot(0) as slot, aclosing(slot.run(say("count 1000"))) as items:
            async for _ in items:
                raise LookupError
    assert instance.running == 0
    assert await run(instance, "count 1") == [0]


async def test_leaving_early_stops_the_engine_at_its_next_yield(instances: Hosts, place: Place) -> None:
    instance = instances(place=place)
    async with instance.slot(0) as slot:
        items = slot.run(say("count 1000000"))
        assert (await anext(items))[0] == 0
        await items.aclose()
        assert not slot.busy
    assert instance.running == 0
    if place == "inline":
        assert len(LOG) < 100
        assert LOG[-1] == "end count 1000000 in script-0"


async def test_leaving_before_the_first_item(instances: Hosts, place: Place) -> None:
    instance = instances(place=place)
    await instance.load()
    async with instance.slot(0) as slot:
        items = slot.run(say("count 3"))
        first = asyncio.ensure_future(anext(items))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        await items.aclose()
    assert instance.running == 0
    assert await run(instance, "count 1") == [0]


async def test_the_slot_is_free_when_nested_generators_are_closed(instances: Hosts, place: Place) -> None:
    instance = instances(place=place)

    async def inner():  # type: ignore[no-untyped-def]
        async with instance.slot(0) as slot, aclosing(slot.run(say("count 100000"))) as items:
            async for item in items:
                yield item

    async def outer():  # type: ignore[no-untyped-def]
        async with aclosing(inner()) as items:  # type: ignore[no-untyped-call]
            async for item in items:
                yield item

    stream = outer()  # type: ignore[no-untyped-call]
    await anext(stream)
    assert instance.running == 1
    await stream.aclose()
    assert instance.running == 0


async def test_a_slot_left_with_a_call_running_ends_the_call(instances: Hosts, place: Place) -> None:
    instance = instances(place=place)
    async with instance.slot(0) as slot:
        items = slot.run(say("count 100000"))
        await anext(items)
    assert (slot.busy, instance.running) == (False, 0)
    await items.aclose()


async def test_a_second_cancellation_does_not_free_the_slot_too_early(instances: Hosts) -> None:
    instance = instances()
    task = asyncio.ensure_future(run(instance, "wait gate; count 1"))
    await until(lambda: "begin wait gate; count 1" in LOG)
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0.002)
    assert not task.done()
    assert instance.running == 1
    GATES["gate"].set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert instance.running == 0


async def test_the_most_urgent_goes_first(instances: Hosts) -> None:
    instance = instances()
    await instance.load()
    order: list[str] = []

    async def stream(name: str, deadline: float) -> None:
        await run(instance, "count 1", deadline)
        order.append(name)

    first = asyncio.ensure_future(run(instance, "wait gate", 0.0))
    await until(lambda: "begin wait gate" in LOG)
    tasks = [asyncio.ensure_future(stream(name, at)) for name, at in (("c", 3.0), ("a", 1.0), ("b", 2.0), ("a2", 1.0))]
    await until(lambda: instance.waiting == 4)
    GATES["gate"].set()
    await asyncio.gather(first, *tasks)
    assert order == ["a", "a2", "b", "c"]


async def test_as_many_calls_at_once_as_the_engine_takes(instances: Hosts) -> None:
    instance = instances(concurrency=2)
    await instance.load()
    tasks = [asyncio.ensure_future(run(instance, f"wait {name}")) for name in "abc"]
    await until(lambda: {"begin wait a", "begin wait b"} <= set(LOG))
    assert (instance.running, instance.waiting) == (2, 1)
    GATES["b"].set()
    await until(lambda: "begin wait c" in LOG)
    for gate in "ac":
        GATES[gate].set()
    await asyncio.gather(*tasks)


async def test_who_leaves_the_queue_is_gone(instances: Hosts) -> None:
    instance = instances()
    await instance.load()
    holder = asyncio.ensure_future(run(instance, "wait gate"))
    await until(lambda: "begin wait gate" in LOG)
    crowd = [asyncio.ensure_future(run(instance, "count 1")) for _ in range(50)]
    await until(lambda: instance.waiting == 50)
    for task in crowd:
        task.cancel()
    await asyncio.wait(crowd)
    assert (instance.running, instance.waiting) == (1, 0)
    GATES["gate"].set()
    await holder
    assert await run(instance, "count 1") == [0]


async def test_a_full_queue_refuses_new_streams_only(instances: Hosts) -> None:
    instance = instances(LimitSettings(queue_length=1))
    await instance.load()
    holder = asyncio.ensure_future(run(instance, "wait gate"))
    await until(lambda: "begin wait gate" in LOG)
    waiter = asyncio.ensure_future(run(instance, "count 1"))
    await until(lambda: instance.waiting == 1)
    with pytest.raises(Busy) as caught:
        await run(instance, "count 1")
    assert caught.value.retry_after is not None and caught.value.retry_after >= 1

    async def begun() -> None:
        async with instance.slot(0.0, begun=True):
            pass

    going_on = asyncio.ensure_future(begun())
    await until(lambda: instance.waiting == 2)
    GATES["gate"].set()
    await asyncio.gather(holder, waiter, going_on)


async def test_a_wait_has_an_end(instances: Hosts) -> None:
    instance = instances(LimitSettings(queue_seconds=0.02))
    await instance.load()
    holder = asyncio.ensure_future(run(instance, "wait gate"))
    await until(lambda: "begin wait gate" in LOG)
    with pytest.raises(Busy):
        await run(instance, "count 1")
    GATES["gate"].set()
    await holder
    assert (instance.running, instance.waiting) == (0, 0)


async def test_concurrent_loads_are_one_load(instances: Hosts) -> None:
    instance = instances(load="wait loaded")
    callers = [asyncio.ensure_future(instance.load()) for _ in range(5)]
    await until(lambda: instance.progress is not None)
    assert (instance.state, instance.progress) == ("loading", ("reading", 0.5))
    callers[0].cancel()
    GATES["loaded"].set()
    await asyncio.gather(*callers[1:])
    assert callers[0].cancelled()
    assert LOG == ["load"]
    assert (instance.state, instance.progress) == ("ready", None)


async def test_calls_that_wait_for_a_load_are_bounded_too(instances: Hosts) -> None:
    instance = instances(LimitSettings(queue_length=2), load="wait loaded")
    callers = [asyncio.ensure_future(run(instance, "count 1")) for _ in range(2)]
    await until(lambda: instance.waiting == 2)
    with pytest.raises(Busy):
        await run(instance, "count 1")
    GATES["loaded"].set()
    assert await asyncio.gather(*callers) == [[0], [0]]


@pytest.mark.parametrize(
    ("script", "error", "state"),
    [
        ("raise", EngineLoadFailed, "failed"),
        ("raise missing", EngineNotInstalled, "not_installed"),
        ("raise file", EngineWeightsMissing, "failed"),
        ("raise memory", EngineOutOfMemory, "failed"),
    ],
)
async def test_a_load_that_fails(
    instances: Hosts, place: Place, script: str, error: type[EngineError], state: str
) -> None:
    instance = instances(place=place, load=script)
    with pytest.raises(error):
        await instance.load()
    assert instance.state == state
    assert type(instance.failure) is error
    with pytest.raises(error):
        await run(instance, "count 1")


async def test_a_failed_load_is_tried_again(instances: Hosts, place: Place, tmp_path: object) -> None:
    instance = instances(place=place, load=f"once {tmp_path}/loaded")
    with pytest.raises(EngineLoadFailed):
        await instance.load()
    await instance.load()
    assert (instance.state, instance.failure) == ("ready", None)


async def test_requests_do_not_reload_a_broken_engine_each_time(instances: Hosts) -> None:
    instance = instances(load="raise")
    for _ in range(5):
        with pytest.raises(EngineLoadFailed):
            await run(instance, "count 1")
    assert LOG.count("load") == 2
    with pytest.raises(EngineLoadFailed) as caught:
        await run(instance, "count 1")
    assert caught.value.retry_after is not None
    with pytest.raises(EngineLoadFailed):
        await instance.load()
    assert LOG.count("load") == 3


async def test_unload_and_load_again(instances: Hosts, place: Place) -> None:
    instance = instances(place=place)
    await instance.unload()
    await run(instance, "count 1")
    await instance.unload()
    assert instance.state == "cold"
    assert await run(instance, "count 2") == [0, 1]


async def test_no_unload_in_flight(instances: Hosts) -> None:
    instance = instances()
    task = asyncio.ensure_future(run(instance, "wait gate"))
    await until(lambda: "begin wait gate" in LOG)
    with pytest.raises(Conflict):
        await instance.unload()
    GATES["gate"].set()
    await task
    await instance.unload()
    assert LOG[-1] == "unload"


async def test_no_unload_while_loading(instances: Hosts) -> None:
    instance = instances(load="wait loaded")
    task = asyncio.ensure_future(instance.load())
    await until(lambda: instance.state == "loading")
    with pytest.raises(Conflict):
        await instance.unload()
    GATES["loaded"].set()
    await task
    await instance.unload()
    assert LOG == ["load", "unload"]


async def test_a_slow_consumer_stops_only_itself(instances: Hosts) -> None:
    instance = instances(concurrency=2)
    async with instance.slot(0) as slow, aclosing(slow.run(say("count 100000"))) as items:
        await anext(items)
        assert await run(instance, "count 200") == list(range(200))
        assert LOG.count("item 99") == 1
    assert instance.running == 0


async def test_a_probe_really_runs(instances: Hosts, place: Place) -> None:
    instance = instances(place=place)
    before = time.time()
    probe = await instance.probe(say("count 1"))
    assert probe.ok and before <= probe.at and probe.seconds > 0
    assert instance.last_probe == probe
    probe = await instance.probe(say("raise"))
    assert (probe.ok, probe.error) == (False, "engine_failed")
    assert instance.last_probe == probe


async def test_observed_speed_is_an_average(instances: Hosts) -> None:
    instance = instances()
    assert instance.real_time_factor is None
    instance.observe(0.01, 5.0)
    assert instance.real_time_factor is None
    instance.observe(1.0, 0.5)
    assert instance.real_time_factor == 0.5
    instance.observe(1.0, 1.0)
    assert instance.real_time_factor == pytest.approx(0.6)


async def test_close_while_running(instances: Hosts, place: Place) -> None:
    instance = instances(place=place)

    async def slowly() -> None:
        async with instance.slot(0) as slot, aclosing(slot.run(say("count 100000"))) as items:
            async for _ in items:
                await asyncio.sleep(0)

    task = asyncio.ensure_future(slowly())
    await until(lambda: instance.running == 1)
    waiter = asyncio.ensure_future(run(instance, "count 1"))
    await until(lambda: instance.waiting == 1)
    await instance.close()
    with pytest.raises(ShuttingDown):
        await task
    with pytest.raises(ShuttingDown):
        await waiter
    with pytest.raises(ShuttingDown):
        await run(instance, "count 1")
    with pytest.raises(ShuttingDown):
        await instance.load()


async def test_a_slot_that_is_held_while_the_host_closes(instances: Hosts, place: Place) -> None:
    instance = instances(place=place)
    async with instance.slot(0) as slot:
        async with aclosing(slot.run(say("count 1"))) as items:
            await anext(items)
        await instance.close()
        with pytest.raises(ShuttingDown):
            await anext(slot.run(say("count 1")))
    assert (instance.state, instance.running) == ("cold", 0)


async def test_an_unload_that_fails_does_not_stop_the_close(instances: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(engine: ScriptEngine) -> None:
        raise RuntimeError

    monkeypatch.setattr(ScriptEngine, "unload", refuse)
    instance = instances()
    await instance.load()
    with pytest.raises(EngineError):
        await instance.unload()
    await instance.load()
    await instance.close()
    assert instance.state == "cold"


async def test_a_call_that_hangs_in_a_thread_fails_the_engine_until_it_returns(instances: Hosts) -> None:
    instance = instances(LimitSettings(call_seconds=600, queue_seconds=3600))
    await instance.load()
    hung = asyncio.ensure_future(run(instance, "wait gate"))
    await until(lambda: "begin wait gate" in LOG)
    waiter = asyncio.ensure_future(run(instance, "count 1"))
    await until(lambda: instance.waiting == 1)
    skip(600)
    for task in (hung, waiter):
        with pytest.raises(EngineTimeout):
            await task
    assert (instance.state, instance.running) == ("failed", 1)
    assert isinstance(instance.failure, EngineTimeout)
    for attempt in (run(instance, "count 1"), instance.load()):
        with pytest.raises(EngineTimeout):
            await attempt
    with pytest.raises(Conflict):
        await instance.unload()
    GATES["gate"].set()
    await until(lambda: instance.running == 0)
    await until(lambda: (instance.state, instance.failure) == ("ready", None))
    assert await run(instance, "count 1") == [0]


async def test_a_load_that_hangs_in_a_thread(instances: Hosts) -> None:
    instance = instances(LimitSettings(load_seconds=600), load="wait gate")
    loading = asyncio.ensure_future(instance.load())
    await until(lambda: instance.progress is not None)
    skip(600)
    with pytest.raises(EngineTimeout):
        await loading
    assert (instance.state, instance.running) == ("failed", 1)
    GATES["gate"].set()
    await until(lambda: instance.running == 0)
    assert instance.state == "ready"
    assert LOG == ["load"]
    assert await run(instance, "count 1") == [0]


async def test_a_load_that_comes_further_has_time_again(instances: Hosts) -> None:
    instance = instances(LimitSettings(load_seconds=600), load="wait gate; step half; wait other")
    loading = asyncio.ensure_future(instance.load())
    for step, gate in (("reading", "gate"), ("half", "other")):
        await until(lambda: instance.progress is not None and instance.progress[0] == step)  # noqa: B023
        skip(400)
        await asyncio.sleep(0.01)
        GATES[gate].set()
    await loading
    assert instance.state == "ready"


@pytest.mark.parametrize(
    ("limits", "script", "first"),
    [
        (LimitSettings(first_seconds=60), "wait gate", 0),
        (LimitSettings(first_seconds=7200, call_seconds=60), "count 1; wait gate", 1),
        (LimitSettings(first_seconds=60, call_seconds=60, total_seconds=60), "count 1; wait gate", 1),
    ],
    ids=["first", "next", "total"],
)
async def test_each_wait_for_an_engine_has_its_limit(
    instances: Hosts, limits: LimitSettings, script: str, first: int
) -> None:
    instance = instances(limits)
    await instance.load()
    async with instance.slot(0) as slot:
        items = slot.run(say(script))
        for _ in range(first):
            await anext(items)
        waiting = asyncio.ensure_future(anext(items))
        await until(lambda: f"begin {script}" in LOG)
        await asyncio.sleep(0)
        skip(60)
        with pytest.raises(EngineTimeout):
            await waiting
    GATES["gate"].set()
    await until(lambda: instance.running == 0)


async def test_leaving_a_call_that_hangs_has_an_end(instances: Hosts) -> None:
    instance = instances(LimitSettings(call_seconds=600))
    await instance.load()
    task = asyncio.ensure_future(run(instance, "wait gate"))
    await until(lambda: "begin wait gate" in LOG)
    task.cancel()
    await asyncio.sleep(0)
    skip(600)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (instance.state, instance.running) == ("failed", 1)
    GATES["gate"].set()
    await until(lambda: instance.state == "ready")


async def test_close_with_a_hung_thread_returns(instances: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.execution.lifecycle.CLOSE_SECONDS", 0.02)
    instance = instances()
    await instance.load()
    task = asyncio.ensure_future(run(instance, "wait gate"))
    await until(lambda: "begin wait gate" in LOG)
    await instance.close()
    with pytest.raises(ShuttingDown):
        await task
    assert "unload" not in LOG


async def test_a_slow_consumer_is_no_silent_engine(instances: Hosts, place: Place) -> None:
    instance = instances(LimitSettings(call_seconds=600), place=place)
    async with instance.slot(0) as slot, aclosing(slot.run(say("count 100"))) as items:
        await anext(items)
        skip(1000)
        await asyncio.sleep(0)
        assert len([item async for item in items]) == 99


async def test_a_cancel_storm_leaves_the_engine_usable(instances: Hosts, place: Place) -> None:
    instance = instances(LimitSettings(queue_length=1000), place=place, concurrency=2)
    await instance.load()
    rng = np.random.default_rng(0)
    tasks = [asyncio.ensure_future(run(instance, "count 40", float(rng.random()))) for _ in range(100)]
    for index in rng.permutation(100):
        tasks[index].cancel()
        if index % 7 == 0:
            await asyncio.sleep(0.001)
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(result, list | asyncio.CancelledError) for result in results)
    assert (instance.running, instance.waiting) == (0, 0)
    assert await run(instance, "count 3") == [0, 1, 2]


def test_errors_of_the_tree_pickle() -> None:
    error = pickle.loads(pickle.dumps(InvalidParameter("no", param="speed", allowed=[1, 2], retry_after=3.0)))
    assert (str(error), error.param, error.allowed, error.retry_after) == ("no", "speed", [1, 2], 3.0)
