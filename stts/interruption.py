"""Ctrl-C at any moment: what has not begun yet, or is over, ends without a word. With the standard library alone."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import FrameType
from typing import Any

STATUS = 130
"""Exit status of what Ctrl-C has ended, as a shell tells it."""
TERMINATED = 143
"""The same of SIGTERM, where work was to be done and was not."""
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def leave_quietly(*, of_server: bool = True) -> None:
    """From now on a request to stop ends this process at once: while it imports, and has nothing to put in order.

    An exception in the middle of an import would be printed, and some libraries would swallow it. A process that is the
    first one of a container is not ended by signals that it does not handle. `of_server`: whoever asks a server to
    stop by SIGTERM gets what it wants, which is no failure; a command has not done what it was for.
    """
    ended = 0 if of_server else TERMINATED

    def leave(number: int, frame: FrameType | None) -> None:
        os._exit(STATUS if number == signal.SIGINT else ended)

    _handle(dict.fromkeys(SIGNALS, leave))
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def put_off() -> None:
    """Keeps a request to stop until another program, which this process becomes, calls `leave_quietly`.

    Python itself would print it, in the tenths of a second before that program says anything.
    """
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)


def ending_in_order(command: Callable[[], object]) -> None:
    """Runs a command that Ctrl-C or SIGTERM interrupts: it puts in order what it has begun, and this process ends.

    The interpreter would wait for threads, and kill itself by the signal where a part of the code was a text.
    """
    _handle({signal.SIGINT: signal.default_int_handler, signal.SIGTERM: _terminate})
    status = STATUS
    try:
        command()
        return
    except KeyboardInterrupt:
        pass
    except SystemExit as end:
        if end.code not in (STATUS, TERMINATED):
            raise
        status = int(end.code)
    finally:
        leave_quietly(of_server=False)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


def _handle(handlers: Mapping[signal.Signals, Any]) -> None:
    for number, handler in handlers.items():
        # A shell lets programs in its background ignore Ctrl-C, which is for the one in front.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _terminate(number: int, frame: FrameType | None) -> None:
    raise SystemExit(TERMINATED)
