"""Imports the bots of an image while that is built: `try_bots.py FOLDER`.

An image that cannot do so is not made, and Python leaves compiled files of all that was imported beside it.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

DISCORD = ("clients.discord.running", "clients.discord.client", "clients.discord.voice")


def adapters(folder: Path) -> list[str]:
    """The modules of the frameworks, which are imported when they are named."""
    files = sorted(folder.glob("clients/*/adapters/*.py"))
    return [".".join(file.relative_to(folder).with_suffix("").parts) for file in files if file.stem != "__init__"]


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    sys.path.insert(0, str(folder))
    for name in ("clients.command.main", "clients.telegram.running", *adapters(folder), *DISCORD):
        import_module(name)
