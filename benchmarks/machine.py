"""The machine on which something was measured, in words."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import psutil


def machine() -> dict[str, Any]:
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "system": platform.platform(),
        "processor": processor(),
        "python": platform.python_version(),
    }


def machine_line() -> str:
    facts = machine()
    return (
        f"{facts['cores']} cores ({facts['processor']}), {facts['memory_bytes'] / 1e9:.0f} GB, "
        f"{facts['system']}, Python {facts['python']}"
    )


def processor() -> str:
    """Its name, where the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
