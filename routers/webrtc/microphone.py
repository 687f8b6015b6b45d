"""The audio of a caller: packets of its track in, samples out, in order and without holes.

What is lost is filled: the sound before it goes on and fades, so that neither words nor pauses grow shorter. Where
nothing comes any more, as from a track that was taken away, silence does, so that what was said has an end.
"""

from __future__ import annotations

import asyncio
import fractions
from collections import deque
from collections.abc import AsyncGenerator
from typing import Any, Protocol

import av
import numpy as np
from av.packet import Packet

from routers.webrtc.packets import PacketOrder
from stts.audio.resample import Resampler
from stts.engine_api import Samples

RATE = 48_000
"""Hz."""
FULL_SCALE = 32_768
REPEATED_SECONDS = 0.06
"""Sound before a hole that goes on in it."""
HOLE_SECONDS = 2.0
"""Longest hole that is filled; beyond it the time stamps of the caller have changed."""
SILENT_SECONDS = 0.2
"""Time without a packet from which on silence is given."""
STEP_SECONDS = 0.1
KEPT_SECONDS = 5.0
"""Audio that waits for whoever transcribes; older audio goes."""


class RtpPacket(Protocol):
    sequence_number: int
    timestamp: int
    payload: bytes


class Microphone:
    """Stands where the transport has its jitter buffer: whatever that would hold back is taken at once.

    One reader; `close` ends its audio.
    """

    def __init__(self) -> None:
        self._order: PacketOrder[RtpPacket] = PacketOrder()
        self._decoder = av.CodecContext.create("libopus", "r")
        self._decoder.layout, self._decoder.format, self._decoder.sample_rate = "mono", "s16", RATE
        self._loop = asyncio.get_running_loop()
        self._ready: deque[Samples] = deque()
        self._held = 0
        """Samples that wait."""
        self._expected: int | None = None
        """Time stamp of the next packet if nothing is lost."""
        self._silenced = 0
        """Samples of silence given since the last packet."""
        self._before = np.zeros(0, np.float32)
        """The end of what was decoded last."""
        self._last = self._loop.time()
        self._closed = False
        self._changed = asyncio.Event()
        self.packets = 0
        self.filled = 0.0
        """Seconds that were lost and filled."""

    def add(self, packet: RtpPacket) -> tuple[bool, None]:
        """Takes a packet as it comes. Returns that no picture is missing, and no frame: the transport decodes none."""
        if packet.payload and not self._closed:
            self.packets += 1
            self._last = self._loop.time()
            self._decode_all(self._order.push(packet.sequence_number, packet, self._last))
        return False, None

    async def audio(self, rate: int) -> AsyncGenerator[Samples, None]:
        """Mono float32 at this rate, as it comes, until it is closed."""
        resampler = Resampler(RATE, rate)
        await resampler.ready()
        try:
            while not self._closed:
                if not self._ready:
                    await self._more()
                if self._ready:
                    heard = np.concatenate(self._ready)
                    self._ready.clear()
                    self._held = 0
                    samples = resampler.push(heard)
                    if len(samples):
                        yield samples
        finally:
            # It has threads, which would else be there until somebody collects what a call leaves.
            resampler.finish()

    def close(self) -> None:
        self._closed = True
        self._ready.clear()
        self._changed.set()

    async def _more(self) -> None:
        """Waits for audio, for the end of a gap, or until there has been none for so long that silence is given."""
        gap = self._order.waits_until
        until = gap if gap is not None else self._last + SILENT_SECONDS
        self._changed.clear()
        try:
            async with asyncio.timeout_at(until):
                await self._changed.wait()
        except TimeoutError:
            now = self._loop.time()
            if gap is not None:
                self._decode_all(self._order.due(now))
            elif self.packets:
                self._silence(now)
            else:
                self._last = now

    def _silence(self, now: float) -> None:
        count = round(RATE * STEP_SECONDS)
        self._silenced += count
        self._keep(np.zeros(count, np.float32))
        self._last = max(self._last + STEP_SECONDS, now - SILENT_SECONDS)

    def _decode_all(self, packets: list[RtpPacket]) -> None:
        for packet in packets:
            try:
                samples = self._decode(packet)
            except av.FFmpegError:
                continue
            self._fill(packet.timestamp)
            self._expected = (packet.timestamp + len(samples)) % 2**32
            self._silenced = 0
            self._before = samples
            self._keep(samples)

    def _decode(self, packet: RtpPacket) -> Samples:
        opus: Packet[Any] = Packet(packet.payload)
        opus.pts, opus.time_base = packet.timestamp, fractions.Fraction(1, RATE)
        pieces = [frame.to_ndarray()[0] for frame in self._decoder.decode(opus)]
        data = np.concatenate(pieces) if pieces else np.zeros(0, np.int16)
        return data.astype(np.float32) / np.float32(FULL_SCALE)

    def _fill(self, timestamp: int) -> None:
        """Fills what lies between the last packet and this one."""
        if self._expected is None:
            return
        hole = (timestamp - self._expected + 2**31) % 2**32 - 2**31 - self._silenced
        if not 0 < hole <= HOLE_SECONDS * RATE:
            return
        filling = np.zeros(hole, np.float32)
        length = min(hole, len(self._before) * 3, round(REPEATED_SECONDS * RATE))
        if length:
            fade = np.linspace(1.0, 0.0, length, dtype=np.float32)
            filling[:length] = np.resize(self._before, length) * fade
        self.filled += hole / RATE
        self._keep(filling)

    def _keep(self, samples: Samples) -> None:
        self._ready.append(samples)
        self._held += len(samples)
        while self._held > KEPT_SECONDS * RATE:
            self._held -= len(self._ready.popleft())
        self._changed.set()
