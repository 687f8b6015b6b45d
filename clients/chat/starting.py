"""Reasons for which a bot does not run: its messenger does not take it, or a library that it needs is not here."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The folder of all rooms: a checkout, or the package of a wheel."""


class Rejected(Exception):
    """The messenger does not take the bot: its token is wrong or revoked, or not for this; the message says why."""


class NotInstalled(Exception):
    """A library is not here; the message says how it comes."""

    def __init__(self, library: str, extra: str, root: Path = ROOT) -> None:
        """`extra`: the list of requirements that brings it, by its name."""
        from_checkout = (root / "setup.py").is_file()
        what = f"-r {root / 'requirements' / extra}.txt" if from_checkout else f"'stts-server[{extra}]'"
        super().__init__(f"{library} is not installed: {sys.executable} -m pip install {what}")
