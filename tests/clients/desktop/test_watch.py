"""Devices that come and go are told once."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from clients.desktop.sound.watch import DevicesChanged, watch
from tests.clients.desktop.sounding import CABLE, EARS, OTHER, MemoryMachine


async def test_each_change_is_told_once() -> None:
    machine, told = MemoryMachine(there=[CABLE, EARS]), list[DevicesChanged]()
    steps = iter(
        (
            lambda: None,
            lambda: machine.there.remove(CABLE),
            lambda: machine.there.append(replace(CABLE, name="Cable again")),
            lambda: setattr(machine, "silent", "No sound."),
            lambda: setattr(machine, "silent", ""),
            lambda: machine.there.append(OTHER),
        )
    )

    async def pause(_: float) -> None:
        if (step := next(steps, None)) is None:
            raise asyncio.CancelledError
        step()

    task = asyncio.create_task(watch(machine, told.append, pause))
    await asyncio.wait([task])
    assert task.cancelled()
    assert [(len(each.devices), len(each.gone), len(each.come), each.problem) for each in told] == [
        (2, 0, 0, ""),
        (1, 1, 0, ""),
        (2, 0, 1, ""),
        (0, 2, 0, "No sound."),
        (2, 0, 2, ""),
        (3, 0, 1, ""),
    ]
