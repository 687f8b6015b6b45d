"""The main of a worker: makes an engine and runs its calls, one at a time.

It is given two sockets, `calls` and `control` (see wire.py). Its standard output and standard error are a pipe that
goes into the log, so nothing that a library prints can get between. The end of `calls` ends the child after the running
call, the end of `control`, which comes when the parent dies, at once.
"""

from __future__ import annotations

import faulthandler
import importlib
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapters.execution.backends.memory import give_back_when_idle
from adapters.execution.backends.trace_context import TraceContext
from adapters.execution.backends.wire import NUMBER, Kind, failure, receive, send
from adapters.execution.errors import plain, translate
from adapters.execution.service import serve_many
from adapters.execution.values import Value
from stts.engine_api import Engine
from stts.errors import EngineLoadFailed
from stts.models import CatalogueModel
from stts.streams.closing import closing_iterator
from stts.tracebacks import describe

Request = tuple[int, str, Sequence[Sequence[Any]], Sequence[str]]
"""Number, method, the values of each call, and the spans that it works for."""


class Channel:
    """This end of the two sockets."""

    def __init__(self, calls: socket.socket, control: socket.socket) -> None:
        self._calls = calls
        self._control = control
        self._control.setblocking(False)
        self._interrupted = 0

    def receive(self) -> Any:
        return receive(self._calls)

    def send(self, kind: Kind, value: object = None, work: _Work | None = None) -> None:
        try:
            send(self._calls, [kind, value] if work is None else [kind, value, work.times()])
        except OSError:
            os._exit(1)

    def interrupted(self, number: int) -> bool:
        """True if the parent does not want the rest of this call."""
        try:
            while data := self._control.recv(512 * NUMBER.size):
                self._interrupted = NUMBER.unpack_from(data, len(data) - NUMBER.size)[0]
        except BlockingIOError:
            pass
        return self._interrupted == number


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    faulthandler.enable()
    calls, control = (socket.socket(fileno=int(number)) for number in sys.argv[1:3])
    for each in (calls, control):
        # Else a process that a library starts would hold them open when this one has ended.
        each.set_inheritable(False)
    threading.Thread(target=_leave_with_parent, args=(control,), name="parent", daemon=True).start()
    channel = Channel(calls, control)
    made_from = channel.receive()
    engine: Engine | None = None
    context = TraceContext()
    for request in _requests(channel):
        # A server that was started before its files were renewed sends none.
        context.enter(request[3] if len(request) > 3 else ())
        try:
            engine = engine or _make(*made_from)
        except BaseException as error:  # noqa: BLE001 - whatever a stranger's module raises is told to the server
            failed = EngineLoadFailed(f"{made_from[0]} could not be made in a worker ({type(error).__name__}).")
            channel.send("error", failure(failed, describe(error, with_messages=False)))
            continue
        _serve(channel, engine, request)
        # The server asks one thing at a time: what follows comes after the answer.
        give_back_when_idle(calls)
    if engine is not None:
        engine.unload()
    # It stays open until the process has ended: its end is what the server waits for.
    calls.detach()


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


class _Work:
    """Times of one call, for its trace."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._busy = 0.0

    def timed(self, results: Iterator[tuple[int, Value]]) -> Iterator[tuple[int, Value]]:
        """The same results, with the time that each takes."""
        with closing_iterator(results):
            while True:
                started = time.perf_counter()
                try:
                    result = next(results, None)
                finally:
                    self._busy += time.perf_counter() - started
                if result is None:
                    return
                yield result

    def times(self) -> tuple[float, float, float]:
        """As OwnWork has them."""
        return self._began, time.perf_counter(), self._busy


def _serve(channel: Channel, engine: Engine, request: Request) -> None:
    number, method, calls, traces = request
    work = _Work() if traces else None
    try:
        if method == "load":
            engine.load(lambda step, part: channel.send("progress", (step, part)))
        else:
            results = serve_many(engine, method, calls)
            _stream(channel, results if work is None else work.timed(results), number, work)
    except BaseException as error:  # noqa: BLE001 - the far side of the seam: all of it is told to the server
        told = translate(error, engine, "load" if method == "load" else "call")
        channel.send("error", failure(plain(told), describe(error, with_messages=False)), work)
    else:
        channel.send("end", work=work)


def _stream(channel: Channel, results: Iterator[tuple[int, Value]], number: int, work: _Work | None) -> None:
    """Sends numbered results until the server has enough."""
    with closing_iterator(results):
        for result in results:
            if channel.interrupted(number):
                return
            channel.send("item", result, work)


def _make(
    target: str,
    options: Mapping[str, Any],
    options_key: str,
    model_folders: Sequence[str],
    models: Sequence[Mapping[str, Any]],
    offline: bool,
) -> Engine:
    module, _, name = target.partition(":")
    kind: type[Engine] = getattr(importlib.import_module(module), name)
    engine = kind(kind.Options.model_validate(options))
    engine.options_key, engine.model_folders = options_key, tuple(model_folders)
    engine.offline = offline
    engine.known_models = {each["id"]: CatalogueModel.model_validate(each) for each in models}
    return engine


if __name__ == "__main__":
    main()
