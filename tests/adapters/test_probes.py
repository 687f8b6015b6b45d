"""Probes that follow a load, and end with it."""

from __future__ import annotations

import asyncio

import pytest

import adapters.probes
from adapters.probes import LoadProbes


async def test_a_probe_that_nothing_can_interrupt_is_not_waited_for_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(adapters.probes, "PROBE_DELAY_SECONDS", 0.0)
    monkeypatch.setattr(adapters.probes, "LEAVE_SECONDS", 0.0)
    at_work, released, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def stubborn(name: str) -> None:
        at_work.set()
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                continue
        ended.set()

    probes = LoadProbes(stubborn)
    probes.start("engine")
    await at_work.wait()
    await probes.end("engine")
    assert not ended.is_set()
    released.set()
    assert await probes.wait("engine")
    assert ended.is_set()


async def test_the_end_of_a_probe_is_waited_for() -> None:
    left = asyncio.Event()

    async def quick(name: str) -> None:
        left.set()

    probes = LoadProbes(quick)
    probes.start("engine")
    await probes.end("engine")
    assert not left.is_set() and not await probes.wait("engine")
