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
PROGRAM = shutil.which("promtool") or (str(OWN) if OWN.exists() else None)


def promtool(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs it in a folder. Skips the test where it is not installed."""
    if PROGRAM is None:
        assert not os.environ.get("STTS_REQUIRE_PROMTOOL"), "promtool is not installed: make promtool"
        pytest.skip("promtool is not installed: make promtool")
    return patient.run([PROGRAM, *arguments], cwd=folder, capture_output=True, text=True, check=False)
