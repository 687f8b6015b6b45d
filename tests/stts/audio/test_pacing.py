from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stts.audio.pacing import EARLY_SECONDS, FRAME_SECONDS, PacedSender, Pacer
from tests.virtual import now, virtual

AHEAD = 0.3


def test_the_first_audio_goes_at_once_and_then_no_more_than_allowed() -> None:
    pacer = Pacer(AHEAD)
    assert pacer.due(10.0) == 0
    pacer.sent(0.2, 10.0)
    assert pacer.due(10.0) == 0
    pacer.sent(0.2, 10.0)
    assert pacer.due(10.0) == pytest.approx(0.1)
    assert pacer.due(10.1) == pytest.approx(0)


def test_with_its_length_not_even_the_end_is_too_far_ahead() -> None:
    pacer = Pacer(AHEAD)
    pacer.sent(0.2, 0.0)
    assert pacer.due(0.0, 0.1) == pytest.approx(0)
    assert pacer.due(0.0, 0.15) == pytest.approx(0.05)
    assert pacer.due(0.0, 5.0) == pytest.approx(0.2)


def test_what_was_heard_follows_the_clock() -> None:
    pacer = Pacer(AHEAD)
    assert pacer.played(5.0) == 0
    pacer.sent(1.0, 5.0)
    assert pacer.played(5.4) == pytest.approx(0.4)
    assert pacer.played(9.0) == pytest.approx(1.0)


def test_a_late_stream_is_not_made_up_for() -> None:
    pacer = Pacer(AHEAD)
    pacer.sent(0.1, 0.0)
    pacer.sent(0.1, 60.0)
    assert pacer.played(60.05) == pytest.approx(0.15)
    pacer.sent(0.3, 60.0)
    assert pacer.due(60.0) == pytest.approx(0.1)


@given(st.lists(st.tuples(st.floats(0, 2), st.floats(0.001, 1))))
def test_never_more_than_allowed_is_on_its_way(steps: list[tuple[float, float]]) -> None:
    """An honest sender, now punctual, now late, whatever the lengths."""
    pacer = Pacer(AHEAD)
    now = total = 0.0
    for pause, seconds in steps:
        now += pause
        now += pacer.due(now, seconds)
        pacer.sent(seconds, now)
        total += seconds
        assert total - pacer.played(now) <= max(AHEAD, seconds) + 1e-6
        assert -1e-6 <= pacer.played(now) <= total


async def send(sender: PacedSender, frames: int) -> None:
    for _ in range(frames):
        await sender.wait_for_room(FRAME_SECONDS)
        sender.sent(FRAME_SECONDS)


@virtual
async def test_audio_is_sent_a_little_ahead_of_its_playback() -> None:
    sender, begun = PacedSender(AHEAD, now), now()
    await send(sender, 100)
    assert now() - begun == pytest.approx(100 * FRAME_SECONDS - AHEAD, abs=2 * EARLY_SECONDS)
    assert sender.played == pytest.approx(now() - begun)


@virtual
async def test_what_is_not_paced_goes_at_once_and_counts_as_played() -> None:
    sender, begun = PacedSender(None, now), now()
    await send(sender, 100)
    assert now() == begun and sender.played == pytest.approx(100 * FRAME_SECONDS)
    assert not sender.paced


@virtual
async def test_a_restart_ends_a_wait() -> None:
    sender = PacedSender(AHEAD, now)
    sender.sent(60.0)
    waiting = asyncio.create_task(sender.wait_for_room(FRAME_SECONDS))
    await asyncio.sleep(1.0)
    assert sender.played == pytest.approx(1.0)
    sender.restart()
    assert sender.played == 0.0
    await sender.wait_for_room(FRAME_SECONDS)
    waiting.cancel()
