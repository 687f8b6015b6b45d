"""How long Redis is waited for, by a loop that is idle, busy, or not let run."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event, Thread

import pytest

from stts.storage.redis.connection import CALL_SECONDS
from stts.storage.redis.round_trip import (
    LATELY_SECONDS,
    LOOK_SECONDS,
    RUN_DELAY,
    STARVED_SECONDS,
    STEP_SECONDS,
    Patience,
    run_delay,
)
from tests.virtual import now, pass_unnoticed, virtual

pytestmark = pytest.mark.unit


tells_run_delay = pytest.mark.skipif(not RUN_DELAY.exists(), reason="the system tells no run delay")


class Machine:
    """One that lets others run now and then."""

    def __init__(self) -> None:
        self.run_delay = 0.0

    def starve(self, seconds: float) -> None:
        pass_unnoticed(seconds)
        self.run_delay += seconds

    def patience(self) -> Patience:
        return Patience(lambda: self.run_delay)


async def held_up(by: Callable[[float], None], seconds: float) -> None:
    """Holds up the loop for so long, again and again."""
    while True:
        await asyncio.sleep(0)
        by(seconds)


@virtual
async def test_silence_is_borne_for_less_than_50_ms() -> None:
    began, silence = now(), asyncio.get_running_loop().create_future()
    assert not await Patience().ends(silence, CALL_SECONDS)
    assert 0.03 <= now() - began <= 0.05


@virtual
async def test_an_answer_may_be_later_by_what_the_machine_did_not_let_us_run() -> None:
    loop, machine = asyncio.get_running_loop(), Machine()
    answer = loop.create_future()
    loop.call_soon(machine.starve, 0.3)
    loop.call_at(now() + 0.6, answer.set_result, None)
    assert await machine.patience().ends(answer, CALL_SECONDS)


@virtual
async def test_a_machine_that_has_not_let_us_run_lately_may_not_let_redis_run_now() -> None:
    loop, machine = asyncio.get_running_loop(), Machine()
    patience, answers = machine.patience(), [loop.create_future() for _ in range(3)]
    loop.call_soon(machine.starve, 0.3)
    loop.call_soon(answers[0].set_result, None)
    assert await patience.ends(answers[0], CALL_SECONDS)
    loop.call_later(0.3, answers[1].set_result, None)
    assert await patience.ends(answers[1], CALL_SECONDS)
    await asyncio.sleep(LATELY_SECONDS)
    began = now()
    assert not await patience.ends(answers[2], CALL_SECONDS)
    assert now() - began <= 0.05


@virtual
async def test_a_rest_notices_it_too_and_lasts_no_longer() -> None:
    loop, machine = asyncio.get_running_loop(), Machine()
    patience, answer = machine.patience(), loop.create_future()
    loop.call_later(0.55, machine.starve, 0.3)
    await patience.rest(1.0)
    assert 1.0 <= now() <= 1.0 + STEP_SECONDS
    loop.call_later(0.25, answer.set_result, None)
    assert await patience.ends(answer, CALL_SECONDS)


@virtual
async def test_silence_is_not_borne_for_ever_on_a_machine_that_hardly_lets_us_run() -> None:
    began, silence, machine = now(), asyncio.get_running_loop().create_future(), Machine()
    starving = asyncio.create_task(held_up(machine.starve, 0.1))
    assert not await machine.patience().ends(silence, CALL_SECONDS)
    starving.cancel()
    # A look takes no more than three turns of this loop.
    assert STARVED_SECONDS < now() - began <= STARVED_SECONDS + 0.3 * (1 + 2 * CALL_SECONDS / LOOK_SECONDS)


@virtual
async def test_our_own_work_and_waits_for_the_interpreter_are_no_reason_to_wait_longer() -> None:
    silence, patience = asyncio.get_running_loop().create_future(), Machine().patience()
    working = asyncio.create_task(held_up(pass_unnoticed, 0.03))
    await patience.rest(2 * LATELY_SECONDS)
    working.cancel()
    began = now()
    assert not await patience.ends(silence, CALL_SECONDS)
    assert now() - began <= 0.05


@virtual
async def test_a_thread_that_makes_each_look_a_little_late_makes_the_wait_no_longer() -> None:
    silence, answer = (asyncio.get_running_loop().create_future() for _ in range(2))
    patience = Machine().patience()
    working = asyncio.create_task(held_up(pass_unnoticed, 0.002))
    began = now()
    assert not await patience.ends(silence, CALL_SECONDS)
    assert now() - began < 0.051
    # As many looks as it needs, however long they take.
    asyncio.get_running_loop().call_at(now() + 0.15, answer.set_result, None)
    asyncio.get_running_loop().call_soon(pass_unnoticed, 0.14)
    assert await patience.ends(answer, CALL_SECONDS)
    working.cancel()


@virtual
async def test_lapses_that_go_on_add_up_for_2_s_only() -> None:
    loop, machine, silence = asyncio.get_running_loop(), Machine(), asyncio.get_running_loop().create_future()
    patience, lapses, each = machine.patience(), 60, 0.15
    for number in range(lapses):
        loop.call_later(number + 1, machine.starve, each)
    await patience.rest(lapses + 0.5)
    began = now()
    assert not await patience.ends(silence, CALL_SECONDS)
    assert now() - began <= 0.05 + LATELY_SECONDS * each + LOOK_SECONDS


@virtual
async def test_what_was_before_it_looked_first_does_not_count() -> None:
    machine, silence = Machine(), asyncio.get_running_loop().create_future()
    machine.run_delay = 100.0
    patience = machine.patience()
    await patience.rest(1.0)
    began = now()
    assert not await patience.ends(silence, CALL_SECONDS)
    assert now() - began <= 0.05


@contextmanager
def beside(work: Callable[[], object]) -> Iterator[None]:
    """Another thread works meanwhile."""
    is_over = Event()

    def go_on() -> None:
        while not is_over.is_set():
            work()

    thread = Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


@tells_run_delay
def test_two_threads_on_one_processor_have_run_delay() -> None:
    block = bytes(1_000_000)

    def delay() -> float:
        # Of this thread, and those that it starts. A hash of much needs no lock of the interpreter.
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        with beside(lambda: hashlib.sha256(block)):
            began, before = time.thread_time(), run_delay()
            while time.thread_time() - began < 0.1:
                hashlib.sha256(block)
            return run_delay() - before

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(delay).result() > 0.02


@tells_run_delay
def test_waits_for_the_lock_of_the_interpreter_are_no_run_delay() -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(0.05)

    def is_delayed() -> bool:
        began, before = time.monotonic(), run_delay()
        time.sleep(0)
        took = time.monotonic() - began
        return took < 0.04 or run_delay() - before > took / 2

    try:
        with beside(lambda: sum(range(1000))):
            # A busy machine may delay some of them.
            assert not all(is_delayed() for _ in range(20))
    finally:
        sys.setswitchinterval(interval)


async def test_where_the_system_does_not_tell_nothing_is_added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stts.storage.redis.round_trip.RUN_DELAY", RUN_DELAY.with_name("absent"))
    assert run_delay() == 0.0
