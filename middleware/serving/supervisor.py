"""Supervisor: listeners beside the main one, of which each starts, drains and starts again without the others.

What they are to be a ListenerPlan says; a change of the configuration, or an administrator, makes it look again. A new
one accepts before the one that it follows stops, on the same socket where the address stays: nobody is refused between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import structlog

from middleware.serving.listener_plan import ListenerPlan, Placed, Wanted
from middleware.serving.listeners import NO_LISTENER
from middleware.serving.listening import CannotListen
from stts.tracebacks import describe

State = Literal["starting", "ready", "draining", "stopped", "failed"]

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(eq=False, slots=True)
class _Running:
    """One listener from its start to its last client."""

    wanted: Wanted
    listener: Placed
    state: State = "starting"
    problem: str | None = None
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once it accepts, or has failed."""


@dataclass(frozen=True, slots=True)
class ListenerStatus:
    name: str
    dialects: tuple[str, ...]
    address: str
    state: State
    problem: str | None = None
    """Why it failed, or why a change of it could not be taken."""


class Supervisor:
    """One for the process; a listener itself, which serves as long as the server does."""

    def __init__(self) -> None:
        self.plan: ListenerPlan | None = None
        """None: there are no listeners but the main one."""
        self.fixed: list[Callable[[], ListenerStatus]] = []
        """Those that live as long as the server."""
        self.on_stop: list[Callable[[str], None]] = []
        """Called with the name of a listener before it stops, to ask clients to leave who would stay for ever."""
        self._now: dict[str, _Running] = {}
        self._coming: set[_Running] = set()
        """Those that have begun and do not accept yet."""
        self._beginning: set[asyncio.Task[None]] = set()
        self._leaving: set[_Running] = set()
        """Those that others have followed, with clients inside."""
        self._held: set[str] = set()
        """Names that an administrator has stopped."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._group: asyncio.TaskGroup | None = None
        self._lock = asyncio.Lock()
        self._changed = asyncio.Event()
        self._stopping = False

    def open(self) -> None:
        """Takes the addresses of all, before anything has begun. Raises CannotListen."""
        try:
            for name, wanted in self._wanted().items():
                self._now[name] = _Running(wanted, self._opened(name, None))
        except CannotListen:
            for running in self._now.values():
                running.listener.close()
            raise

    def statuses(self) -> list[ListenerStatus]:
        return [*(each() for each in self.fixed), *self._supervised()]

    def status(self, name: str) -> ListenerStatus | None:
        return next((each for each in self.statuses() if each.name == name), None)

    def knows(self, name: str) -> bool:
        """True for one that can be stopped and started."""
        return name in self._now or name in self._wanted()

    def look_again(self) -> None:
        """The configuration has changed. Called in any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._changed.set)

    async def start(self, name: str) -> None:
        self._held.discard(name)
        await self._follow()

    async def stop_one(self, name: str) -> None:
        """Lets nobody in any more, and returns; those inside finish."""
        self._held.add(name)
        await self._follow()

    async def restart(self, name: str) -> None:
        """Returns when the new one accepts; those inside the old finish there."""
        self._held.discard(name)
        await self._follow(again=name)

    async def serve(self, started: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as group:
            self._group = group
            for name, running in self._now.items():
                group.create_task(self._run(name, running), name=f"listener {name}")
            for running in list(self._now.values()):
                await running.begun.wait()
            started()
            while not self._stopping:
                await self._changed.wait()
                self._changed.clear()
                await self._follow()
            self._loop = None

    def stop(self, *, at_once: bool) -> None:
        self._stopping = True
        self._changed.set()
        for running in (*self._now.values(), *self._coming, *self._leaving):
            running.listener.stop(at_once=at_once)
        for task in self._beginning:
            task.cancel()

    def _wanted(self) -> Mapping[str, Wanted]:
        return self.plan.wanted() if self.plan is not None else {}

    def _opened(self, name: str, before: Placed | None) -> Placed:
        assert self.plan is not None
        return self.plan.open(name, before)

    def _supervised(self) -> Iterator[ListenerStatus]:
        wanted = self._wanted()
        for name, running in self._now.items():
            where = running.listener.where or running.wanted.address
            yield ListenerStatus(name, running.wanted.dialects, where, running.state, running.problem)
        for name in wanted.keys() - self._now.keys():
            yield ListenerStatus(name, wanted[name].dialects, wanted[name].address, "stopped")

    async def _follow(self, again: str | None = None) -> None:
        """Makes what runs what is wanted. `again`: a name that starts anew also where nothing has changed."""
        async with self._lock:
            if self._stopping or self._group is None:
                return
            wanted = self._wanted()
            self._held &= wanted.keys()
            for name in [name for name in self._now if name not in wanted or name in self._held]:
                self._let_go(name, self._now.pop(name))
            for name in wanted:
                # A replacement takes its time: by now this one may be wanted otherwise, or no more.
                each, running = self._wanted().get(name), self._now.get(name)
                if (
                    each is not None
                    and name not in self._held
                    and (
                        running is None
                        or running.state in ("failed", "stopped")
                        or name == again
                        or running.wanted != each
                    )
                ):
                    await self._replace(name, each, running)

    async def _replace(self, name: str, wanted: Wanted, before: _Running | None) -> None:
        try:
            # One that has ended has given its socket back.
            has_socket = before is not None and before.state not in ("failed", "stopped")
            listener = self._opened(name, before.listener if before is not None and has_socket else None)
        except CannotListen as error:
            log.warning("listener_unchanged", listener=name, reason=str(error))
            if before is None:
                before = self._now[name] = _Running(wanted, NO_LISTENER, "failed")
            before.problem = str(error)
            return
        assert self._group is not None
        running = _Running(wanted, listener)
        self._coming.add(running)
        self._group.create_task(self._run(name, running), name=f"listener {name}")
        try:
            await running.begun.wait()
        finally:
            self._coming.discard(running)
        if running.state == "failed" and before is not None and before.state == "ready":
            before.problem = running.problem
            return
        self._now[name] = running
        log.info("listener_started", listener=name, dialects=wanted.dialects, address=listener.where)
        self._begin(name)
        if before is not None:
            self._let_go(name, before)

    def _begin(self, name: str) -> None:
        """Others are not waited for: an engine may be loaded by it."""
        if self._group is None or self.plan is None or self._stopping:
            return
        task = self._group.create_task(self.plan.begin(name), name=f"beginning of {name}")
        self._beginning.add(task)
        task.add_done_callback(self._beginning.discard)

    def _let_go(self, name: str, running: _Running) -> None:
        if running.state in ("failed", "stopped"):
            return
        log.info("listener_drains", listener=name, address=running.listener.where)
        running.state = "draining"
        self._leaving.add(running)
        for tell in self.on_stop:
            tell(name)
        running.listener.stop(at_once=False)

    async def _run(self, name: str, running: _Running) -> None:
        def ready() -> None:
            running.state = "ready"
            running.begun.set()

        try:
            await running.listener.serve(ready)
            running.state = "stopped"
        except (OSError, RuntimeError, ValueError) as error:
            # The others go on.
            running.state, running.problem = "failed", f"It ended by itself ({type(error).__name__})."
            log.error("listener_failed", listener=name, error=describe(error, with_messages=False))
        finally:
            running.begun.set()
            self._leaving.discard(running)
