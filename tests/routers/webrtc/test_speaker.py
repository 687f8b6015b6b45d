"""The track that a caller hears: on time, and never behind for long after the loop stood still."""

from __future__ import annotations

from collections.abc import AsyncIterator

import numpy as np
import pytest
from aiortc.mediastreams import MediaStreamError

from routers.webrtc.backlog import RATE, Backlog
from routers.webrtc.speaker import LATE_SECONDS, Speaker

FRAME_TICKS = 960


class Clock:
    """Time goes on as a test says."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def heard() -> AsyncIterator[tuple[Speaker, Backlog, Clock]]:
    backlog, clock = Backlog(), Clock()
    speaker = Speaker(backlog)
    speaker._clock = clock
    yield speaker, backlog, clock
    speaker.stop()


async def test_a_frame_for_each_20_ms(heard: tuple[Speaker, Backlog, Clock]) -> None:
    speaker, _, clock = heard
    for number in range(10):
        packet = await speaker.recv()
        assert packet.pts == number * FRAME_TICKS
        clock.now += 0.02


async def test_frames_are_left_out_after_a_standstill_and_not_after_a_little_lateness(
    heard: tuple[Speaker, Backlog, Clock],
) -> None:
    speaker, _, clock = heard
    await speaker.recv()
    clock.now += LATE_SECONDS
    assert (await speaker.recv()).pts == FRAME_TICKS
    clock.now += 1.0
    late = await speaker.recv()
    assert late.pts == pytest.approx((1.0 + LATE_SECONDS) / 0.02 * FRAME_TICKS, abs=FRAME_TICKS)
    assert late.pts is not None
    clock.now += 0.02
    assert (await speaker.recv()).pts == late.pts + FRAME_TICKS


async def test_silence_is_encoded_once_and_speech_is_not_silence(heard: tuple[Speaker, Backlog, Clock]) -> None:
    speaker, backlog, clock = heard
    packets = []
    for _ in range(12):
        packets.append(bytes(await speaker.recv()))
        clock.now += 0.02
    assert len(set(packets[6:])) == 1
    await backlog.put(np.sin(np.arange(RATE // 10) * 0.1, dtype=np.float32))
    assert bytes(await speaker.recv()) != packets[-1]


async def test_one_that_was_stopped_gives_nothing_more(heard: tuple[Speaker, Backlog, Clock]) -> None:
    speaker, _, _ = heard
    await speaker.recv()
    speaker.stop()
    with pytest.raises(MediaStreamError):
        await speaker.recv()
