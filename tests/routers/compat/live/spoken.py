"""A spoken conversation of three turns with an interruption, which every client of Live holds with a running server."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from stts.settings import Settings
from tests.audio import decoded, raw_pcm, speech
from tests.patience import PATIENCE

RATE = 24_000
"""Hz."""
STEP_SECONDS = 0.05
STEP_BYTES = round(RATE * STEP_SECONDS) * 2
STORY = (
    "Once upon a time there was a train that left the city at nine in the morning, went through all the valleys, "
    "over all the bridges, and came to the sea late in the evening of the very same day, which was a Sunday."
)
ANSWERS = ("The train to the city leaves at nine.", STORY, "Thank you, and good bye.")
"""Answers of the app to its turns. The user interrupts the second one."""
LOUD = 60
"""Speech is far above it, of 32,768, and digital silence below."""


def talkative(root: Path, **changes: Any) -> Settings:
    """Settings whose voice and ears are loaded when the server begins: a first turn takes no longer than the others."""
    engines = {"preload": ["hibari", "faster_whisper"]}
    return Settings.model_validate({"storage": {"root": str(root)}, "engines": engines} | changes)


@cache
def recording(name: str) -> bytes:
    """A recording of tests/data, as s16le."""
    samples, recorded = decoded(speech(name))
    return raw_pcm(samples, recorded, RATE)


def loud(data: bytes) -> bool:
    samples = np.abs(np.frombuffer(data, "<i2").astype(int))
    return bool(samples.size) and bool(samples.max() > LOUD)


def understood(said: str, heard: str) -> bool:
    """True if most of the words were heard."""
    words = said.lower().replace(",", "").replace(".", "").split()
    return sum(word in heard.lower() for word in words) / len(words) > 0.5


class Microphone:
    """Audio in real time: silence, but while something is said."""

    def __init__(self) -> None:
        self._left = b""
        self._due = 0.0

    def say(self, name: str) -> None:
        self._left = recording(name)

    async def next(self) -> bytes:
        """The next 50 ms, when they are due."""
        now = time.monotonic()
        self._due = max(self._due, now - 1.0) + STEP_SECONDS
        await asyncio.sleep(max(0.0, self._due - now))
        part, self._left = self._left[:STEP_BYTES], self._left[STEP_BYTES:]
        return part.ljust(STEP_BYTES, b"\x00")

    async def parts(self) -> AsyncIterator[bytes]:
        while True:
            yield await self.next()


class BlockingMicrophone:
    """The same in a thread of its own, for clients that block."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._says: list[bytes] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._speak)

    def __enter__(self) -> BlockingMicrophone:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def say(self, name: str) -> None:
        self._says.append(recording(name))

    def end(self) -> None:
        """Nothing is sent from here on. May be called again."""
        self._over.set()
        self._thread.join(PATIENCE)

    def _speak(self) -> None:
        data, due = b"", time.monotonic()
        while not self._over.wait(max(0.0, due - time.monotonic())):
            data = data or (self._says.pop(0) if self._says else b"")
            part, data = data[:STEP_BYTES].ljust(STEP_BYTES, b"\x00"), data[STEP_BYTES:]
            self._send(part)
            due += STEP_SECONDS


class Speaker:
    """The sound that came, and when."""

    def __init__(self) -> None:
        self.parts: list[tuple[float, bytes]] = []

    def play(self, data: bytes) -> None:
        self.parts.append((time.monotonic(), data))

    def heard_since(self, mark: float) -> float:
        """Seconds of sound in what came since a time."""
        return sum(len(data) for at, data in self.parts if at >= mark and loud(data)) / 2 / RATE

    def last_sound(self) -> float:
        return max((at for at, data in self.parts if loud(data)), default=0.0)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110  # frameworks have no event for it
            await asyncio.sleep(0.02)
