"""Resources: what this process takes, how long the event loop keeps others waiting, and the GPU where there is one."""

from __future__ import annotations

import asyncio
import math
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psutil

SAMPLE_SECONDS = 0.1
LAG_SAMPLES = 600
"""One minute of loop lag."""
CPU_SAMPLES = 10
"""Samples between two looks at CPU time."""
IDLE_CORES = 0.02
"""Below this nobody keeps the loop, and it is looked at once in place of so many times."""


@dataclass(frozen=True, slots=True)
class GPU:
    name: str
    memory_used: int
    """Bytes in use on the whole device, by whomever."""
    memory_total: int
    utilisation: float | None
    """0..1; None where the driver's library for it is missing."""


@dataclass(frozen=True, slots=True)
class Usage:
    cpu: float
    """Cores in use over the last second: 1.0 is one core."""
    memory: int
    """Resident bytes."""
    open_files: int
    """File descriptors, sockets included."""
    threads: int
    loop_lag_p50: float | None
    """Seconds, over the last minute; None before the first sample."""
    loop_lag_p99: float | None
    gpus: tuple[GPU, ...] | None
    """None where no engine has brought up a GPU."""


class Resources:
    """Samples while `sampling()` is entered; `usage()` answers at any time."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._process = psutil.Process()
        self._lags: deque[float] = deque(maxlen=LAG_SAMPLES)
        self._cpu = 0.0

    @asynccontextmanager
    async def sampling(self) -> AsyncIterator[None]:
        """Runs the sampler; belongs around the life of the server."""
        task = asyncio.create_task(self._sample())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait((task,))

    async def _sample(self) -> None:
        self._process.cpu_percent()
        looks = CPU_SAMPLES
        while True:
            seconds = SAMPLE_SECONDS * CPU_SAMPLES / looks
            for _ in range(looks):
                due = self._clock() + seconds
                await asyncio.sleep(seconds)
                lag = max(0.0, self._clock() - due)
                self._lags.extend([lag] * (CPU_SAMPLES // looks))
            self._cpu = self._process.cpu_percent() / 100
            looks = 1 if self._cpu < IDLE_CORES else CPU_SAMPLES

    def loop_lag(self, part: float) -> float | None:
        """Seconds that this part, 0..1, of the last minute's samples does not exceed."""
        ordered = sorted(self._lags)
        return ordered[max(0, math.ceil(part * len(ordered)) - 1)] if ordered else None

    def usage(self) -> Usage:
        with self._process.oneshot():
            return Usage(
                cpu=self._cpu,
                memory=self._process.memory_info().rss,
                open_files=self._process.num_fds() if hasattr(self._process, "num_fds") else 0,
                threads=self._process.num_threads(),
                loop_lag_p50=self.loop_lag(0.5),
                loop_lag_p99=self.loop_lag(0.99),
                gpus=gpus(),
            )


def gpus() -> tuple[GPU, ...] | None:
    """Asks torch, where an engine has loaded it and uses a GPU; never loads it, never wakes a GPU up."""
    cuda = getattr(sys.modules.get("torch"), "cuda", None)
    if cuda is None or not cuda.is_initialized():
        return None
    return tuple(_gpu(cuda, index) for index in range(cuda.device_count()))


def _gpu(cuda: Any, index: int) -> GPU:
    free, total = cuda.mem_get_info(index)
    return GPU(cuda.get_device_name(index), total - free, total, _utilisation(cuda, index))


def _utilisation(cuda: Any, index: int) -> float | None:
    nvml = sys.modules.get("pynvml")
    if nvml is None:
        return None
    try:
        return float(cuda.utilization(index)) / 100
    except (RuntimeError, nvml.NVMLError):
        return None
