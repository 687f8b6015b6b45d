"""The microphone and the loudspeaker of this machine, by the optional package miniaudio, which brings all it needs."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import contextmanager
from typing import Any

from clients.command.exit_status import LACKING, CommandFailed
from clients.command.incoming import BLOCK_BYTES, RATE, Blocks
from clients.command.playback import INSTALL

BUFFER_MS = 40
"""Sound that a device takes or gives at once."""
BACKENDS: list[Any] = []
"""Ways to devices that are tried; none: those of this system."""
SAMPLE_BYTES = 2


class Speaker:
    """Sound on its way to a loudspeaker, whose thread takes it. Parts have the number of their reply."""

    def __init__(self, rate: int, channels: int = 1) -> None:
        self.volume = 1.0
        self._frame = SAMPLE_BYTES * channels
        self._second = rate * self._frame
        self._parts: deque[tuple[int, bytes]] = deque()
        self._changed = threading.Condition()
        self._heard = (0, 0)

    def write(self, generation: int, audio: bytes) -> None:
        with self._changed:
            self._parts.append((generation, audio))

    def drop(self, generation: int) -> None:
        """Forgets what was not played of a reply."""
        with self._changed:
            self._parts = deque(part for part in self._parts if part[0] != generation)
            self._changed.notify_all()

    def heard(self) -> tuple[int, float]:
        """The reply that is played or was played last, and how many milliseconds of it."""
        with self._changed:
            generation, size = self._heard
            return generation, size / self._second * 1000

    def wait_below(self, seconds: float) -> None:
        """Waits until no more than this is left to play."""
        with self._changed:
            self._changed.wait_for(lambda: self._left() <= seconds * self._second)

    def pull(self, frames: int) -> bytes:
        """The next frames, silence where there is nothing. Called by the device."""
        wanted, taken = frames * self._frame, b""
        with self._changed:
            while self._parts and len(taken) < wanted:
                generation, audio = self._parts.popleft()
                part, rest = audio[: wanted - len(taken)], audio[wanted - len(taken) :]
                if rest:
                    self._parts.appendleft((generation, rest))
                before = self._heard[1] if generation == self._heard[0] else 0
                self._heard = (generation, before + len(part))
                taken += part
            self._changed.notify_all()
        return _quieter(taken, self.volume).ljust(wanted, b"\0")

    def _left(self) -> int:
        return sum(len(audio) for _, audio in self._parts)


@contextmanager
def speaker(rate: int, channels: int = 1) -> Iterator[Speaker]:
    """The loudspeaker, open. Raises CommandFailed where there is none."""
    sounding = Speaker(rate, channels)

    def play() -> Generator[bytes, int, None]:
        frames = yield b""
        while True:
            frames = yield sounding.pull(frames)

    with _device("PlaybackDevice", "loudspeaker", channels, rate, play()):
        yield sounding


async def microphone() -> AsyncGenerator[bytes]:
    """Blocks of what the microphone hears, without end. Raises CommandFailed where there is none."""
    blocks = Blocks()

    def record() -> Generator[None, bytes, None]:
        rest = b""
        while True:
            rest += bytes((yield))
            while len(rest) >= BLOCK_BYTES:
                blocks.offer(rest[:BLOCK_BYTES])
                rest = rest[BLOCK_BYTES:]

    with _device("CaptureDevice", "microphone", 1, RATE, record()):
        async for block in blocks:
            yield block


@contextmanager
def _device(kind: str, name: str, channels: int, rate: int, moved: Generator[Any, Any, None]) -> Iterator[None]:
    """`moved` gives or takes the sound, in a thread of the device. Raises CommandFailed."""
    try:
        import miniaudio
    except ImportError as missing:
        raise CommandFailed(f"This Python reaches no {name}: {INSTALL}.", LACKING) from missing
    next(moved)
    way = "input_format" if kind == "CaptureDevice" else "output_format"
    try:
        with _quiet():
            device = getattr(miniaudio, kind)(
                **{way: miniaudio.SampleFormat.SIGNED16},
                nchannels=channels,
                sample_rate=rate,
                buffersize_msec=BUFFER_MS,
                backends=BACKENDS or _real(miniaudio),
                app_name="stts",
            )
            device.start(moved)
    except miniaudio.MiniaudioError as error:
        raise CommandFailed(f"No {name} can be opened on this machine ({error.args[0]}).", LACKING) from error
    try:
        yield
    finally:
        device.close()


def _real(miniaudio: Any) -> list[Any]:
    """All ways but the one that leads nowhere, which is taken silently where there is no device."""
    return [way for way in miniaudio.Backend if way.name not in ("NULL", "CUSTOM")]


def _quieter(audio: bytes, volume: float) -> bytes:
    if volume == 1.0 or not audio:
        return audio
    import numpy as np

    return (np.frombuffer(audio, "<i2") * volume).astype("<i2").tobytes()


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing on the error stream meanwhile: ALSA writes a page about each device that it does not find."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
