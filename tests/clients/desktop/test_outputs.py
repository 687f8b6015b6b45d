"""One sound on several devices: each hears all of it once, and one that goes leaves the others alone."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from clients.desktop.sound.lane import STALL_SECONDS, Lane
from clients.desktop.sound.outputs import RATE, Lost, Outputs
from tests.clients.desktop.sounding import CABLE, EARS, OTHER, Clock, MemoryMachine

SOUND = bytes(range(1, 251)) * 200


async def test_both_hear_all_of_it_once() -> None:
    machine = MemoryMachine()
    outputs = Outputs(machine, no_loss)
    outputs.use([CABLE, EARS, CABLE])
    assert machine.open_now == [CABLE.id, EARS.id]
    outputs.begin()
    await outputs.write(SOUND)
    end = asyncio.create_task(outputs.finish())
    await asyncio.sleep(0)
    while not end.done():
        machine.play(0.5)
        await asyncio.sleep(0)
    for heard in machine.heard.values():
        assert heard.rstrip(b"\0") == SOUND
    assert outputs.heard >= len(SOUND) / 2 / RATE


async def test_devices_stay_open_while_they_are_chosen() -> None:
    machine = MemoryMachine()
    outputs = Outputs(machine, no_loss)
    outputs.use([CABLE, EARS])
    outputs.use([CABLE, OTHER])
    assert machine.open_now == [CABLE.id, OTHER.id]
    assert len(machine.opened) == 3
    outputs.use([CABLE, OTHER], rate=48_000)
    assert [each.rate for each in machine.opened if not each.closed] == [48_000, 48_000]
    outputs.close()
    assert machine.open_now == []


async def test_one_that_is_in_use_is_told_and_the_other_plays() -> None:
    machine, lost = MemoryMachine(in_use={CABLE.id}), list[Lost]()
    outputs = Outputs(machine, lost.append)
    outputs.use([CABLE, EARS])
    assert [each.device for each in lost] == [CABLE]
    assert outputs.devices == (EARS,)
    machine.in_use.clear()
    outputs.use([CABLE, EARS])
    assert set(outputs.devices) == {CABLE, EARS}


async def test_one_that_goes_in_the_middle_ends_nothing() -> None:
    machine, lost = MemoryMachine(), list[Lost]()
    outputs = Outputs(machine, lost.append)
    outputs.use([CABLE, EARS])
    await outputs.write(SOUND)
    end = asyncio.create_task(outputs.finish())
    await asyncio.sleep(0)
    machine.there.remove(CABLE)
    outputs.gone([CABLE.id, "Test:never seen"])
    while not end.done():
        machine.play(0.5)
        await asyncio.sleep(0)
    assert [each.device for each in lost] == [CABLE]
    assert machine.open_now == [EARS.id]
    assert machine.heard[EARS.id].rstrip(b"\0") == SOUND


async def test_a_device_that_takes_nothing_any_more_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, machine, lost = Clock(), MemoryMachine(), list[Lost]()
    outputs = Outputs(machine, lost.append, clock)
    outputs.use([CABLE])
    await outputs.write(SOUND)
    clock.now += STALL_SECONDS + 0.1
    monkeypatch.setattr("clients.desktop.sound.outputs.STALL_SECONDS", 0.0)  # looked at without waiting
    await outputs.finish()
    assert [each.device for each in lost] == [CABLE]
    outputs.use([CABLE])
    assert outputs.devices == (CABLE,)


async def test_what_is_stopped_is_heard_no_more() -> None:
    machine = MemoryMachine()
    outputs = Outputs(machine, no_loss)
    outputs.use([CABLE])
    await outputs.write(SOUND)
    outputs.begin()
    machine.play(0.1)
    assert not any(machine.heard[CABLE.id])
    assert outputs.delay is None


async def test_the_time_to_the_first_sound_is_known() -> None:
    clock, machine = Clock(), MemoryMachine()
    outputs = Outputs(machine, no_loss, clock)
    outputs.use([CABLE])
    outputs.begin()
    await outputs.write(SOUND)
    clock.now += 0.25
    machine.play(0.1)
    assert outputs.delay == 0.25


def test_a_lane_gives_silence_where_there_is_nothing() -> None:
    lane = Lane(RATE, Clock())
    lane.write(b"\1\2\3\4")
    assert lane.pull(3) == b"\1\2\3\4\0\0"
    assert (lane.left, lane.pull(1)) == (0.0, b"\0\0")


def no_loss(lost: Any) -> None:
    raise AssertionError(lost)
