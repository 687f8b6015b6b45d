"""The main of a child process: makes an engine and runs its calls, one at a time.

It is given two sockets, `calls` and `control` (see messages.py). Its standard output is standard error from the start,
so nothing that a library prints can get between. The end of `calls` ends the child after the running call, the end of
`control`, which comes when the parent dies, at once.
"""

from __future__ import annotations

import importlib
import os
import pickle
import select
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Iterator
from typing import Any

from adapters.execution.backends.wire import NUMBER, PROTOCOL, Failure, Kind, Request, Setup
from adapters.execution.errors import plain, translate
from stts.engine_api import Engine
from stts.errors import EngineLoadFailed
from stts.streams.closing import closing_iterator

MAX_CAUSES = 8
"""Most causes of an exception that are sent."""


class Channel:
    """This end of the two sockets."""

    def __init__(self, calls: socket.socket, control: socket.socket) -> None:
        self._requests = calls.makefile("rb")
        self._calls = calls
        self._control = control
        self._control.setblocking(False)
        self._interrupted = 0

    def receive(self) -> Any:
        return pickle.load(self._requests)

    def send(self, kind: Kind, value: object = None) -> None:
        # Whole before the first byte leaves: what does not pickle must not break the stream.
        data = pickle.dumps((kind, value), PROTOCOL)
        try:
            self._calls.sendall(data)
        except OSError:
            os._exit(1)

    def interrupted(self, number: int) -> bool:
        """Whether the parent does not want the rest of this call."""
        try:
            while data := self._control.recv(512 * NUMBER.size):
                self._interrupted = NUMBER.unpack_from(data, len(data) - NUMBER.size)[0]
        except BlockingIOError:
            pass
        return self._interrupted == number


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    calls, control = (socket.socket(fileno=int(number)) for number in sys.argv[1:3])
    threading.Thread(target=_leave_with_parent, args=(control,), name="parent", daemon=True).start()
    channel = Channel(calls, control)
    sys.path[:] = channel.receive()
    setup: Setup = channel.receive()
    engine: Engine | None = None
    for number, method, values in _requests(channel):
        try:
            engine = engine or _make(setup)
        except BaseException as error:  # noqa: BLE001 - whatever a stranger's module raises is told to the parent
            failed = EngineLoadFailed(f"{setup.target} could not be made in a child process ({type(error).__name__}).")
            channel.send("error", Failure(failed, trace(error)))
            continue
        _serve(channel, engine, number, method, values)
    if engine is not None:
        engine.unload()


def _leave_with_parent(control: socket.socket) -> None:
    """Ends the process when the parent has gone, even if a call never returns."""
    poll = select.poll()
    poll.register(control, 0)
    poll.poll()
    os._exit(1)


def _requests(channel: Channel) -> Iterator[Request]:
    while True:
        try:
            yield channel.receive()
        except (EOFError, OSError):
            return


def _serve(channel: Channel, engine: Engine, number: int, method: str, values: tuple[Any, ...]) -> None:
    try:
        if method == "load":
            engine.load(lambda step, part: channel.send("progress", (step, part)))
        else:
            _stream(channel, getattr(engine, method)(*values), number)
    except BaseException as error:  # noqa: BLE001 - the far side of the seam: all of it is told to the parent
        told = translate(error, engine, "load" if method == "load" else "call")
        channel.send("error", Failure(plain(told), trace(error)))
    else:
        channel.send("end")


def _stream(channel: Channel, result: Any, number: int) -> None:
    """Sends the items of an iterator until the parent has enough; anything else is one item."""
    if not isinstance(result, Iterator):
        channel.send("item", result)
        return
    with closing_iterator(result) as items:
        for item in items:
            if channel.interrupted(number):
                return
            channel.send("item", item)


def _make(setup: Setup) -> Engine:
    module, _, name = setup.target.partition(":")
    kind: type[Engine] = getattr(importlib.import_module(module), name)
    return kind(setup.options)


def trace(error: BaseException) -> str:
    """The frames and the kinds of an exception and its causes, the last cause first."""
    parts: list[str] = []
    earlier: BaseException | None = error
    while earlier is not None and len(parts) < MAX_CAUSES:
        parts.append("".join([*traceback.format_tb(earlier.__traceback__), f"{type(earlier).__name__}\n"]))
        earlier = earlier.__cause__ or earlier.__context__
    return "then:\n".join(reversed(parts))


if __name__ == "__main__":
    main()
