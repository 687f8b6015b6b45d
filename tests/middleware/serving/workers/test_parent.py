"""The parent of several workers: which it starts, when, with what, and how the whole ends. Processes are played."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Mapping
from itertools import pairwise

from middleware.serving.lifecycle import Lifecycle
from middleware.serving.workers.parent import MOST_FAILED_STARTS, STEADY_SECONDS, Parent
from middleware.serving.workers.process import Order
from tests.virtual import now, virtual

START_SECONDS = 1.0
DRAIN_SECONDS = 5.0


class Played:
    """A worker that needs a second to its start, and five to drain."""

    def __init__(self, pid: int, order: Order, *, fails: int | None = None) -> None:
        """`fails`: the status with which its start ends."""
        self.pid = pid
        self.order = order
        self.ports: Mapping[str, int] = {}
        self.heard: list[signal.Signals] = []
        self.is_ready = False
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._fails = fails
        self.begun_at = now()

    async def ready(self) -> bool:
        await asyncio.wait([self._ended], timeout=START_SECONDS)
        if self._ended.done():
            return False
        if self._fails is not None:
            self.end(self._fails)
            return False
        self.is_ready = True
        self.ports = {"server": 8000}
        return True

    async def ended(self) -> int:
        return await asyncio.shield(self._ended)

    def end(self, status: int) -> None:
        if not self._ended.done():
            self._ended.set_result(status)

    def signal(self, number: signal.Signals) -> None:
        self.heard.append(number)
        asyncio.get_running_loop().call_later(DRAIN_SECONDS, self.end, 0)

    async def hand_over(self) -> dict[str, socket.socket]:
        return {}

    @property
    def has_ended(self) -> bool:
        return self._ended.done()


class House:
    """A parent, and all processes that it has started."""

    def __init__(self, count: int, failing: Mapping[int, int] | None = None) -> None:
        """`failing`: places in the order of all starts, counted from 0, with the status of each."""
        self.started: list[Played] = []
        self.lifecycle = Lifecycle()
        self.parent = Parent(count, self._start, self.lifecycle, clock=now)
        self._failing = failing or {}

    async def _start(self, order: Order) -> Played:
        place = len(self.started)
        self.started.append(Played(100 + place, order, fails=self._failing.get(place)))
        return self.started[-1]

    @property
    def numbers(self) -> list[int]:
        return [each.order.number for each in self.started]

    def run(self) -> asyncio.Task[int]:
        return asyncio.create_task(self.parent.run())

    async def until_all_serve(self) -> None:
        await self.lifecycle.answering.wait()


@virtual
async def test_the_first_starts_alone_and_the_others_know_its_ports() -> None:
    house = House(3)
    running = house.run()
    await asyncio.sleep(START_SECONDS / 2)
    assert house.numbers == [1] and house.started[0].order.is_first
    assert not house.lifecycle.answering.is_set()
    await house.until_all_serve()
    assert sorted(house.numbers) == [1, 2, 3]
    assert [each.order.is_first for each in house.started] == [True, False, False]
    assert [each.order.ports for each in house.started] == [{}, {"server": 8000}, {"server": 8000}]
    house.parent.stop(signal.SIGTERM)
    assert await running == 0
    assert [each.heard for each in house.started] == [[signal.SIGTERM]] * 3


@virtual
async def test_a_first_start_that_fails_ends_the_whole_with_its_status() -> None:
    house = House(2, failing={0: 2})
    assert await house.run() == 2
    assert house.numbers == [1]


@virtual
async def test_one_that_dies_is_started_anew_and_the_others_go_on() -> None:
    house = House(2)
    running = house.run()
    await house.until_all_serve()
    await asyncio.sleep(STEADY_SECONDS)
    died_at = now()
    house.started[1].end(-9)
    await asyncio.sleep(START_SECONDS * 1.5)
    assert house.numbers == [1, 2, 2]
    assert house.started[2].begun_at == died_at and house.started[2].is_ready
    assert not house.started[0].heard and not house.started[2].order.is_first
    house.parent.stop(signal.SIGTERM)
    assert await running == 0


@virtual
async def test_one_that_cannot_start_any_more_is_tried_ever_more_rarely_while_others_serve() -> None:
    house = House(2, failing=dict.fromkeys(range(2, 100), 1))
    running = house.run()
    await house.until_all_serve()
    house.started[1].end(-9)
    await asyncio.sleep(600.0)
    assert not running.done() and not house.started[0].heard
    tries = [each.begun_at for each in house.started[2:]]
    waits = [later - earlier - START_SECONDS for earlier, later in pairwise(tries)]
    assert waits == sorted(waits) and waits[0] < 1.0 and waits[-1] == 30.0
    house.parent.stop(signal.SIGTERM)
    assert await running == 0


@virtual
async def test_the_whole_ends_where_a_worker_never_gets_as_far_as_to_serve() -> None:
    house = House(2, failing=dict.fromkeys(range(1, 100), -11))
    assert await house.run() == 1
    assert house.numbers == [1, *[2] * MOST_FAILED_STARTS]
    assert house.started[0].heard == [signal.SIGTERM] and house.started[0].has_ended


@virtual
async def test_the_whole_ends_where_nobody_serves_any_more() -> None:
    house = House(2, failing=dict.fromkeys(range(2, 100), 3))
    running = house.run()
    await house.until_all_serve()
    for each in house.started:
        each.end(-9)
    assert await running == 3


@virtual
async def test_signals_reach_all_also_those_that_still_start() -> None:
    house = House(2)
    running = house.run()
    await asyncio.sleep(START_SECONDS * 1.5)
    house.parent.stop(signal.SIGINT)
    house.parent.stop(signal.SIGINT)
    assert await running == 0
    assert [each.heard for each in house.started] == [[signal.SIGINT, signal.SIGINT]] * 2
    assert house.numbers == [1, 2]


@virtual
async def test_a_restart_replaces_one_after_the_other_each_once_its_successor_serves() -> None:
    house = House(2)
    running = house.run()
    await house.until_all_serve()
    house.parent.restart()
    await asyncio.sleep(START_SECONDS / 2)
    assert house.numbers == [1, 2, 1] and not house.started[0].heard
    await asyncio.sleep(START_SECONDS)
    assert house.started[2].is_ready and house.started[0].heard == [signal.SIGTERM]
    assert house.numbers == [1, 2, 1]
    await asyncio.sleep(DRAIN_SECONDS)
    assert house.started[0].has_ended and house.numbers == [1, 2, 1, 2]
    await asyncio.sleep(START_SECONDS + DRAIN_SECONDS)
    assert [each.has_ended for each in house.started] == [True, True, False, False]
    house.parent.stop(signal.SIGTERM)
    assert await running == 0
    assert house.numbers == [1, 2, 1, 2]


@virtual
async def test_a_restart_whose_first_new_one_fails_leaves_the_old_ones_alone() -> None:
    house = House(2, failing={2: 2})
    running = house.run()
    await house.until_all_serve()
    house.parent.restart()
    await asyncio.sleep(60.0)
    assert house.numbers == [1, 2, 1]
    assert not house.started[0].heard and not house.started[1].heard
    house.parent.restart()
    await asyncio.sleep(60.0)
    assert house.numbers == [1, 2, 1, 1, 2] and house.started[0].has_ended
    house.parent.stop(signal.SIGTERM)
    assert await running == 0


@virtual
async def test_an_old_one_that_dies_while_its_successor_starts_is_not_started_twice() -> None:
    house = House(2)
    running = house.run()
    await house.until_all_serve()
    house.parent.restart()
    await asyncio.sleep(START_SECONDS / 2)
    house.started[0].end(-11)
    await asyncio.sleep(60.0)
    assert house.numbers == [1, 2, 1, 2]
    assert [each.has_ended for each in house.started] == [True, True, False, False]
    house.parent.stop(signal.SIGTERM)
    assert await running == 0


@virtual
async def test_a_stop_during_a_restart_ends_old_and_new() -> None:
    house = House(2)
    running = house.run()
    await house.until_all_serve()
    house.parent.restart()
    await asyncio.sleep(START_SECONDS / 2)
    house.parent.stop(signal.SIGTERM)
    assert await running == 0
    assert all(each.has_ended for each in house.started) and house.numbers == [1, 2, 1]


@virtual
async def test_a_system_that_starts_no_process_is_told() -> None:
    async def start(order: Order) -> Played:
        raise OSError(11, "Resource temporarily unavailable")

    lifecycle = Lifecycle()
    assert await Parent(2, start, lifecycle, clock=now).run() == 1
