"""Belongings of the whole process, which a test leaves as it has found them."""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE, signal.SIGUSR1, signal.SIGUSR2)
"""That of the alarm is the time limit's, which pytest sets."""
OF_PYTEST = "PYTEST_CURRENT_TEST"

Belongings = Mapping[str, object]

RIGHTS = "the rights of new files"
INTERRUPTION = f"the handler of {signal.SIGINT.name}"
GIVEN_BACK = frozenset({RIGHTS, INTERRUPTION})
"""A server takes these for itself as it starts in this process, as it should, and so does a loop."""


def belongings() -> Belongings:
    """By its name, each with its value now."""
    mask = os.umask(0o022)
    os.umask(mask)
    return {
        RIGHTS: f"{mask:03o}",
        "the working directory": os.getcwd(),
        **{f"os.environ[{name!r}]": value for name, value in os.environ.items() if name != OF_PYTEST},
        **{f"the handler of {each.name}": signal.getsignal(each) for each in SIGNALS},
        "sys.path": tuple(sys.path),
        "sys.argv": tuple(sys.argv),
        "the collection of garbage": gc.isenabled(),
        "the time limit of sockets": socket.getdefaulttimeout(),
    }


def changes(before: Belongings, after: Belongings, but: frozenset[str] = frozenset()) -> list[str]:
    """Tells in words each that is not as it was, `but` for some."""
    names = sorted(name for name in (before.keys() | after.keys()) - but if before.get(name) != after.get(name))
    return [f"{name}: {before.get(name)!r} -> {after.get(name)!r}" for name in names]


@contextmanager
def as_found() -> Iterator[None]:
    """Gives back what starts in this process take away: a server's the rights of new files and Ctrl-C, and a command's
    what tells of errors. The working directory is given back, too."""
    mask = os.umask(0o022)
    os.umask(mask)
    folder, hook, handler = Path.cwd(), sys.excepthook, signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        os.umask(mask)
        if signal.getsignal(signal.SIGINT) is not handler:
            signal.signal(signal.SIGINT, handler)
        os.chdir(folder)
        sys.excepthook = hook
