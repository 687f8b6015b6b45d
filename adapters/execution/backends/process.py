"""An engine in a child process, behind the same blocking interface as the engine itself.

The child is a fresh interpreter (never a fork: locks and devices do not survive that) that runs one call at a time. Its
death, by its own doing or by `kill()`, is the end of its socket here: EngineCrashed for the call that ran, and a new
child at the next load.
"""

from __future__ import annotations

import os
import pickle
import socket
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adapters.execution.backends.wire import NUMBER, PROTOCOL, Answer, Failure, Setup
from stts.engine_api import Engine, ListenParams, Progress, Samples, Segment, SpeechParams, Voice
from stts.errors import EngineCrashed, EngineError

ROOT = Path(__file__).resolve().parents[3]
MODULE = "adapters.execution.backends.worker"
UNLOAD_SECONDS = 3.0
"""For a child to unload its engine and end, before it is made to."""
STDERR = 2
UNREADABLE = (EOFError, OSError, pickle.UnpicklingError, AttributeError, ImportError, IndexError)
"""Errors of reading a pickle whose writer died, or named a class that does not exist here."""


class InChild(EngineError):
    """The cause of an error that came from a child: its message is the traceback there."""


class Child:
    """The process and this end of its two sockets. One thread makes calls; any may `interrupt` and `kill`."""

    def __init__(self, setup: Setup) -> None:
        calls, far_calls = socket.socketpair()
        control, far_control = socket.socketpair()
        with far_calls, far_control:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", MODULE, str(far_calls.fileno()), str(far_control.fileno())],
                pass_fds=(far_calls.fileno(), far_control.fileno()),
                stdin=subprocess.DEVNULL,
                stdout=STDERR,
                env={**os.environ, "PYTHONPATH": _search_path()},
                # A terminal's Ctrl-C is for the server, which then ends its children.
                start_new_session=True,
            )
        control.setblocking(False)
        self._calls = calls
        self._control = control
        self._answers = calls.makefile("rb")
        self._lock = threading.Lock()
        self._number = 0
        self._send(sys.path)
        self._send(setup)

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def call(self, method: str, *values: object) -> Iterator[Answer]:
        """Yields `item` and `progress` answers. Raises what the call raised, and OSError or EOFError for its death.

        Whoever closes it early waits until the child has come to its next yield.
        """
        self._number += 1
        self._send((self._number, method, values))
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
            self._calls.sendall(pickle.dumps(message, PROTOCOL))
        except OSError:
            # Dead; reading its answer says so.
            return

    def _receive(self) -> Answer:
        answer: Answer = pickle.load(self._answers)
        return answer

    def _drain(self) -> None:
        while self._receive()[0] not in ("end", "error"):
            pass


class ProcessBackend:
    """A backend, and the engine that work is given: what takes long runs in the child, what it is is answered here.

    Starts its child at the first `load()`, and a new one at the next after the old one died.
    """

    def __init__(self, engine: Engine, target: str) -> None:
        """`engine` is never loaded; `target` is its `module:Class`."""
        self._engine = engine
        self._setup = Setup(target, engine.options)
        self._child: Child | None = None
        self._loaded = False
        self._lock = threading.Lock()
        self._killed = False
        """Whether the call that was announced last is to end by force, even if its child is not there yet."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    @property
    def engine(self) -> Any:
        return self

    @property
    def ready(self) -> bool:
        return self._loaded and self._child is not None and self._child.alive

    def load(self, progress: Progress) -> None:
        self.unload()
        self._start_child()
        try:
            for _, (step, part) in self._answers("load"):
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
        child = Child(self._setup)
        with self._lock:
            self._child, killed = child, self._killed
        if killed:
            child.kill()

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        return self._items("synthesize", text, voice, params)

    def transcribe(self, samples: Samples, params: ListenParams) -> Iterator[Segment]:
        return self._items("transcribe", samples, params)

    def begin(self, params: ListenParams) -> None:
        self._item("begin", params)

    def hear(self, samples: Samples) -> str:
        return str(self._item("hear", samples))

    def end(self) -> Sequence[Segment]:
        segments: Sequence[Segment] = self._item("end")
        return segments

    def probabilities(
        self, frames: NDArray[np.float32], states: Sequence[NDArray[np.float32]]
    ) -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
        result: tuple[NDArray[np.float32], list[NDArray[np.float32]]] = self._item("probabilities", frames, states)
        return result

    def finished(self, samples: Samples) -> float:
        return float(self._item("finished", samples))

    def _item(self, method: str, *values: object) -> Any:
        """Calls a method that returns one value."""
        (item,) = self._items(method, *values)
        return item

    def _items(self, method: str, *values: object) -> Iterator[Any]:
        answers = self._answers(method, *values)
        try:
            for _, item in answers:
                yield item
        finally:
            answers.close()

    def _answers(self, method: str, *values: object) -> Generator[Answer, None, None]:
        child = self._child
        if child is None:
            raise EngineError(f"{self._engine.info.name} is not loaded.")
        try:
            yield from child.call(method, *values)
        except UNREADABLE as error:
            child.kill()
            self.unload()
            raise EngineCrashed(f"The process of {self._engine.info.name} died.") from error


def _reraise(failure: Failure) -> None:
    raise failure.error from InChild(failure.trace)


def _search_path() -> str:
    """Lets the child find its main; what else it may import it is told by its parent."""
    before = os.environ.get("PYTHONPATH")
    return os.pathsep.join([str(ROOT), *([before] if before else [])])
