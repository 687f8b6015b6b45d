"""A child process that runs an engine, and this end of the two sockets to it.

It is a fresh interpreter (never a fork: locks and devices do not survive that) and leads a process group of its own, so
that whatever its libraries have started goes with it.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from adapters.execution.backends.backend import OwnWork
from adapters.execution.backends.output import ChildOutput
from adapters.execution.backends.wire import (
    NUMBER,
    WITH_WORK,
    Kind,
    Unreadable,
    WorkerSpec,
    read_answer,
    read_failure,
    read_work,
    receive,
    send,
)
from adapters.execution.values import Value
from stts.errors import EngineError

ROOT = Path(__file__).resolve().parents[3]
MODULE = "adapters.execution.backends.worker"
UNLOAD_SECONDS = 3.0
"""Seconds for a child to unload its engine and end, before it is killed."""
EXIT_SECONDS = 0.5
"""Longest wait between the end of its sockets and its own."""
OUTPUT_SECONDS = 1.0
"""Seconds for the last that it printed, when it has ended."""
FRUGAL = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": str(1 << 25), "MALLOC_TRIM_THRESHOLD_": str(1 << 26)}
"""Variables of a child, unless the operator has set them: with an arena for each thread glibc keeps memory that it
cannot give back, 20 MB of Whisper's. The large blocks of engines come from the system and wait for no arena. The
thresholds are those that glibc comes to by itself after blocks of 32 MiB: until then it gives the audio of each call
back to the system and fetches it again, a hundred faults of pages a sentence. What is free goes when a child is idle.
"""
WITHOUT_WORK = ("load", "installed")
"""Methods that give a child nothing of a user's."""

Answer = tuple[Kind, Any]


class InChild(EngineError):
    """The cause of an error that came from a child: its message is the traceback there."""


class Child:
    """One thread makes calls; any may `interrupt` and `kill`."""

    def __init__(self, name: str, spec: WorkerSpec) -> None:
        """`name`: of the engine, for its output in the log.

        Raises OSError where the interpreter does not start, and TypeError for options that are no plain values.
        """
        calls, far_calls = socket.socketpair()
        control, far_control = socket.socketpair()
        reader, writer = os.pipe()
        with ExitStack() as ours, far_calls, far_control:
            ours.enter_context(calls)
            ours.enter_context(control)
            ours.callback(os.close, reader)
            try:
                self._process = _start(spec, far_calls, far_control, writer)
            finally:
                os.close(writer)
            ours.pop_all()
        control.setblocking(False)
        self._calls = calls
        self._control = control
        self._output = ChildOutput(name, reader, quote_all=spec.quote_output)
        self._lock = threading.Lock()
        self._number = 0
        self._told: Sequence[Any] = ()
        """The latest answer that told times of the newest call."""
        self._reaped = False
        try:
            self._send(spec.to_plain())
        except TypeError:
            self.kill()
            self.close()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._exit() is None

    def ended_by(self) -> str:
        """How it ended by itself, its sockets being closed: `signal 11`, `status 1`; `nothing` if it runs on."""
        give_up = time.monotonic() + EXIT_SECONDS
        while (code := self._exit()) is None:
            if time.monotonic() > give_up:
                return "nothing"
            time.sleep(EXIT_SECONDS / 50)
        return f"signal {-code}" if code < 0 else f"status {code}"

    def _exit(self) -> int | None:
        """Its status, a signal below 0; None while it runs.

        Looks without reaping: until it is reaped, the number of its group is nobody else's.
        """
        if sys.platform == "darwin":  # which has no `waitid` before Python 3.13
            return self._process.poll()
        try:
            found = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return self._process.returncode or 0
        if found is None:
            return None
        return found.si_status if found.si_code == os.CLD_EXITED else -found.si_status

    def call(
        self, method: str, calls: Sequence[Sequence[Value]], traces: Sequence[str] = ()
    ) -> Generator[Answer, None, None]:
        """Runs calls of a method one after the other, for these spans (`traceparent`).

        Yields `item` and `progress` answers. Raises what the call raised, and OSError or EOFError for its death.
        Whoever closes it early waits until the child has come to its next yield.
        """
        if method not in WITHOUT_WORK:
            self._output.keep_private()
        self._number += 1
        self._told = ()
        self._send([self._number, method, calls, traces])
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
        except Unreadable:
            # Nothing that it says from here on can be understood.
            ended = True
            raise
        finally:
            if not ended:
                self.interrupt()
                self._drain()

    @property
    def own_work(self) -> OwnWork | None:
        """Times of the newest call, where it has a trace."""
        return read_work(self._told)

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
        """Ends it and all that it has started, at once."""
        # The second error comes where macOS finds only zombies in the group.
        with self._lock, suppress(ProcessLookupError, PermissionError):
            # Once it is reaped the number may be somebody else's.
            if not self._reaped and self._process.returncode is None:
                os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Lets it unload and end, or ends it. Frees everything."""
        with suppress(OSError):  # of one that has gone already, or does not go
            self._calls.shutdown(socket.SHUT_WR)
            self._await_end(UNLOAD_SECONDS)
        self.kill()
        with self._lock:
            self._reaped = True
            self._control.close()
        self._process.wait()
        self._calls.close()
        self._output.close(OUTPUT_SECONDS)

    def _await_end(self, seconds: float) -> None:
        """Waits so long for the end of its socket, which is its own: nothing that it starts inherits it."""
        self._calls.settimeout(seconds)
        while self._calls.recv(1 << 16):
            pass

    def _send(self, message: object) -> None:
        try:
            send(self._calls, message)
        except OSError:
            # Dead; reading its answer says so.
            return

    def _receive(self) -> Answer:
        answer = receive(self._calls)
        kind, value = read_answer(answer)
        if len(answer) == WITH_WORK:
            self._told = answer
        return kind, value

    def _drain(self) -> None:
        while self._receive()[0] not in ("end", "error"):
            pass


def _start(spec: WorkerSpec, calls: socket.socket, control: socket.socket, output: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [spec.python, "-P", "-m", MODULE, str(calls.fileno()), str(control.fileno())],
        pass_fds=(calls.fileno(), control.fileno()),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        env={**FRUGAL, **os.environ, "PYTHONPATH": _search_path(spec)},
        # A terminal's Ctrl-C is for the server, which then ends its children.
        start_new_session=True,
    )


def _reraise(values: dict[str, Any]) -> None:
    raise read_failure(values) from InChild(values["trace"])


def _search_path(spec: WorkerSpec) -> str:
    """Lets the child find its main and the engine interface; its interpreter finds the rest.

    Paths of the server's own environment are no use to another one, which may have other versions.
    """
    before = "" if spec.own_environment else os.environ.get("PYTHONPATH", "")
    return os.pathsep.join([str(ROOT), *([before] if before else [])])
