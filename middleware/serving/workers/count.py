"""How many workers the server has: a number, or as many as there are cores that this process may use."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

GROUPS = Path("/sys/fs/cgroup")
OWN_GROUP = Path("/proc/self/cgroup")
AUTO: Literal["auto"] = "auto"


def count_of(wanted: int | Literal["auto"]) -> int:
    """The number of workers. On systems that do not share out an address among processes there is one."""
    if not is_possible():
        return 1
    return usable_cores() if wanted == AUTO else wanted


def is_possible() -> bool:
    """True where several processes may listen at one address, each connection being given to one of them."""
    return sys.platform == "linux"


def usable_cores(groups: Path = GROUPS, own: Path = OWN_GROUP) -> int:
    """Cores that this process may use: by its affinity, and by the quota of the control groups that it is in."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = min(_quotas(groups, own), default=math.inf)
    # Of one and a half a second worker would have half, and hold up whoever is with it.
    return max(1, min(cores, math.floor(quota) if quota < cores else cores))


def _quotas(groups: Path, own: Path) -> Iterator[float]:
    """Cores that each control group allows, from the own one up to the root."""
    for line in _text(own).splitlines():
        number, _, rest = line.partition(":")
        kinds, _, path = rest.partition(":")
        if number == "0" and not kinds:
            yield from (_quota(folder / "cpu.max") for folder in _upwards(groups, path))
        elif "cpu" in kinds.split(","):
            yield from (_older_quota(folder) for folder in _upwards(groups / "cpu", path))


def _upwards(groups: Path, path: str) -> Iterator[Path]:
    """The folder of a control group and those around it. In a container the path may be one of the machine: then only
    the root is there, which is the container's own."""
    here = groups / path.lstrip("/")
    yield from (folder for folder in (here, *here.parents) if folder.is_relative_to(groups))


def _quota(file: Path) -> float:
    quota, _, period = _text(file).partition(" ")
    return int(quota) / int(period) if quota.isdecimal() and period.strip().isdecimal() else math.inf


def _older_quota(folder: Path) -> float:
    """The quota of a control group of version 1; -1 is none."""
    quota, period = (_text(folder / f"cpu.cfs_{name}_us").strip() for name in ("quota", "period"))
    return int(quota) / int(period) if quota.isdecimal() and period.isdecimal() else math.inf


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""
