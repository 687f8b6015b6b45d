"""What holds for engines in threads and in child processes alike."""

from __future__ import annotations

import asyncio
import pickle
import time
from contextlib import aclosing

import numpy as np
import pytest

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
from tests.adapters.execution.engines_under_test import GATES, LOG, ScriptEngine, run, say, until
from tests.skipping import skip


async def test_items_come_in_order(hosts: Hosts, process: bool) -> None:
    host = hosts(process=process)
    states = [host.state]
    assert await run(host, "count 100") == list(range(100))
    assert [*states, host.state] == ["cold", "ready"]
    assert (host.running, host.waiting) == (0, 0)


async def test_large_items_arrive_whole(hosts: Hosts, process: bool) -> None:
    host = hosts(process=process)
    async with host.slot(0) as slot, aclosing(slot.run(say("big 500000; big 1; big 500000"))) as items:
        lengths = [len(item) async for item in items]
    assert lengths == [500_000, 1, 500_000]


async def test_a_slot_runs_several_calls(hosts: Hosts, process: bool) -> None:
    host = hosts(process=process)
    async with host.slot(0) as slot:
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
    hosts: Hosts, process: bool, script: str, error: type[EngineError]
) -> None:
    host = hosts(process=process)
    with pytest.raises(EngineError) as caught:
        await run(host, script)
    assert type(caught.value) is error
    assert "user" not in str(caught.value)
    assert caught.value.__cause__ is not None
    assert await run(host, "count 1") == [0]
    assert host.state == "ready"


async def test_our_own_errors_pass(hosts: Hosts, process: bool) -> None:
    with pytest.raises(InvalidParameter, match=r"^not this$") as caught:
        await run(hosts(process=process), "raise own")
    assert (caught.value.param, caught.value.allowed) == ("voice", ["that"])


async def test_an_error_of_the_consumer_passes_and_frees_the_slot(hosts: Hosts, process: bool) -> None:
    host = hosts(process=process)
    with pytest.raises(LookupError):
        async with host.slot(0) as slot, aclosing(slot.run(say("count 1000"))) as items:
            async for _ in items:
                raise LookupError
    assert host.running == 0
    assert await run(host, "count 1") == [0]


async def test_leaving_early_stops_the_engine_at_its_next_yield(hosts: Hosts, process: bool) -> None:
    host = hosts(process=process)
    async with host.slot(0) as slot:
        items = slot.run(say("count 1000000"))
        assert (await anext(items))[0] == 0
        await items.aclose()
        assert not slot.busy
    assert host.running == 0
    if not process:
        assert len(LOG) < 100
        assert LOG[-1] == "end count 1000000 in script-0"


async def test_leaving_before_the_first_item(hosts: Hosts, process: bool) -> None:
    host = hosts(process=process)
    await host.load()
    async with host.slot(0) as slot:
        items = slot.run(say("count 3"))
        first = asyncio.ensure_future(anext(items))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        await items.aclose()
    assert host.running == 0
    assert await run(host, "count 1") == [0]


async def test_the_slot_is_free_when_nested_generators_are_closed(hosts: Hosts, process: bool) -> None:
    host = hosts(process=process)

    async def inner():  # type: ignore[no-untyped-def]
        async with host.slot(0) as slot, aclosing(slot.run(say("count 100000"))) as items:
            async for item in items:
                yield item

    async def outer():  # type: ignore[no-untyped-def]
        async with aclosing(inner()) as items:  # type: ignore[no-untyped-call]
            async for item in items:
                yield item

    stream = outer()  # type: ignore[no-untyped-call]
    await anext(stream)
    assert host.running == 1
    await stream.aclose()
    assert host.running == 0


async def test_a_slot_left_with_a_call_running_ends_the_call(hosts: Hosts, process: bool) -> None:
    host = hosts(process=process)
    async with host.slot(0) as slot:
        items = slot.run(say("count 100000"))
        await anext(items)
    assert (slot.busy, host.running) == (False, 0)
    await items.aclose()


async def test_a_second_cancellation_does_not_free_the_slot_too_early(hosts: Hosts) -> None:
    host = hosts()
    task = asyncio.ensure_future(run(host, "wait gate; count 1"))
    await until(lambda: "begin wait gate; count 1" in LOG)
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0.002)
    assert not task.done()
    assert host.running == 1
    GATES["gate"].set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert host.running == 0


async def test_the_most_urgent_goes_first(hosts: Hosts) -> None:
    host = hosts()
    await host.load()
    order: list[str] = []

    async def stream(name: str, deadline: float) -> None:
        await run(host, "count 1", deadline)
        order.append(name)

    first = asyncio.ensure_future(run(host, "wait gate", 0.0))
    await until(lambda: "begin wait gate" in LOG)
    tasks = [asyncio.ensure_future(stream(name, at)) for name, at in (("c", 3.0), ("a", 1.0), ("b", 2.0), ("a2", 1.0))]
    await until(lambda: host.waiting == 4)
    GATES["gate"].set()
    await asyncio.gather(first, *tasks)
    assert order == ["a", "a2", "b", "c"]


async def test_as_many_calls_at_once_as_the_engine_takes(hosts: Hosts) -> None:
    host = hosts(concurrency=2)
    await host.load()
    tasks = [asyncio.ensure_future(run(host, f"wait {name}")) for name in "abc"]
    await until(lambda: {"begin wait a", "begin wait b"} <= set(LOG))
    assert (host.running, host.waiting) == (2, 1)
    GATES["b"].set()
    await until(lambda: "begin wait c" in LOG)
    for gate in "ac":
        GATES[gate].set()
    await asyncio.gather(*tasks)


async def test_who_leaves_the_queue_is_gone(hosts: Hosts) -> None:
    host = hosts()
    await host.load()
    holder = asyncio.ensure_future(run(host, "wait gate"))
    await until(lambda: "begin wait gate" in LOG)
    crowd = [asyncio.ensure_future(run(host, "count 1")) for _ in range(50)]
    await until(lambda: host.waiting == 50)
    for task in crowd:
        task.cancel()
    await asyncio.wait(crowd)
    assert (host.running, host.waiting) == (1, 0)
    GATES["gate"].set()
    await holder
    assert await run(host, "count 1") == [0]


async def test_a_full_queue_refuses_new_streams_only(hosts: Hosts) -> None:
    host = hosts(LimitSettings(queue_length=1))
    await host.load()
    holder = asyncio.ensure_future(run(host, "wait gate"))
    await until(lambda: "begin wait gate" in LOG)
    waiter = asyncio.ensure_future(run(host, "count 1"))
    await until(lambda: host.waiting == 1)
    with pytest.raises(Busy) as caught:
        await run(host, "count 1")
    assert caught.value.retry_after is not None and caught.value.retry_after >= 1

    async def begun() -> None:
        async with host.slot(0.0, begun=True):
            pass

    going_on = asyncio.ensure_future(begun())
    await until(lambda: host.waiting == 2)
    GATES["gate"].set()
    await asyncio.gather(holder, waiter, going_on)


async def test_a_wait_has_an_end(hosts: Hosts) -> None:
    host = hosts(LimitSettings(queue_seconds=0.02))
    await host.load()
    holder = asyncio.ensure_future(run(host, "wait gate"))
    await until(lambda: "begin wait gate" in LOG)
    with pytest.raises(Busy):
        await run(host, "count 1")
    GATES["gate"].set()
    await holder
    assert (host.running, host.waiting) == (0, 0)


async def test_concurrent_loads_are_one_load(hosts: Hosts) -> None:
    host = hosts(load="wait loaded")
    callers = [asyncio.ensure_future(host.load()) for _ in range(5)]
    await until(lambda: host.progress is not None)
    assert (host.state, host.progress) == ("loading", ("reading", 0.5))
    callers[0].cancel()
    GATES["loaded"].set()
    await asyncio.gather(*callers[1:])
    assert callers[0].cancelled()
    assert LOG == ["load"]
    assert (host.state, host.progress) == ("ready", None)


async def test_calls_that_wait_for_a_load_are_bounded_too(hosts: Hosts) -> None:
    host = hosts(LimitSettings(queue_length=2), load="wait loaded")
    callers = [asyncio.ensure_future(run(host, "count 1")) for _ in range(2)]
    await until(lambda: host.waiting == 2)
    with pytest.raises(Busy):
        await run(host, "count 1")
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
    hosts: Hosts, process: bool, script: str, error: type[EngineError], state: str
) -> None:
    host = hosts(process=process, load=script)
    with pytest.raises(error):
        await host.load()
    assert host.state == state
    assert type(host.failure) is error
    with pytest.raises(error):
        await run(host, "count 1")


async def test_a_failed_load_is_tried_again(hosts: Hosts, process: bool, tmp_path: object) -> None:
    host = hosts(process=process, load=f"once {tmp_path}/loaded")
    with pytest.raises(EngineLoadFailed):
        await host.load()
    await host.load()
    assert (host.state, host.failure) == ("ready", None)


async def test_requests_do_not_reload_a_broken_engine_each_time(hosts: Hosts) -> None:
    host = hosts(load="raise")
    for _ in range(5):
        with pytest.raises(EngineLoadFailed):
            await run(host, "count 1")
    assert LOG.count("load") == 2
    with pytest.raises(EngineLoadFailed) as caught:
        await run(host, "count 1")
    assert caught.value.retry_after is not None
    with pytest.raises(EngineLoadFailed):
        await host.load()
    assert LOG.count("load") == 3


async def test_unload_and_load_again(hosts: Hosts, process: bool) -> None:
    host = hosts(process=process)
    await host.unload()
    await run(host, "count 1")
    await host.unload()
    assert host.state == "cold"
    assert await run(host, "count 2") == [0, 1]


async def test_no_unload_in_flight(hosts: Hosts) -> None:
    host = hosts()
    task = asyncio.ensure_future(run(host, "wait gate"))
    await until(lambda: "begin wait gate" in LOG)
    with pytest.raises(Conflict):
        await host.unload()
    GATES["gate"].set()
    await task
    await host.unload()
    assert LOG[-1] == "unload"


async def test_no_unload_while_loading(hosts: Hosts) -> None:
    host = hosts(load="wait loaded")
    task = asyncio.ensure_future(host.load())
    await until(lambda: host.state == "loading")
    with pytest.raises(Conflict):
        await host.unload()
    GATES["loaded"].set()
    await task
    await host.unload()
    assert LOG == ["load", "unload"]


async def test_a_slow_consumer_stops_only_itself(hosts: Hosts) -> None:
    host = hosts(concurrency=2)
    async with host.slot(0) as slow, aclosing(slow.run(say("count 100000"))) as items:
        await anext(items)
        assert await run(host, "count 200") == list(range(200))
        assert LOG.count("item 99") == 1
    assert host.running == 0


async def test_a_probe_really_runs(hosts: Hosts, process: bool) -> None:
    host = hosts(process=process)
    before = time.time()
    probe = await host.probe(say("count 1"))
    assert probe.ok and before <= probe.at and probe.seconds > 0
    assert host.last_probe == probe
    probe = await host.probe(say("raise"))
    assert (probe.ok, probe.error) == (False, "engine_failed")
    assert host.last_probe == probe


async def test_observed_speed_is_an_average(hosts: Hosts) -> None:
    host = hosts()
    assert host.real_time_factor is None
    host.observe(0.01, 5.0)
    assert host.real_time_factor is None
    host.observe(1.0, 0.5)
    assert host.real_time_factor == 0.5
    host.observe(1.0, 1.0)
    assert host.real_time_factor == pytest.approx(0.6)


async def test_close_while_running(hosts: Hosts, process: bool) -> None:
    host = hosts(process=process)

    async def slowly() -> None:
        async with host.slot(0) as slot, aclosing(slot.run(say("count 100000"))) as items:
            async for _ in items:
                await asyncio.sleep(0)

    task = asyncio.ensure_future(slowly())
    await until(lambda: host.running == 1)
    waiter = asyncio.ensure_future(run(host, "count 1"))
    await until(lambda: host.waiting == 1)
    await host.close()
    with pytest.raises(ShuttingDown):
        await task
    with pytest.raises(ShuttingDown):
        await waiter
    with pytest.raises(ShuttingDown):
        await run(host, "count 1")
    with pytest.raises(ShuttingDown):
        await host.load()


async def test_a_slot_that_is_held_while_the_host_closes(hosts: Hosts, process: bool) -> None:
    host = hosts(process=process)
    async with host.slot(0) as slot:
        async with aclosing(slot.run(say("count 1"))) as items:
            await anext(items)
        await host.close()
        with pytest.raises(ShuttingDown):
            await anext(slot.run(say("count 1")))
    assert (host.state, host.running) == ("cold", 0)


async def test_an_unload_that_fails_does_not_stop_the_close(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(engine: ScriptEngine) -> None:
        raise RuntimeError

    monkeypatch.setattr(ScriptEngine, "unload", refuse)
    host = hosts()
    await host.load()
    with pytest.raises(EngineError):
        await host.unload()
    await host.load()
    await host.close()
    assert host.state == "cold"


async def test_a_call_that_hangs_in_a_thread_fails_the_engine_until_it_returns(hosts: Hosts) -> None:
    host = hosts(LimitSettings(call_seconds=600, queue_seconds=3600))
    await host.load()
    hung = asyncio.ensure_future(run(host, "wait gate"))
    await until(lambda: "begin wait gate" in LOG)
    waiter = asyncio.ensure_future(run(host, "count 1"))
    await until(lambda: host.waiting == 1)
    skip(600)
    for task in (hung, waiter):
        with pytest.raises(EngineTimeout):
            await task
    assert (host.state, host.running) == ("failed", 1)
    assert isinstance(host.failure, EngineTimeout)
    for attempt in (run(host, "count 1"), host.load()):
        with pytest.raises(EngineTimeout):
            await attempt
    with pytest.raises(Conflict):
        await host.unload()
    GATES["gate"].set()
    await until(lambda: host.running == 0)
    await until(lambda: (host.state, host.failure) == ("ready", None))
    assert await run(host, "count 1") == [0]


async def test_a_load_that_hangs_in_a_thread(hosts: Hosts) -> None:
    host = hosts(LimitSettings(load_seconds=600), load="wait gate")
    loading = asyncio.ensure_future(host.load())
    await until(lambda: host.progress is not None)
    skip(600)
    with pytest.raises(EngineTimeout):
        await loading
    assert (host.state, host.running) == ("failed", 1)
    GATES["gate"].set()
    await until(lambda: host.running == 0)
    assert host.state == "ready"
    assert LOG == ["load"]
    assert await run(host, "count 1") == [0]


async def test_leaving_a_call_that_hangs_has_an_end(hosts: Hosts) -> None:
    host = hosts(LimitSettings(call_seconds=600))
    await host.load()
    task = asyncio.ensure_future(run(host, "wait gate"))
    await until(lambda: "begin wait gate" in LOG)
    task.cancel()
    await asyncio.sleep(0)
    skip(600)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (host.state, host.running) == ("failed", 1)
    GATES["gate"].set()
    await until(lambda: host.state == "ready")


async def test_close_with_a_hung_thread_returns(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.execution.instance.CLOSE_SECONDS", 0.02)
    host = hosts()
    await host.load()
    task = asyncio.ensure_future(run(host, "wait gate"))
    await until(lambda: "begin wait gate" in LOG)
    await host.close()
    with pytest.raises(ShuttingDown):
        await task
    assert "unload" not in LOG


async def test_a_slow_consumer_is_no_silent_engine(hosts: Hosts, process: bool) -> None:
    host = hosts(LimitSettings(call_seconds=600), process=process)
    async with host.slot(0) as slot, aclosing(slot.run(say("count 100"))) as items:
        await anext(items)
        skip(1000)
        await asyncio.sleep(0)
        assert len([item async for item in items]) == 99


async def test_a_cancel_storm_leaves_the_engine_usable(hosts: Hosts, process: bool) -> None:
    host = hosts(LimitSettings(queue_length=1000), process=process, concurrency=2)
    await host.load()
    rng = np.random.default_rng(0)
    tasks = [asyncio.ensure_future(run(host, "count 40", float(rng.random()))) for _ in range(100)]
    for index in rng.permutation(100):
        tasks[index].cancel()
        if index % 7 == 0:
            await asyncio.sleep(0.001)
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(result, list | asyncio.CancelledError) for result in results)
    assert (host.running, host.waiting) == (0, 0)
    assert await run(host, "count 3") == [0, 1, 2]


def test_errors_of_the_tree_pickle() -> None:
    error = pickle.loads(pickle.dumps(InvalidParameter("no", param="speed", allowed=[1, 2], retry_after=3.0)))
    assert (str(error), error.param, error.allowed, error.retry_after) == ("no", "speed", [1, 2], 3.0)
