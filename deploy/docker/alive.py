"""Tells whether a bot of this container lives, by its pulse: exit status 0 if so, else 1. Standard library alone."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

NAMES = ("STTS_BOT_PULSE", "STTS_DISCORD_PULSE")
MOST_SECONDS = 30.0
"""Three beats of `clients/chat/pulse.py`."""


def lives(file: Path) -> bool:
    try:
        return time.time() - file.stat().st_mtime < MOST_SECONDS
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(0 if any(lives(Path(os.environ[name])) for name in NAMES if os.environ.get(name)) else 1)
