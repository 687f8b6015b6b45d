"""An engine in a worker: a child process that a specification describes.

The child is a fresh interpreter (never a fork: locks and devices do not survive that) that runs one call at a time. Its
death, by its own doing or by `kill()`, is the end of its socket here: EngineCrashed for the call that ran, and a new
child at the next load.
"""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

from adapters.execution.backends.wire import NUMBER, Kind, Unreadable, WorkerSpec, read_failure, receive, send
from adapters.execution.values import Value
from stts.engine_api import Progress
from stts.errors import EngineCrashed, EngineError
from stts.streams.closing import closing_iterator

ROOT = Path(__file__).resolve().parents[3]
MODULE = "adapters.execution.backends.worker"
UNLOAD_SECONDS = 3.0
"""Seconds for a child to unload its engine and end, before it is killed."""
STDERR = 2
GONE = (EOFError, OSError, Unreadable)
"""Errors of reading from a child that died, or that wrote what is no answer."""

Answer = tuple[Kind, Any]


class InChild(EngineError):
    """The cause of an error that came from a child: its message is the traceback there."""


class Child:
    """The process and this end of its two sockets. One thread makes calls; any may `interrupt` and `kill`."""

    def __init__(self, spec: WorkerSpec) -> None:
        """Raises OSError where the interpreter does not start, and TypeError for options that are no plain values."""
        calls, far_calls = socket.socketpair()
        control, far_control = socket.socketpair()
        try:
            with far_calls, far_control:
                self._process = _start(spec, far_calls, far_control)
        except OSError:
            calls.close()
            control.close()
            raise
        control.setblocking(False)
        self._calls = calls
        self._control = control
        self._answers = calls.makefile("rb")
        self._lock = threading.Lock()
        self._number = 0
        try:
            self._send(spec.to_plain())
        except TypeError:
            self.kill()
            self.close()
            raise

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def call(self, method: str, calls: Sequence[Sequence[Value]]) -> Generator[Answer, None, None]:
        """Runs calls of a method one after the other.

        Yields `item` and `progress` answers. Raises what the call raised, and OSError or EOFError for its death.
        Whoever closes it early waits until the child has come to its next yield.
        """
        self._number += 1
        self._send([self._number, method, calls])
        ended = False
        try:
            while True:
                kind, value = self._receive()
                ended = kind in ("end", "error")
                if kind == "end":
                    return
                if kind == "error":
                    _reraise(value)
                yield kind, value
        finally:
            if not ended:
                self.interrupt()
                self._drain()

    def interrupt(self) -> None:
        """Ends the running call at its next yield; says nothing to any other. Never blocks."""
        with self._lock:
            if self._control.fileno() >= 0:
                try:
                    self._control.send(NUMBER.pack(self._number))
                except OSError:
                    # It is dead, or has not looked at thousands of these; the owner will see.
                    return

    def kill(self) -> None:
        self._process.kill()

    def close(self) -> None:
        """Lets it unload and end, or ends it. Frees everything."""
        try:
            self._calls.shutdown(socket.SHUT_WR)
            self._process.wait(UNLOAD_SECONDS)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        with self._lock:
            self._control.close()
        self._answers.close()
        self._calls.close()

    def _send(self, message: object) -> None:
        try:
            send(self._calls, message)
        except OSError:
            # Dead; reading its answer says so.
            return

    def _receive(self) -> Answer:
        answer = receive(self._answers)
        if not isinstance(answer, list) or len(answer) != 2:
            raise Unreadable
        kind, value = answer
        return kind, value

    def _drain(self) -> None:
        while self._receive()[0] not in ("end", "error"):
            pass


class ProcessBackend:
    """Starts its child at the first `load()`, and a new one at the next after the old one died."""

    capacity = 1

    def __init__(self, name: str, spec: WorkerSpec) -> None:
        """`name`: of the engine, for messages."""
        self._name = name
        self._spec = spec
        self._child: Child | None = None
        self._loaded = False
        self._lock = threading.Lock()
        self._killed = False
        """True if the call that was announced last is to end by force, even if its child is not there yet."""

    @property
    def ready(self) -> bool:
        return self._loaded and self._child is not None and self._child.alive

    def load(self, progress: Progress) -> None:
        self.unload()
        self._start_child()
        try:
            for step, part in self._results("load", [()]):
                progress(step, part)
        except EngineError:
            self.unload()
            raise
        self._loaded = True

    def unload(self) -> None:
        self._loaded = False
        child, self._child = self._child, None
        if child is not None:
            child.close()

    def call(self, method: str, values: Sequence[Value]) -> Iterator[Value]:
        with closing_iterator(self._results(method, [values])) as results:
            for _, result in results:
                yield result

    def call_many(self, method: str, calls: Sequence[Sequence[Value]]) -> Iterator[tuple[int, Value]]:
        """One message to the child for all of them."""
        return self._results(method, calls)

    def begin_call(self) -> None:
        with self._lock:
            self._killed = False

    def interrupt(self) -> None:
        if (child := self._child) is not None:
            child.interrupt()

    def kill(self) -> bool:
        with self._lock:
            self._killed, child = True, self._child
        if child is not None:
            child.kill()
        return True

    def _start_child(self) -> None:
        """A kill that comes while it starts must not miss it."""
        child = Child(self._spec)
        with self._lock:
            self._child, killed = child, self._killed
        if killed:
            child.kill()

    def _results(self, method: str, calls: Sequence[Sequence[Value]]) -> Generator[Any, None, None]:
        """Numbered results, or the steps of a load. Raises EngineError, and EngineCrashed for the child's death."""
        child = self._child
        if child is None:
            raise EngineError(f"{self._name} is not loaded.")
        try:
            with closing_iterator(child.call(method, calls)) as answers:
                for _, value in answers:
                    yield value
        except GONE as error:
            child.kill()
            self.unload()
            raise EngineCrashed(f"The process of {self._name} died.") from error


def is_installed(spec: WorkerSpec) -> bool:
    """Whether the engine's libraries are there for the worker's interpreter. Blocks for a start; loads nothing.

    Raises OSError where that interpreter does not start, and EngineError where the engine cannot be made.
    """
    backend = ProcessBackend(spec.target, spec)
    backend._start_child()
    try:
        return all(backend.call("installed", ()))
    finally:
        backend.unload()


def _start(spec: WorkerSpec, calls: socket.socket, control: socket.socket) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [spec.python, "-P", "-m", MODULE, str(calls.fileno()), str(control.fileno())],
        pass_fds=(calls.fileno(), control.fileno()),
        stdin=subprocess.DEVNULL,
        stdout=STDERR,
        env={**os.environ, "PYTHONPATH": _search_path()},
        # A terminal's Ctrl-C is for the server, which then ends its children.
        start_new_session=True,
    )


def _reraise(values: dict[str, Any]) -> None:
    raise read_failure(values) from InChild(values["trace"])


def _search_path() -> str:
    """Lets the child find its main and the engine interface; its interpreter finds the rest."""
    before = os.environ.get("PYTHONPATH")
    return os.pathsep.join([str(ROOT), *([before] if before else [])])
