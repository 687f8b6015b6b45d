"""Prometheus' own checker, `promtool`: from the machine, or where `make promtool` puts it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import patient

ROOT = Path(__file__).parent.parent
OWN = ROOT / "build" / "promtool"


def found(own: Path = OWN) -> str | None:
    """The one of the machine, else our own if it can be run."""
    return shutil.which("promtool") or (str(own) if os.access(own, os.X_OK) else None)


PROGRAM = found()


def promtool(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs it in a folder. Skips the test where it is not installed."""
    if PROGRAM is None:
        assert not os.environ.get("STTS_REQUIRE_PROMTOOL"), "promtool is not installed: make promtool"
        pytest.skip("promtool is not installed: make promtool")
    return patient.run([PROGRAM, *arguments], cwd=folder, capture_output=True, text=True, check=False)
