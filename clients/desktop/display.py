"""Whether there is a screen that Qt can use: where there is none, Qt ends the process by itself, with a core dump."""

from __future__ import annotations

import ctypes
import os
import sys
from importlib.util import find_spec
from pathlib import Path

PLUGIN = Path("Qt", "plugins", "platforms", "libqxcb.so")
"""Qt's way to X11, in the folder of its package."""
WITHOUT = "`stts say --device NAME` speaks into a call without a window."


def lacking() -> str | None:
    """The reason why no window can open here, and what to do; None where one can."""
    # A person who names a platform knows better, and elsewhere than on Linux there is a screen.
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM", "xcb") != "xcb":
        return None
    if os.environ.get("WAYLAND_DISPLAY"):
        return None
    if not (display := os.environ.get("DISPLAY")):
        return f"There is no screen here: neither DISPLAY nor WAYLAND_DISPLAY is set. {WITHOUT}"
    if missing := _missing_library():
        return f"Qt finds a library of the X Window System not: {missing}. docs/desktop.md names what to install."
    return None if _answers(display) else f"The screen {display} does not answer. {WITHOUT}"


def _missing_library() -> str | None:
    spec = find_spec("PySide6")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (plugin := Path(folder, PLUGIN)).exists():
            try:
                ctypes.CDLL(str(plugin))
            except OSError as error:
                return str(error).partition(":")[0]
    return None


def _answers(display: str) -> bool:
    try:
        x = ctypes.CDLL("libX11.so.6")
    except OSError:
        return True  # Qt has its own way to ask
    x.XOpenDisplay.restype = ctypes.c_void_p
    x.XCloseDisplay.argtypes = (ctypes.c_void_p,)
    opened = x.XOpenDisplay(display.encode())
    if opened:
        x.XCloseDisplay(opened)
    return bool(opened)
