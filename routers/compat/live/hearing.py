"""The hearing of a Live session: audio of its client, on the timeline, or silence where that is muted."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from routers.compat.live.timeline import InputPlaces, Timeline
from stts.conversation.session import ConversationSession
from stts.engine_api import STT_SAMPLE_RATE, Samples
from stts.vad.rules import TurnRules

SPARE_SECONDS = 0.2
SILENCE_SECONDS = 0.25
"""Silence is put behind what came in pieces of so much: all that a pause needs at once is 200 KB a session."""
SILENCE: Samples = np.zeros(round(SILENCE_SECONDS * STT_SAMPLE_RATE), np.float32)
SILENCE.setflags(write=False)
GAP_MS = 1000
"""Input that has stopped for so long is silence: who spoke has finished."""


class Hearing:
    def __init__(
        self, core: ConversationSession, timeline: Timeline, places: InputPlaces, on_audio: Callable[[Samples], None]
    ) -> None:
        """`on_audio` gets all that comes, muted or not."""
        self._core, self._timeline, self._places, self._on_audio = core, timeline, places, on_audio
        self.muted = False
        """The client wants it so."""
        self.covered = False
        """A fixture plays, and nothing is heard meanwhile."""
        self._given = 0
        """Samples."""
        self._last_ms = 0
        self._waiting = 0
        """Pieces of audio that wait until something is looked at: they have come, whatever the time."""
        self._ended = True
        """Since the last audio silence was put behind it."""

    async def hear(self, samples: Samples) -> None:
        """Takes audio, mono float32 at 16 kHz. Waits while too much is unheard."""
        if not len(samples):
            return
        self._on_audio(samples)
        if self.muted or self.covered:
            samples = np.zeros_like(samples)
        self._ended = False
        self._waiting += 1
        try:
            await self._put(samples, len(samples) / STT_SAMPLE_RATE)
        finally:
            self._waiting -= 1
            self._last_ms = self._timeline.now

    async def end_turn(self) -> None:
        """Takes what is half said for all that was to be said."""
        if self._ended:
            return
        self._ended = True
        rules = self._core.config.turns or TurnRules()
        seconds = max(rules.silence, rules.longest_silence) + SPARE_SECONDS
        for _ in range(math.ceil(seconds / SILENCE_SECONDS)):
            await self._put(SILENCE)

    @property
    def stopped(self) -> bool:
        """The client sends nothing any more, without having said so."""
        return not self._ended and not self._waiting and self._timeline.now - self._last_ms > GAP_MS

    async def _put(self, samples: Samples, seconds: float = 0.0) -> None:
        """`seconds`: how much of it has come; none of silence that is put behind what came."""
        self._given += len(samples)
        self._places.came(self._given / STT_SAMPLE_RATE, self._timeline.now, seconds)
        await self._core.hear(samples)
