"""Devices that come and go, as events."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from clients.desktop.sound.device import Device, Machine, SoundFailed

LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class DevicesChanged:
    devices: tuple[Device, ...]
    gone: tuple[Device, ...]
    come: tuple[Device, ...]
    problem: str = ""
    """Why there are none."""


def difference(before: tuple[Device, ...], now: tuple[Device, ...]) -> DevicesChanged | None:
    """None where all are as they were, with their names and the default one."""
    if before == now:
        return None
    old, new = {device.id for device in before}, {device.id for device in now}
    gone = tuple(device for device in before if device.id not in new)
    come = tuple(device for device in now if device.id not in old)
    return DevicesChanged(now, gone, come)


async def watch(
    machine: Machine,
    tell: Callable[[DevicesChanged], None],
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Tells what there is, and then each change, until it is cancelled."""
    before: tuple[Device, ...] | None = None
    problem = ""
    while True:
        try:
            now = await asyncio.to_thread(machine.devices)
            told = ""
        except SoundFailed as failed:
            now, told = (), failed.sentence
        if before is None or told != problem:
            # What is there from the start has not come.
            changed = difference(now if before is None else before, now) or DevicesChanged(now, (), ())
            tell(DevicesChanged(changed.devices, changed.gone, changed.come, told))
        elif changes := difference(before, now):
            tell(changes)
        before, problem = now, told
        await pause(LOOK_SECONDS)
