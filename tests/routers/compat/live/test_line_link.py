"""Output of a session on the track of a call: speech alone is put there, for the track is silent by itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from routers.compat.live.line_link import CUSHION_SECONDS, LineLink
from routers.compat.live.link import OutputFrame
from routers.webrtc.backlog import FADE, RATE, Backlog
from stts.errors import InvalidParameter

PCM = np.full(RATE // 20, 8000, "<i2").tobytes()


def line() -> tuple[LineLink, Backlog]:
    backlog = Backlog()
    socket: Any = None
    return LineLink(socket, cast(Any, SimpleNamespace(backlog=backlog))), backlog


def spoken(start: int) -> OutputFrame:
    return OutputFrame(PCM, False, start, start + 50)


async def test_speech_has_a_cushion_before_it_so_that_a_late_frame_is_no_gap() -> None:
    link, backlog = line()
    await link.play(OutputFrame(bytes(len(PCM)), True, 0, 50))
    assert not backlog.seconds
    await link.play(spoken(50))
    assert backlog.seconds == pytest.approx(CUSHION_SECONDS + 0.05)
    assert not backlog.take().any()
    await link.play(spoken(100))
    assert backlog.seconds == pytest.approx(CUSHION_SECONDS + 0.08)
    await link.play(OutputFrame(bytes(len(PCM)), True, 150, 200))
    assert not backlog.speaking


async def test_an_interruption_leaves_a_fade_at_most() -> None:
    link, backlog = line()
    await link.play(spoken(0))
    link.interrupted()
    assert backlog.seconds <= FADE / RATE
    assert not backlog.speaking


async def test_audio_comes_by_the_track_alone() -> None:
    link, _ = line()
    with pytest.raises(InvalidParameter, match="track"):
        link.decode(b"\x00\x00")
