"""The limit of open files, which connections count against: raised at start, and told where it stays too low."""

from __future__ import annotations

import sys

import structlog
from structlog.typing import FilteringBoundLogger

from stts.settings import LimitSettings, WyomingSettings

if sys.platform != "win32":  # which has no such limit
    import resource

SPARE_CONNECTIONS = 64
"""Connections beyond the bound that are heard to be told so."""
SPARE_WYOMING = 16
"""The same of Wyoming's clients."""
RESERVED_FILES = 64 + SPARE_CONNECTIONS
"""Open files for everything but clients: libraries, pipes to engines, stored files."""
FILES_PER_CONNECTION = 2
"""The socket, and a temporary file for what it uploads or sends ahead."""
LEAST_CONNECTIONS = 16

log: FilteringBoundLogger = structlog.get_logger()


def files_wanted(limits: LimitSettings, others: int) -> int:
    """Open files for as many connections as the limits allow, and `others` that the rest of the process wants."""
    return RESERVED_FILES + others + FILES_PER_CONNECTION * limits.connections


def most_connections(limits: LimitSettings, others: int, files: int) -> int:
    """Connections at once that so many open files leave room for, at most `limits.connections`."""
    room = (files - RESERVED_FILES - others) // FILES_PER_CONNECTION
    return min(limits.connections, max(LEAST_CONNECTIONS, room))


def wyoming_files(wyoming: WyomingSettings) -> int:
    """Open files for the clients of Wyoming."""
    most = FILES_PER_CONNECTION * wyoming.connections + SPARE_WYOMING
    return most if wyoming.enabled else 0


def file_limit() -> int:
    """Files that this process may have open now."""
    if sys.platform == "win32":
        return sys.maxsize
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft


def raise_file_limit(limits: LimitSettings, others: int) -> None:
    """Raises the soft limit as far as is wanted and allowed; says in the log where it does not suffice.

    No warning: nobody has been turned away yet, and the warning of that says the same.
    """
    if file_limit() < (wanted := files_wanted(limits, others)):
        _raise_to(wanted)
    if lacking := shortage(limits, others):
        log.info("file_limit_low", connections=most_connections(limits, others, file_limit()), **lacking)


def shortage(limits: LimitSettings, others: int) -> dict[str, int | str]:
    """Shortage of open files and how to mend it, as fields of a log line; empty where they suffice."""
    files, wanted = file_limit(), files_wanted(limits, others)
    if files >= wanted:
        return {}
    mend = f"ulimit -n {wanted} before the start, LimitNOFILE={wanted} in systemd, or fewer limits.connections"
    return {"files": files, "wanted": wanted, "mend": mend}


def _raise_to(wanted: int) -> None:
    if sys.platform == "win32":
        return
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    except (OSError, ValueError):  # macOS has another limit behind the one it tells
        log.debug("file_limit_stays", wanted=wanted)
