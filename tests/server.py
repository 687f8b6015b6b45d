"""The whole application behind a real uvicorn on a loopback port, in a thread of its own, for clients of every kind."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from adapters.configuration.adapter import ConfigAdapter
from engines.registry import Registry
from middleware.serving.lifecycle import Lifecycle
from middleware.serving.server import Server, server_config
from server_v2 import create_app
from stts.settings import Settings
from tests.patient import PATIENCE


class RunningServer(Server):
    def __init__(self, config: uvicorn.Config, life: Lifecycle, listener: socket.socket) -> None:
        super().__init__(config, life, self._answers)
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        """Without a slash at its end."""
        self._listener = listener
        self._answering = threading.Event()
        self._thread = threading.Thread(target=self.run, args=([listener],), name="server")

    def __enter__(self) -> RunningServer:
        self._thread.start()
        assert self._answering.wait(PATIENCE), "the server did not start"
        return self

    def __exit__(self, *_: object) -> None:
        self.should_exit = True
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the server did not stop"

    def _answers(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._answering.set()

    def settle(self) -> None:
        """Waits until no engine loads, is probed or starts a spare process: what is open then is what stays open."""
        deadline = time.monotonic() + PATIENCE
        while any(name.startswith(("load ", "probe ", "spare ")) for name in self.tasks()):
            assert time.monotonic() < deadline, self.tasks()
            time.sleep(0.01)

    def tasks(self) -> list[str]:
        """Names of the tasks that run in the server now."""

        async def names() -> list[str]:
            return sorted(task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task())

        return asyncio.run_coroutine_threadsafe(names(), self._loop).result(PATIENCE)


@contextmanager
def running(
    settings: Settings, registry: Registry | None = None, config: ConfigAdapter | None = None
) -> Iterator[RunningServer]:
    """A server that answers; it is gone, with its streams, when the context ends."""
    life = Lifecycle()
    app = create_app(settings, config=config, registry=registry, life=life)
    options = server_config(app, settings, lifespan="on", timeout_graceful_shutdown=1)
    with socket.create_server(("127.0.0.1", 0)) as listener, RunningServer(options, life, listener) as server:
        yield server
