"""The entry of the desktop client: `python -m clients.desktop`; `stts desktop` starts the same."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from collections.abc import Sequence

from clients.desktop.display import lacking
from clients.desktop.sound.machine import Miniaudio

WISHES = ("show", "clipboard", "type", "board", "stop")
"""Wishes of a second start, which the window does that is open."""
LACKING = 5
"""Exit status where something is not installed, which is that of `stts`."""
PACKAGES = ("PySide6", "miniaudio", "httpx")
INSTALL = f"{sys.executable} -m pip install 'stts-server[desktop]', or -r requirements/desktop.txt"


class NotInstalled(Exception):
    """No window can open here; the message says what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status."""
    parser = argparse.ArgumentParser("python -m clients.desktop", description="Speaks what is typed into a call.")
    parser.add_argument("wish", nargs="?", choices=WISHES, default=WISHES[0], help="what the window that is open does")
    parser.add_argument("--server", default=os.environ.get("STTS_URL"), help="its address, kept from then on")
    parser.add_argument("--key", default=os.environ.get("STTS_KEY"), help="a key for it, kept too")
    parser.add_argument("--folder", help="holds audio_output and references (default: STTS in the home folder)")
    wanted = parser.parse_args(arguments)
    try:
        return start(wanted.wish, wanted.server, wanted.key, wanted.folder)
    except NotInstalled as lacking:
        print(lacking, file=sys.stderr)
        return LACKING


def start(wish: str, server: str | None, key: str | None, folder: str | None) -> int:
    """The exit status, once the window is closed. Raises NotInstalled."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise NotInstalled(f"The window needs {' and '.join(missing)}, not installed here: {INSTALL}")
    if reason := lacking():
        raise NotInstalled(reason)
    from clients.desktop.window.start import run

    return run(Miniaudio(), wish, server, key, folder)
