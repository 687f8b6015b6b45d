"""Folders: where this program lies, and where the server that it starts or works for keeps its own."""

from __future__ import annotations

import os
from pathlib import Path

from clients.command.exit_status import CommandFailed

ROOT = Path(__file__).resolve().parents[2]
SERVER = "server_v2.py"
CONFIGURATION = "config.yaml"
DATA = "data"
IN_CHECKOUT = ".ci"
"""Lies beside the program in a checkout, and in no installed package."""


def working_folder() -> Path:
    """The folder in which the server works, whatever command starts it or looks into its database.

    The current one, where it has a configuration or data, or STTS_CONFIG names one; else the checkout that this
    program is; else, for an installed one, a folder of this user. Raises CommandFailed where none can be had.
    """
    try:
        here = Path.cwd()
    except OSError as error:
        raise CommandFailed(f"The current folder cannot be read: {error.strerror}. Go to another one.") from error
    if os.environ.get("STTS_CONFIG") or (here / CONFIGURATION).exists() or (here / DATA / "stts.db").exists():
        return here
    if (ROOT / IN_CHECKOUT).exists():
        return ROOT
    try:
        home = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "stts"
        home.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "this user has no home"
        raise CommandFailed(
            f"There is no folder for the data of the server: {getattr(error, 'filename', None) or 'none'}: {reason}. "
            "Name one in XDG_DATA_HOME, or a configuration in STTS_CONFIG."
        ) from error
    return home


def configured_by(folder: Path) -> str:
    """Which configuration a server in this folder reads, and why: another program's may lie there by chance."""
    if named := os.environ.get("STTS_CONFIG"):
        return f"It reads {folder / named}, which STTS_CONFIG names."
    if (file := folder / CONFIGURATION).exists():
        return f"It reads {file}, as `{CONFIGURATION}` of the folder it works in; STTS_CONFIG names another one."
    return f"It works in {folder}."


def in_program(environment: dict[str, str]) -> dict[str, str]:
    """An environment in which Python finds this program from any folder."""
    before = environment.get("PYTHONPATH", "")
    return {**environment, "PYTHONPATH": os.pathsep.join([str(ROOT), *([before] if before else [])])}
