"""Tells that something goes on while one long answer is waited for, and how long it may still take."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clients.command.terminal import Progress

if TYPE_CHECKING:
    from clients.caller import Caller

TELL_SECONDS = 1.0


@contextmanager
def ticking(shown: Progress, text: str, left: Callable[[float], str]) -> Iterator[None]:
    """At a terminal the text with the time that has passed, each second, and what `left` says by that."""
    if not sys.stderr.isatty():
        yield
        return
    over, began = threading.Event(), time.monotonic()

    def tell() -> None:
        while not over.wait(TELL_SECONDS):
            passed = time.monotonic() - began
            shown.tell(f"{text}, {clock(passed)}", left(passed))

    shown.tell(text)
    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()
        shown.end()


def expected_seconds(caller: Caller, recording: Path, engine: str | None) -> float | None:
    """How long a transcript of a recording may take, by its length and what the ear needed before; None: unknown."""
    if not sys.stderr.isatty() or (length := _length(recording)) is None:
        return None
    engines = caller.ask("GET", "/engines").json()
    factor = work_factor(engines if isinstance(engines, list) else [], engine)
    return None if factor is None else factor * length


def work_factor(engines: list[dict[str, Any]], engine: str | None) -> float | None:
    """Seconds of work for a second of speech: of an engine, or of the ear that was asked the most."""
    ears = [
        each
        for each in engines
        if each["kind"] == "stt" and each["measured"]["real_time_factor"] and engine in (None, each["name"])
    ]
    asked = max(ears, key=lambda each: each["measured"]["requests"], default=None)
    return None if asked is None else float(asked["measured"]["real_time_factor"])


def left_of(expected: float | None) -> Callable[[float], str]:
    """Words for the rest of an expected time. What takes longer than that has none."""

    def left(passed: float) -> str:
        return "" if expected is None or passed >= expected else f", {clock(expected - passed)} left"

    return left


def clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def _length(recording: Path) -> float | None:
    import av

    try:
        with av.open(str(recording), "r") as container:
            return container.duration / av.time_base if container.duration else None
    except (av.FFmpegError, OSError):
        return None
