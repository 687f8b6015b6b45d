"""A screen of a test's own, on which keys are pressed as by a person: Xvfb, and XTest by its library."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.patience import PATIENCE

SIZE = "1280x900x24"
NOBODY, ROOT = 0, 1
"""Answers of X11 where no window has the keyboard: None and PointerRoot."""
LIBRARIES = ("X11", "Xtst")
SHIFTED = {"!": "exclam", ".": "period", ",": "comma", " ": "space", "\n": "Return"}


def missing() -> str | None:
    """Name of the first that is not installed."""
    if shutil.which("Xvfb") is None:
        return "Xvfb"
    return next((f"lib{name}" for name in LIBRARIES if ctypes.util.find_library(name) is None), None)


class Screen:
    def __init__(self, display: str) -> None:
        self.display = display
        self._x: Any = ctypes.CDLL(ctypes.util.find_library("X11"))
        self._test: Any = ctypes.CDLL(ctypes.util.find_library("Xtst"))
        self._x.XOpenDisplay.restype = ctypes.c_void_p
        self._x.XStringToKeysym.restype = ctypes.c_ulong
        self._x.XKeysymToKeycode.argtypes = (ctypes.c_void_p, ctypes.c_ulong)
        self._x.XKeysymToKeycode.restype = ctypes.c_ubyte
        self._x.XSync.argtypes = (ctypes.c_void_p, ctypes.c_int)
        self._x.XCloseDisplay.argtypes = (ctypes.c_void_p,)
        self._x.XGetInputFocus.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
        four = (ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_ulong)
        self._test.XTestFakeKeyEvent.argtypes = four
        self._display = self._x.XOpenDisplay(display.encode())
        assert self._display, f"no screen {display}"

    @property
    def environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if name not in ("WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
        return {**own, "DISPLAY": self.display, "QT_QPA_PLATFORM": "xcb"}

    def press(self, keys: str) -> None:
        """Keys by their names of X11, as `Control_L+Alt_L+c`, all down and then all up."""
        names = keys.split("+")
        for name in names:
            self._key(name, down=True)
        for name in reversed(names):
            self._key(name, down=False)
        self._x.XSync(self._display, 0)

    def type(self, text: str) -> None:
        for letter in text:
            name = SHIFTED.get(letter, letter)
            self.press(f"Shift_L+{name}" if letter.isupper() or letter == "!" else name)

    @property
    def focus(self) -> int:
        """The window that has the keyboard."""
        window, revert = ctypes.c_ulong(), ctypes.c_int()
        self._x.XGetInputFocus(self._display, ctypes.byref(window), ctypes.byref(revert))
        return window.value

    def wait_for_another(self, focus: int) -> None:
        """Returns when another window has the keyboard: what is typed before goes to the one that had it."""
        limit, pause = time.monotonic() + PATIENCE, threading.Event()
        while self.focus in (focus, NOBODY, ROOT):
            assert time.monotonic() < limit, "no other window took the keyboard"
            pause.wait(0.01)

    def close(self) -> None:
        self._x.XCloseDisplay(self._display)

    def _key(self, name: str, *, down: bool) -> None:
        code = self._x.XKeysymToKeycode(self._display, self._x.XStringToKeysym(name.encode()))
        assert code, name
        self._test.XTestFakeKeyEvent(self._display, code, int(down), 0)


@contextmanager
def running_screen() -> Iterator[Screen]:
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", SIZE, "-nolisten", "tcp"]
    process = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    try:
        with os.fdopen(read) as told:
            number = told.readline().strip()
        assert number, "Xvfb did not start"
        screen = Screen(f":{number}")
        try:
            yield screen
        finally:
            screen.close()
    finally:
        process.terminate()
        process.wait(PATIENCE)
