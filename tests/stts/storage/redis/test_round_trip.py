"""How long Redis is waited for, by a loop that is idle, busy, or not let run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from stts.storage.redis.connection import CALL_SECONDS
from stts.storage.redis.round_trip import LATELY_SECONDS, LOOK_SECONDS, STARVED_SECONDS, STEP_SECONDS, Patience
from tests.virtual import now, pass_unnoticed, virtual

pytestmark = pytest.mark.unit


def work(seconds: float) -> None:
    """Takes so long, by the clock of the loop and of the processor."""
    began = time.thread_time()
    while time.thread_time() - began < seconds:
        pass
    pass_unnoticed(time.thread_time() - began)


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
    loop = asyncio.get_running_loop()
    answer = loop.create_future()
    loop.call_soon(pass_unnoticed, 0.3)
    loop.call_at(now() + 0.6, answer.set_result, None)
    assert await Patience().ends(answer, CALL_SECONDS)


@virtual
async def test_a_machine_that_has_not_let_us_run_lately_may_not_let_redis_run_now() -> None:
    loop, patience = asyncio.get_running_loop(), Patience()
    answers = [loop.create_future() for _ in range(3)]
    loop.call_soon(pass_unnoticed, 0.3)
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
    loop, patience, answer = asyncio.get_running_loop(), Patience(), asyncio.get_running_loop().create_future()
    loop.call_later(0.55, pass_unnoticed, 0.3)
    await patience.rest(1.0)
    assert 1.0 <= now() <= 1.0 + STEP_SECONDS
    loop.call_later(0.25, answer.set_result, None)
    assert await patience.ends(answer, CALL_SECONDS)


@virtual
async def test_silence_is_not_borne_for_ever_on_a_machine_that_hardly_lets_us_run() -> None:
    began, silence = now(), asyncio.get_running_loop().create_future()
    starving = asyncio.create_task(held_up(pass_unnoticed, 0.1))
    assert not await Patience().ends(silence, CALL_SECONDS)
    starving.cancel()
    # A look takes no more than three turns of this loop.
    assert STARVED_SECONDS < now() - began <= STARVED_SECONDS + 0.3 * (1 + 2 * CALL_SECONDS / LOOK_SECONDS)


@virtual
async def test_our_own_work_is_no_reason_to_wait_longer() -> None:
    began, silence = now(), asyncio.get_running_loop().create_future()
    working = asyncio.create_task(held_up(work, 0.012))
    assert not await Patience().ends(silence, CALL_SECONDS)
    working.cancel()
    assert now() - began < STARVED_SECONDS
