"""The desktop client on a screen and a sound server of its own: from its start, and from a key to the cable.

Xvfb and PulseAudio are those of the suite (`tests/clients/desktop/screen.py`, `cables.py`).
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psutil

from benchmarks.result import Row, quantile
from benchmarks.server import ROOT, running

if TYPE_CHECKING:
    from tests.clients.desktop.cables import Cables
    from tests.clients.desktop.screen import Screen

STARTS, PRESSES = 7, 20
REACH_START, REACH_MB, REACH_MS = 1.5, 200, 120.0
TEXT = "The lighthouse keeper counted the ships."
COMMAND = [sys.executable, "-P", "-m", "clients.command.main", "desktop"]
SPEECH = {"format": "pcm", "sample_rate": 24_000, "channels": 1, "stream": True}
"""Fields that the client asks for."""


def run(starts: int = STARTS, presses: int = PRESSES) -> list[Row]:
    """No rows where Qt, a screen or a sound server is not installed."""
    from tests.clients.desktop import cables, screen

    lacking = None if find_spec("PySide6") else "PySide6"
    if missing := lacking or screen.missing() or cables.missing():
        print(f"desktop skipped: {missing} is not installed", file=sys.stderr)
        return []
    with (
        # What is asked for again comes from the cache: it is the client that is measured.
        running({"models": {"offline": True}, "cache": {}}) as server,
        tempfile.TemporaryDirectory(prefix="pulse") as folder,
        cables.running_cables(Path(folder)) as sound,
        screen.running_screen() as shown,
    ):
        url = f"http://127.0.0.1:{server.port}"
        _configure(Path(folder), url)
        seconds = [_started(shown, sound, Path(folder)) for _ in range(starts)]
        return [_start(seconds), *_pressed(shown, sound, Path(folder), url, presses)]


def _configure(folder: Path, url: str) -> None:
    file = folder / "config" / "stts" / "desktop.json"
    file.parent.mkdir(parents=True)
    cable, ears = {"id": "PulseAudio:cable", "name": "Cable"}, {"id": "system", "name": ""}
    phrases = [TEXT]
    file.write_text(
        json.dumps({"server": url, "folder": str(folder), "cable": cable, "ears": ears, "phrases": phrases})
    )


@contextmanager
def _window(screen: Screen, cables: Cables, folder: Path) -> Iterator[psutil.Process]:
    """The program, once its window takes keys."""
    own = {"XDG_CONFIG_HOME": str(folder / "config"), "STTS_DESKTOP_SHOWN": "1", "PYTHONPATH": str(ROOT)}
    variables = {**screen.environment, **cables.variables, **own}
    with subprocess.Popen(COMMAND, cwd=ROOT, env=variables, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None and process.stdout.readline() == "shown\n"
            yield psutil.Process(process.pid)
        finally:
            process.terminate()


def _started(screen: Screen, cables: Cables, folder: Path) -> float:
    begun = time.perf_counter()
    with _window(screen, cables, folder):
        return time.perf_counter() - begun


def _start(seconds: list[float]) -> Row:
    # The first one compiles.
    middle = statistics.median(seconds[1:])
    return Row(
        "desktop client: from its start until its window takes keys: p50",
        f"< {REACH_START:g} s",
        f"{middle:.2f} s (slowest {max(seconds[1:]):.2f} s)",
        middle < REACH_START,
        {"start_seconds": middle},
        timed=True,
    )


def _pressed(screen: Screen, cables: Cables, folder: Path, url: str, presses: int) -> Iterator[Row]:
    """A key until the recording of the cable has the first sound, without what the server takes to its first byte."""
    with _window(screen, cables, folder) as process, cables.recording("cable") as cable:
        waits, first_bytes = [], []
        for _ in range(presses + 1):
            begun = time.perf_counter()
            with cable.next_sound() as came:
                screen.press("Control_L+1")
            waits.append(came() - begun)
            cable.silent()
            first_bytes.append(_first_byte(url))
        memory = process.memory_full_info()
    # Each by itself: the two of a pair are not of one moment.
    middle, most = (1000 * (quantile(waits[1:], part) - statistics.median(first_bytes[1:])) for part in (0.5, 0.95))
    yield Row(
        "desktop client: a key until its sound is recorded from the cable, without the server's first byte: p50",
        f"< {REACH_MS:g} ms",
        f"{middle:.0f} ms (p95 {most:.0f} ms)",
        middle < REACH_MS,
        {"beyond_ms": middle},
        timed=True,
    )
    resident, unshared = memory.rss / 1e6, memory.uss / 1e6
    yield Row(
        f"desktop client: memory after {presses} utterances",
        f"< {REACH_MB} MB",
        f"{resident:.0f} MB ({unshared:.0f} MB of it its own)",
        resident < REACH_MB,
        {"memory_mb": resident},
    )


def _first_byte(url: str) -> float:
    begun = time.perf_counter()
    with httpx.stream("POST", f"{url}/tts", json={"text": TEXT, **SPEECH}) as answer:
        next(answer.iter_raw())
        return time.perf_counter() - begun
