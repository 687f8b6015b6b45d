"""The backlog of a track: bounded, never a click, and its gaps counted."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from routers.webrtc.backlog import FADE, FRAME, MOST_SECONDS, RATE, Backlog
from stts.engine_api import Samples


def loud(count: int) -> Samples:
    return np.full(count, 0.5, np.float32)


async def test_frames_are_what_was_put_in_and_silence_behind_it() -> None:
    backlog = Backlog()
    await backlog.put(loud(FRAME + FRAME // 2))
    backlog.end()
    assert (backlog.take() == 0.5).all()
    last = backlog.take()
    assert (last[: FRAME // 2] == 0.5).all() and last[-1] == 0.0
    assert not backlog.take().any()
    assert (backlog.counts.spoken, backlog.counts.starved) == (0, 0)


async def test_a_gap_in_speech_is_faded_into_and_counted() -> None:
    backlog = Backlog()
    await backlog.put(loud(FRAME))
    backlog.take()
    gap = backlog.take()
    assert np.abs(np.diff(gap, prepend=0.5)).max() <= 0.5 / (FADE - 1) + 1e-6 and not gap[FADE:].any()
    assert (backlog.counts.spoken, backlog.counts.starved) == (2, 1)
    assert not backlog.take().any()


async def test_silence_between_replies_is_no_gap() -> None:
    backlog = Backlog()
    for _ in range(5):
        assert not backlog.take().any()
    assert backlog.counts.spoken == 0


async def test_whoever_brings_more_than_may_wait_is_held_up() -> None:
    backlog = Backlog()
    await backlog.put(loud(round(MOST_SECONDS * RATE)))
    await backlog.put(loud(FRAME))
    putting = asyncio.create_task(backlog.put(loud(FRAME)))
    await asyncio.sleep(0)
    assert not putting.done()
    backlog.take()
    await putting
    assert backlog.seconds <= MOST_SECONDS + 0.04


async def test_an_interruption_leaves_a_fade_of_ten_milliseconds() -> None:
    backlog = Backlog()
    await backlog.put(loud(3 * FRAME))
    backlog.take()
    backlog.interrupt()
    frame = backlog.take()
    assert np.abs(np.diff(frame, prepend=0.5)).max() < 0.5 / (FADE - 2)
    assert not frame[FADE:].any() and not backlog.take().any()


async def test_it_is_drained_when_all_is_taken_and_no_more_comes() -> None:
    backlog = Backlog()
    await backlog.put(loud(FRAME))
    draining = asyncio.create_task(backlog.drained())
    await asyncio.sleep(0)
    backlog.take()
    await asyncio.sleep(0)
    assert not draining.done()
    backlog.end()
    await draining


@pytest.mark.parametrize("count", [0, 10 * RATE])
async def test_nothing_waits_where_nobody_listens(count: int) -> None:
    backlog = Backlog(is_heard=False)
    await backlog.put(loud(count))
    assert backlog.seconds == 0.0
    await backlog.drained()
