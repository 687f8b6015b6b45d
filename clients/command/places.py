"""Folders: where this program lies, and where the server that it starts or works for keeps its own."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVER = "server_v2.py"
CONFIGURATION = "config.yaml"
DATA = "data"
IN_CHECKOUT = ".ci"
"""Lies beside the program in a checkout, and in no installed package."""


def working_folder() -> Path:
    """The folder in which the server works, whatever command starts it or looks into its database.

    The current one, where it has a configuration or data, or STTS_CONFIG names one; else the checkout that this
    program is; else, for an installed one, a folder of this user.
    """
    here = Path.cwd()
    if os.environ.get("STTS_CONFIG") or (here / CONFIGURATION).exists() or (here / DATA / "stts.db").exists():
        return here
    if (ROOT / IN_CHECKOUT).exists():
        return ROOT
    home = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "stts"
    home.mkdir(parents=True, exist_ok=True)
    return home


def in_program(environment: dict[str, str]) -> dict[str, str]:
    """An environment in which Python finds this program from any folder."""
    before = environment.get("PYTHONPATH", "")
    return {**environment, "PYTHONPATH": os.pathsep.join([str(ROOT), *([before] if before else [])])}
