"""Other people's servers, each in a throw-away environment of its own, asked side by side with ours."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import subprocess
import time
import venv
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.result import quantile
from benchmarks.server import HOST
from benchmarks.texts import SENTENCES

START_SECONDS = 120.0
STOP_SECONDS = 5.0
CLIENTS = 4

Speak = Callable[[str], Awaitable[float]]
"""Has a text spoken whole; returns the seconds until its first audio came."""


def install(folder: Path, name: str, requirements: Sequence[str]) -> Path:
    """Makes an environment in the folder, if it is not there, and returns its interpreter."""
    home = folder / name
    python = home / "bin" / "python"
    if not python.exists():
        venv.create(home, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *requirements], check=True)
    return python


@contextmanager
def serving(command: Sequence[str | Path], port: int, log: Path, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a server until the block ends; waits until something listens on its port."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            list(map(str, command)), stdout=output, stderr=output, cwd=log.parent, env={**_environment(), **variables}
        )
    try:
        asyncio.run(_listening(process, port, log))
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _environment() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONUNBUFFERED": "1"}


async def _listening(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Raises RuntimeError for a server that ends, TimeoutError for one that never listens."""
    async with asyncio.timeout(START_SECONDS):
        while True:
            if process.poll() is not None:
                raise RuntimeError(f"{process.args!r} ended; its output is in {log}")
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(HOST, port)
                writer.close()
                return
            await asyncio.sleep(0.05)


async def rate(speak: Sequence[Speak], seconds: float) -> float:
    """Sentences a second of so many clients as there are functions."""
    sentences = itertools.cycle(SENTENCES)
    started = time.monotonic()

    async def client(speak: Speak) -> int:
        count = 0
        while time.monotonic() - started < seconds:
            await speak(next(sentences))
            count += 1
        return count

    counts = await asyncio.gather(*map(client, speak))
    return sum(counts) / (time.monotonic() - started)


async def first_audio(speak: Speak, text: str, times: int) -> float:
    """The median of the seconds until the first audio."""
    return quantile([await speak(text) for _ in range(times)], 0.5)
