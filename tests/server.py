"""The whole application behind a real uvicorn on a loopback port, in a thread of its own, for clients of every kind."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from adapters.configuration.adapter import ConfigAdapter
from engines.registry import Registry
from middleware.listener import default_listener
from middleware.serving.server import loop_factory
from routers.dialects import DIALECTS
from routers.services import Services, build_services
from server_v2 import build_listeners, run
from stts.settings import Settings
from tests.patient import PATIENCE

Result = TypeVar("Result")

DRAIN_SECONDS = 1.0
ALIVE: set[RunningServer] = set()
"""Servers that run in this process now."""


class RunningServer:
    """Runs as `main` does, but for the signals, in a thread."""

    def __init__(self, services: Services, listens: socket.socket, dialects: Sequence[str] = tuple(DIALECTS)) -> None:
        self.url = f"http://127.0.0.1:{listens.getsockname()[1]}"
        """Without a slash at its end."""
        self.services = services
        self._listens = listens
        self._dialects = tuple(dialects)
        self._answering = threading.Event()
        self._thread = threading.Thread(target=self._run, name="server")

    def __enter__(self) -> RunningServer:
        self._thread.start()
        assert self._answering.wait(PATIENCE), "the server did not start"
        deadline = time.monotonic() + PATIENCE
        while self.services.lifecycle.phase == "starting":
            assert time.monotonic() < deadline, "the server did not get ready"
            time.sleep(0.01)
        ALIVE.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        ALIVE.discard(self)
        self.stop()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the server did not stop"

    def stop(self) -> None:
        """Begins to drain, as a signal does. May be called again."""
        self._loop.call_soon_threadsafe(self.services.lifecycle.stop)

    def _run(self) -> None:
        listener = default_listener(self.services.settings, self._dialects)
        listeners = build_listeners(self.services, replace(listener, drain_seconds=DRAIN_SECONDS), self._listens)
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(run(self.services, listeners, self._answers))

    def _answers(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._answering.set()

    def settle(self) -> None:
        """Waits until no engine loads, is probed or starts a spare process: what is open then stays open."""
        deadline = time.monotonic() + PATIENCE
        while any(name.startswith(("prepare", "load ", "probe ", "spare ")) for name in self.tasks()):
            assert time.monotonic() < deadline, self.tasks()
            time.sleep(0.01)

    def call(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Runs this on the loop of the server."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    def tasks(self) -> list[str]:
        """Names of the tasks that run in the server now."""

        async def names() -> list[str]:
            return sorted(task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task())

        return asyncio.run_coroutine_threadsafe(names(), self._loop).result(PATIENCE)


@contextmanager
def running(
    settings: Settings,
    registry: Registry | None = None,
    config: ConfigAdapter | None = None,
    dialects: Sequence[str] = tuple(DIALECTS),
) -> Iterator[RunningServer]:
    """A server that answers; it is gone, with its streams, when the context ends."""
    services = build_services(settings, config=config, registry=registry)
    with socket.create_server(("127.0.0.1", 0)) as listens, RunningServer(services, listens, dialects) as server:
        yield server
