from __future__ import annotations

import asyncio
import itertools
import os
import sys
from types import ModuleType

import pytest

from stts.analytics.resources import LAG_SAMPLES, SAMPLE_SECONDS, Resources, gpus
from tests.virtual import now, virtual


def test_what_the_process_takes() -> None:
    usage = Resources().usage()
    assert usage.memory > 10_000_000
    assert usage.threads >= 1
    assert usage.open_files >= 3 or os.name == "nt"
    assert (usage.loop_lag_p50, usage.loop_lag_p99) == (None, None)


async def test_lag_is_how_much_later_than_due_the_loop_comes_back() -> None:
    looks = 0
    sampled = asyncio.Event()

    def clock() -> float:
        nonlocal looks
        looks += 1
        if looks == 3:
            sampled.set()
        return float(looks)

    resources = Resources(clock)
    async with resources.sampling():
        await sampled.wait()
    assert resources.loop_lag(0.5) == pytest.approx(1.0 - 0.1)


async def test_the_sampler_ends_with_the_server() -> None:
    before = asyncio.all_tasks()
    async with Resources().sampling():
        assert len(asyncio.all_tasks()) == len(before) + 1
    assert asyncio.all_tasks() == before


@virtual
async def test_only_the_lag_of_the_last_minute_counts() -> None:
    """The loop is never late here, so a clock that jumps says how late it was."""
    late = 0.0
    looks = itertools.count()

    def clock() -> float:
        return now() + late * (next(looks) % 2)

    resources = Resources(clock)
    async with resources.sampling():
        for seconds in (9.0, 2.0, 1.0):
            late = seconds
            await asyncio.sleep((LAG_SAMPLES // 2 + 5) * SAMPLE_SECONDS)
        assert resources.loop_lag(1.0) == pytest.approx(2.0)
        assert resources.loop_lag(0.25) == pytest.approx(1.0)


class Cuda:
    """The part of torch.cuda that is asked, for one card."""

    def __init__(self, initialized: bool) -> None:
        self._initialized = initialized

    def is_initialized(self) -> bool:
        return self._initialized

    def device_count(self) -> int:
        return 1

    def mem_get_info(self, index: int) -> tuple[int, int]:
        return 3_000, 10_000

    def get_device_name(self, index: int) -> str:
        return "a card"


def test_no_gpu_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert gpus() is None
    assert "torch" not in sys.modules


def test_a_gpu_that_nobody_uses_is_left_asleep(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = ModuleType("torch")
    torch.cuda = Cuda(initialized=False)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch", torch)
    assert gpus() is None


def test_a_gpu_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = ModuleType("torch")
    torch.cuda = Cuda(initialized=True)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.delitem(sys.modules, "pynvml", raising=False)
    [gpu] = gpus() or ()
    assert (gpu.name, gpu.memory_used, gpu.memory_total, gpu.utilisation) == ("a card", 7_000, 10_000, None)
