"""Measures memory. Blocking, for a millisecond or so."""

from __future__ import annotations

import re
from pathlib import Path

import psutil

_SHARE = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


def own_memory() -> int:
    """Resident bytes of this process."""
    return int(psutil.Process().memory_info().rss)


def memory_of(pid: int) -> int:
    """Bytes that another process takes, and its part of what it shares, where the system tells that. 0: it is gone."""
    try:
        share = _SHARE.search(Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii"))
    except OSError:
        share = None
    if share is not None:
        return int(share[1]) * 1024
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0
