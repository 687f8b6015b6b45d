"""The package `stts_server` of a wheel: all of this program in one folder, which only its own processes search.

Its modules have names such as `engines` and `commands`, which nobody wants beside those of other packages.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent


def main() -> None:
    """Runs the command `stts`, and leaves with its exit status."""
    sys.path.insert(0, str(ROOT))
    from stts.interruption import leave_quietly

    leave_quietly(of_server="serve" in sys.argv[1:])
    from clients.command.main import run

    run("stts")
