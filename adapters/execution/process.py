"""An engine whose calls run in child processes: for libraries that hold the interpreter lock, leak or crash.

`ProcessEngine` has the interface of the engine it stands for, so whoever runs it in a worker thread does not know the
difference. A child that dies or hangs costs the call it was doing; the next call starts another, after a pause that
grows while children keep dying.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from adapters.execution.channel import Call, Done, Failed, Item, Leave
from stts.engine_api import Engine, EngineInfo, ListenParams, Progress, Samples, Segment, SpeechParams, Voice
from stts.errors import EngineCrashed, EngineTimeout
from stts.settings import LimitSettings

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
END_SECONDS = 2.0
"""How long a child may take to end by itself."""


class Child:
    """One child process and the socket to it. Used by one thread at a time."""

    def __init__(self, target: str, options: Any) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "adapters.execution.child", str(theirs.fileno()), target],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            )
        self._connection: Connection[Any, Any] = Connection(ours.detach())
        self._connection.send(options)

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

    def call(self, method: str, arguments: tuple[Any, ...], silence: float) -> Iterator[Any]:
        """Raises the engine's error, EOFError and its kin if the child dies, TimeoutError if it is silent too long."""
        self._connection.send(Call(method, arguments))
        finished = False
        try:
            while True:
                message = self._receive(silence)
                if isinstance(message, Item):
                    yield message.value
                    continue
                finished = True
                if isinstance(message, Failed):
                    raise message.error
                return
        finally:
            if not finished and self.alive:
                self._leave(silence)

    def end(self) -> None:
        """Closes the socket, at which the child ends; kills it if it does not."""
        self._connection.close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._connection.close()

    def _receive(self, silence: float) -> Any:
        if not self._connection.poll(silence):
            raise TimeoutError
        return self._connection.recv()

    def _leave(self, silence: float) -> None:
        """Reads what is still on its way, so that the next call starts clean."""
        with suppress(EOFError, OSError, TimeoutError):
            self._connection.send(Leave())
            while not isinstance(self._receive(silence), Done | Failed):
                pass
            return
        self.kill()


class ProcessEngine:
    """Stands for one engine; has as many children as calls run at once, started when they are needed."""

    def __init__(self, engine: Engine, target: str, limits: Callable[[], LimitSettings]) -> None:
        self._engine = engine
        self._target = target
        self._limits = limits
        self._lock = threading.Lock()
        self._idle: list[Child] = []
        self._children: set[Child] = set()
        self._deaths = 0
        self._next_start = 0.0

    @property
    def info(self) -> EngineInfo:
        return self._engine.info

    def load(self, progress: Progress) -> None:
        """Starts the first child, which loads the engine."""
        self._give_back(self._start(progress))

    def unload(self) -> None:
        with self._lock:
            children, self._children, self._idle = self._children, set(), []
        for child in children:
            child.end()

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        return self._call("synthesize", text, voice, params)

    def transcribe(self, samples: Samples, params: ListenParams) -> Iterator[Segment]:
        return self._call("transcribe", samples, params)

    def pids(self) -> list[int]:
        with self._lock:
            return [child.pid for child in self._children]

    def _call(self, method: str, *arguments: Any) -> Iterator[Any]:
        child = self._take()
        try:
            yield from child.call(method, arguments, self._limits().call_seconds)
        except TimeoutError as error:
            child.kill()
            raise EngineTimeout(f"{self.info.name} did not answer in time; it is being restarted.") from error
        finally:
            self._settle(child)

    def _take(self) -> Child:
        with self._lock:
            while self._idle:
                child = self._idle.pop()
                if child.alive:
                    return child
                self._lost(child)
        return self._start(lambda step, part: None)

    def _start(self, progress: Progress) -> Child:
        wait = self._next_start - time.monotonic()
        if wait > 0:
            raise EngineCrashed(f"{self.info.name} keeps crashing; it is tried again soon.", retry_after=wait)
        child = Child(self._target, self._engine.options.model_dump())
        with self._lock:
            self._children.add(child)
        try:
            for step, part in child.call("load", (), self._limits().load_seconds):
                progress(step, part)
        except BaseException:
            child.kill()
            with self._lock:
                self._children.discard(child)
            raise
        return child

    def _settle(self, child: Child) -> None:
        with self._lock:
            if not child.alive:
                self._lost(child)
            elif child in self._children:
                self._deaths = 0
                self._idle.append(child)
                return
        with suppress(OSError):
            child.end()

    def _give_back(self, child: Child) -> None:
        with self._lock:
            self._idle.append(child)

    def _lost(self, child: Child) -> None:
        """Holding the lock: notes a death, and until when no other child is started."""
        self._children.discard(child)
        self._deaths += 1
        if self._deaths > 1:
            pause = min(FIRST_PAUSE_SECONDS * 2 ** (self._deaths - 2), LONGEST_PAUSE_SECONDS)
            self._next_start = time.monotonic() + pause
