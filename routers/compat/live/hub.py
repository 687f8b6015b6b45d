"""The sidebands of a Live session: each is told what the primary client is, and hears both sides at 24 kHz."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from pybase64 import b64encode

from routers.compat.live.fixture import FULL_SCALE, RATE, to_pcm
from routers.compat.live.link import OutputFrame
from routers.compat.live.outgoing import Event, Outgoing
from stts.audio.resample import Resampler
from stts.engine_api import STT_SAMPLE_RATE, Samples
from stts.errors import Conflict


class Hub:
    """Costs next to nothing while nobody is attached."""

    def __init__(self, rate: int, most: Callable[[], int]) -> None:
        """`rate`: Hz of the output. `most`: sidebands at once."""
        self._rate, self._most = rate, most
        self._sidebands: set[Outgoing] = set()
        self._heard: Resampler | None = None
        self._said: Resampler | None = None
        self._last: Event | None = None
        """The last event, once the session is over."""

    def __len__(self) -> int:
        return len(self._sidebands)

    async def attach(self, sideband: Outgoing) -> None:
        """Raises Conflict where there are as many as may be. To one that comes too late only the end is told."""
        if self._last is not None:
            sideband.tell(self._last)
            sideband.close()
            return
        if len(self._sidebands) >= self._most():
            raise Conflict(f"{self._most()} connections are attached to this session.")
        if not self._sidebands:
            self._heard, self._said = Resampler(STT_SAMPLE_RATE, RATE), Resampler(self._rate, RATE)
        self._sidebands.add(sideband)
        for resampler in (self._heard, self._said):
            if resampler is not None:
                await resampler.ready()

    def detach(self, sideband: Outgoing) -> None:
        self._sidebands.discard(sideband)
        if not self._sidebands:
            self._heard = self._said = None

    def tell(self, event: Event) -> None:
        for sideband in self._sidebands:
            sideband.tell(event)

    def heard(self, samples: Samples) -> None:
        """Reflects input, mono float32 at 16 kHz, as it came: a mute is for the session alone."""
        if self._sidebands and self._heard is not None:
            audio = b64encode(to_pcm(self._heard.push(samples))).decode()
            self.tell({"type": "session.input_audio.append", "audio": audio})

    def said(self, frame: OutputFrame) -> None:
        """Reflects a frame of the output."""
        if self._sidebands and self._said is not None:
            pcm = frame.pcm
            if self._rate != RATE:
                samples = np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(FULL_SCALE)
                pcm = to_pcm(self._said.push(samples))
            reflected = OutputFrame(pcm, frame.silent, frame.start_ms, frame.end_ms)
            for sideband in self._sidebands:
                sideband.play(reflected)

    def interrupted(self) -> None:
        for sideband in self._sidebands:
            sideband.interrupted()

    def close(self, event: Event) -> None:
        """The session is over: `event` is the last one."""
        self._last = event
        self.tell(event)
        for sideband in self._sidebands:
            sideband.close()
        self._sidebands.clear()
