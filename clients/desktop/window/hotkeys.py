"""Keys that work while another program has the keyboard, on X11.

Other systems let no program take keys for itself: there the desktop's own shortcuts start `stts desktop clipboard`.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QSocketNotifier

MODIFIERS = {"ctrl": 4, "shift": 1, "alt": 8, "meta": 64}
LOCKS = (0, 2, 16, 18)
"""Caps Lock and Num Lock, which X11 takes for modifiers too."""
KEY_PRESS = 2
EVENT_BYTES = 192
NAMES = {"del": "Delete", "ins": "Insert", "esc": "Escape", "pgup": "Prior", "pgdown": "Next", "return": "Return"}
"""Names of Qt -> those of X11, where they differ."""


class _KeyEvent(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong),
        ("root", ctypes.c_ulong),
        ("subwindow", ctypes.c_ulong),
        ("time", ctypes.c_ulong),
        ("x", ctypes.c_int),
        ("y", ctypes.c_int),
        ("x_root", ctypes.c_int),
        ("y_root", ctypes.c_int),
        ("state", ctypes.c_uint),
        ("keycode", ctypes.c_uint),
        ("same_screen", ctypes.c_int),
    )


def parts(keys: str) -> tuple[int, str] | None:
    """Modifiers and the X11 name of a key such as `Ctrl+Alt+C`; None for what is no single key with a modifier."""
    *modifiers, key = keys.replace("++", "+plus").split(",")[0].strip().split("+")
    mask = 0
    for name in modifiers:
        if name.lower() not in MODIFIERS:
            return None
        mask |= MODIFIERS[name.lower()]
    if not key or not mask:
        return None
    return mask, NAMES.get(key.lower(), key.lower() if len(key) == 1 else key)


class Hotkeys(QObject):
    """Holds keys until it is closed, or given others."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._x: Any = None
        self._display: Any = None
        self._heard: QSocketNotifier | None = None
        self._pressed: dict[tuple[int, int], Callable[[], None]] = {}
        self._refused = False

    def hold(self, keys: dict[str, Callable[[], None]]) -> list[str]:
        """Those that could not be had. The ones held before are let go."""
        self.close()
        wanted = {name: pressed for name, pressed in keys.items() if name}
        if not wanted or not self._open():
            return list(wanted)
        return [name for name, pressed in wanted.items() if not self._hold(name, pressed)]

    def close(self) -> None:
        if self._display is not None:
            if self._heard is not None:
                self._heard.setEnabled(False)
                self._heard.deleteLater()
                self._heard = None
            self._x.XCloseDisplay(self._display)
            self._display = None
        self._pressed.clear()

    def _open(self) -> bool:
        if not os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
            return False
        found = ctypes.util.find_library("X11")
        if found is None:
            return False
        self._x = x = ctypes.CDLL(found)
        x.XOpenDisplay.restype = ctypes.c_void_p
        x.XDefaultRootWindow.restype = ctypes.c_ulong
        x.XStringToKeysym.restype = ctypes.c_ulong
        x.XKeysymToKeycode.argtypes = (ctypes.c_void_p, ctypes.c_ulong)
        x.XKeysymToKeycode.restype = ctypes.c_ubyte
        for name in ("XDefaultRootWindow", "XConnectionNumber", "XPending", "XCloseDisplay"):
            getattr(x, name).argtypes = (ctypes.c_void_p,)
        x.XSync.argtypes = (ctypes.c_void_p, ctypes.c_int)
        x.XNextEvent.argtypes = (ctypes.c_void_p, ctypes.c_void_p)
        six = (ctypes.c_int, ctypes.c_uint, ctypes.c_ulong, ctypes.c_int, ctypes.c_int, ctypes.c_int)
        x.XGrabKey.argtypes = (ctypes.c_void_p, *six)
        self._display = x.XOpenDisplay(None)
        if not self._display:
            self._display = None
            return False
        # Another program may have a key already: without this the whole program would end of it.
        handler = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
        self._handler = handler(self._refuse)
        x.XSetErrorHandler(self._handler)
        self._heard = QSocketNotifier(x.XConnectionNumber(self._display), QSocketNotifier.Type.Read, self)
        self._heard.activated.connect(self._read)
        return True

    def _hold(self, keys: str, pressed: Callable[[], None]) -> bool:
        if (found := parts(keys)) is None:
            return False
        mask, name = found
        code = self._x.XKeysymToKeycode(self._display, self._x.XStringToKeysym(name.encode()))
        if not code:
            return False
        self._refused = False
        for lock in LOCKS:
            self._x.XGrabKey(self._display, code, mask | lock, self._x.XDefaultRootWindow(self._display), 0, 1, 1)
        self._x.XSync(self._display, 0)
        if not self._refused:
            self._pressed[code, mask] = pressed
        return not self._refused

    def _refuse(self, _: Any, __: Any) -> int:
        self._refused = True
        return 0

    def _read(self) -> None:
        while self._display is not None and self._x.XPending(self._display):
            event = ctypes.create_string_buffer(EVENT_BYTES)
            self._x.XNextEvent(self._display, event)
            key = _KeyEvent.from_buffer(event)
            if key.type == KEY_PRESS:
                mask = key.state & sum(MODIFIERS.values())
                if (pressed := self._pressed.get((key.keycode, mask))) is not None:
                    pressed()
