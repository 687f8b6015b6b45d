from __future__ import annotations

import asyncio
import sys

from stts.streams.flag import Flag


async def test_everybody_who_waits_goes_on_when_it_is_set() -> None:
    flag = Flag()
    waiting = [asyncio.create_task(flag.wait()) for _ in range(3)]
    await asyncio.sleep(0)
    assert not flag.is_set() and not any(task.done() for task in waiting)
    flag.set()
    flag.set()
    flag.clear()
    await asyncio.gather(*waiting)
    assert not flag.is_set()


async def test_nobody_waits_while_it_is_set() -> None:
    flag = Flag()
    flag.set()
    assert flag.is_set()
    await flag.wait()
    flag.clear()
    late = asyncio.create_task(flag.wait())
    await asyncio.sleep(0)
    assert not late.done()
    flag.set()
    await late


async def test_who_stops_waiting_is_forgotten() -> None:
    flag = Flag()
    impatient, patient = (asyncio.create_task(flag.wait()) for _ in range(2))
    await asyncio.sleep(0)
    impatient.cancel()
    flag.set()
    await asyncio.wait([impatient, patient])
    assert impatient.cancelled() and patient.done() and not patient.cancelled()
    assert not flag._waiting


def test_it_is_small() -> None:
    flag = Flag()
    assert sys.getsizeof(flag) + sys.getsizeof(flag._waiting) < 150
