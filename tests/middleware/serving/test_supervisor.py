"""Single listeners start, drain and start again, while the others go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import pytest

from middleware.serving.listener_plan import Placed, Wanted
from middleware.serving.listening import CannotListen
from middleware.serving.supervisor import Supervisor
from tests.patient import PATIENCE


class Door:
    """A listener that lets nobody in and takes as long to drain as a test wants."""

    def __init__(self, where: str, before: Placed | None) -> None:
        self.where = where
        self.before = before
        self.stopped: bool | None = None
        self.closed = False
        self.empty = asyncio.Event()
        self._stop = asyncio.Event()
        self.error: OSError | None = None
        self.opens = asyncio.Event()
        """Not set: it takes its time until it accepts."""
        self.opens.set()

    async def serve(self, started: Callable[[], None]) -> None:
        if self.error is not None:
            raise self.error
        await self.opens.wait()
        started()
        await self._stop.wait()
        await self.empty.wait()

    def close(self) -> None:
        self.closed = True

    def stop(self, *, at_once: bool) -> None:
        self.stopped = at_once
        self._stop.set()
        if at_once:
            self.empty.set()


class Doors:
    """The plan of a test."""

    def __init__(self, **ports: int) -> None:
        self.ports = ports
        self.opened: list[Door] = []
        self.taken: set[int] = set()
        self.error: OSError | None = None
        self.slow: asyncio.Event | None = None
        """Those that are opened from now on wait for it until they accept."""
        self.begun: list[str] = []
        self.beginning = asyncio.Event()
        self.beginning.set()

    async def begin(self, name: str) -> None:
        await self.beginning.wait()
        self.begun.append(name)

    def wanted(self) -> Mapping[str, Wanted]:
        return {name: Wanted(("native",), f"door:{port}", {"port": port}) for name, port in self.ports.items()}

    def open(self, name: str, before: Placed | None) -> Placed:
        if self.ports[name] in self.taken:
            raise CannotListen(f"Port {self.ports[name]} is in use.")
        door = Door(f"door:{self.ports[name]}", before)
        door.error = self.error
        door.opens = self.slow or door.opens
        self.opened.append(door)
        return door


@asynccontextmanager
async def supervised(doors: Doors) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor()
    supervisor.plan = doors
    supervisor.open()
    ready = asyncio.Event()
    task = asyncio.create_task(supervisor.serve(ready.set))
    await asyncio.wait_for(ready.wait(), PATIENCE)
    try:
        yield supervisor
    finally:
        supervisor.stop(at_once=True)
        await asyncio.wait_for(task, PATIENCE)


def states(supervisor: Supervisor) -> dict[str, str]:
    return {each.name: each.state for each in supervisor.statuses()}


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0)


async def test_all_are_up_before_it_says_so() -> None:
    async with supervised(Doors(a=1, b=2)) as supervisor:
        assert states(supervisor) == {"a": "ready", "b": "ready"}


async def test_one_starts_anew_and_the_old_drains_while_the_other_goes_on() -> None:
    doors = Doors(a=1, b=2)
    async with supervised(doors) as supervisor:
        told: list[str] = []
        supervisor.on_stop.append(told.append)
        a, b = doors.opened
        await supervisor.restart("a")
        again = doors.opened[2]
        assert again.before is a
        assert (a.stopped, b.stopped, again.stopped) == (False, None, None)
        assert (states(supervisor), told) == ({"a": "ready", "b": "ready"}, ["a"])
        a.empty.set()


async def test_a_change_of_the_plan_is_followed() -> None:
    doors = Doors(a=1, b=2)
    async with supervised(doors) as supervisor:
        a, b = doors.opened
        doors.ports = {"b": 3, "c": 4}
        supervisor.look_again()
        await until(lambda: states(supervisor) == {"b": "ready", "c": "ready"})
        assert (a.stopped, b.stopped) == (False, False)
        assert [door.where for door in doors.opened] == ["door:1", "door:2", "door:3", "door:4"]
        supervisor.look_again()
        await supervisor.start("b")
        assert len(doors.opened) == 4
        a.empty.set()
        b.empty.set()


async def test_one_that_an_administrator_stops_stays_stopped_until_it_is_started() -> None:
    doors = Doors(a=1)
    async with supervised(doors) as supervisor:
        await supervisor.stop_one("a")
        supervisor.look_again()
        await supervisor.stop_one("a")
        assert states(supervisor) == {"a": "stopped"}
        await supervisor.start("a")
        assert states(supervisor) == {"a": "ready"}
        doors.opened[0].empty.set()


async def test_a_new_address_that_is_taken_leaves_the_old_one_in_place() -> None:
    doors = Doors(a=1)
    doors.taken = {2}
    async with supervised(doors) as supervisor:
        doors.ports = {"a": 2, "b": 2}
        await supervisor.restart("a")
        statuses = {each.name: each for each in supervisor.statuses()}
        assert (statuses["a"].state, statuses["a"].address) == ("ready", "door:1")
        assert statuses["a"].problem == "Port 2 is in use."
        assert (statuses["b"].state, statuses["b"].problem) == ("failed", "Port 2 is in use.")
        doors.taken = set()
        await supervisor.start("b")
        assert states(supervisor) == {"a": "ready", "b": "ready"}
        for door in doors.opened:
            door.empty.set()


async def test_a_stop_reaches_one_that_does_not_accept_yet() -> None:
    doors = Doors(a=1)
    async with supervised(doors) as supervisor:
        first, doors.slow = doors.opened[0], asyncio.Event()
        restarting = asyncio.create_task(supervisor.restart("a"))
        await until(lambda: len(doors.opened) == 2)
        supervisor.stop(at_once=True)
        assert (first.stopped, doors.opened[1].stopped) == (True, True)
        doors.slow.set()
        await asyncio.wait_for(restarting, PATIENCE)


async def test_one_that_comes_later_begins_as_at_the_start_and_nobody_waits_for_it() -> None:
    doors = Doors(a=1)
    async with supervised(doors) as supervisor:
        doors.ports = {"a": 1, "b": 2, "c": 3}
        doors.beginning.clear()
        await supervisor.start("b")
        assert states(supervisor) == {"a": "ready", "b": "ready", "c": "ready"} and doors.begun == []
        doors.beginning.set()
        await until(lambda: sorted(doors.begun) == ["b", "c"])
        doors.beginning.clear()
        await supervisor.restart("c")  # and a stop ends what it began
        doors.opened[2].empty.set()


async def test_one_that_fails_ends_alone() -> None:
    doors = Doors(a=1, b=2)
    async with supervised(doors) as supervisor:
        doors.error = OSError("broken")
        await supervisor.restart("a")
        assert states(supervisor) == {"a": "ready", "b": "ready"}
        doors.ports["c"] = 3
        await supervisor.restart("c")
        assert states(supervisor) == {"a": "ready", "b": "ready", "c": "failed"}


async def test_one_that_is_wanted_no_more_when_its_turn_comes_is_not_opened() -> None:
    doors = Doors(a=1)
    async with supervised(doors) as supervisor:
        first = doors.opened[0]
        doors.ports = {"a": 2, "late": 3}

        # The configuration changes once more in the middle of it.
        def changes(name: str) -> None:
            doors.ports = {"a": 2}

        supervisor.on_stop.append(changes)
        await supervisor.start("a")
        assert states(supervisor) == {"a": "ready"}
        first.empty.set()


async def test_one_that_has_failed_is_not_shared_with_the_next() -> None:
    doors = Doors(a=1)
    async with supervised(doors) as supervisor:
        doors.error = OSError("broken")
        doors.ports["b"] = 2
        await supervisor.start("b")
        doors.error = None
        await supervisor.start("b")
        assert states(supervisor) == {"a": "ready", "b": "ready"}
        assert doors.opened[-1].before is None


def test_an_address_that_is_taken_at_the_start_is_told_at_once() -> None:
    supervisor, doors = Supervisor(), Doors(a=1, b=2)
    doors.taken = {2}
    supervisor.plan = doors
    with pytest.raises(CannotListen):
        supervisor.open()
    assert doors.opened[0].closed
