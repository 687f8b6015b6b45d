"""The output of a Live session in the time of its playback: a frame each time that one is due, speech or silence."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from routers.compat.live.link import OutputFrame
from routers.compat.live.timeline import Timeline
from stts.conversation.continuous import ContinuousOutput, Mixed

FRAME_MS = 100
SPOKEN_MS = 50
"""Frames with speech, or just before it, are shorter: it begins and ends sooner."""
EARLY_SECONDS = 0.001
"""A frame may go so much before its time: clocks are no finer."""


class OutputClock:
    """Gives each frame to `on_frame` when it is due: its start on the timeline. What was late is made up for."""

    def __init__(
        self,
        mixer: ContinuousOutput,
        timeline: Timeline,
        on_frame: Callable[[OutputFrame, Mixed], None],
        expects: Callable[[], bool] = lambda: False,
    ) -> None:
        """`expects`: speech is being made."""
        self._mixer, self._timeline, self._on_frame, self._expects = mixer, timeline, on_frame, expects
        self._sent_ms = 0

    async def run(self) -> None:
        while True:
            wait = self._sent_ms / 1000 - self._timeline.seconds
            await asyncio.sleep(max(wait, 0.0))
            if wait <= EARLY_SECONDS:
                self._next()

    def _next(self) -> None:
        start = self._sent_ms
        # Speech begins at any frame; silence is told in whole ones.
        silent = self._mixer.idle and not self._expects()
        length = FRAME_MS if silent and start % FRAME_MS == 0 else SPOKEN_MS
        mixed = self._mixer.take(length)
        self._sent_ms = start + length
        self._on_frame(OutputFrame(mixed.pcm, mixed.silent, start, self._sent_ms), mixed)
