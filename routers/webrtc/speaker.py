"""The track that a caller hears: one frame each 20 ms, of what a session says or of silence.

Frames are encoded here, on the event loop, in a third of a millisecond: the transport would do it in the threads that
all blocking work shares, where a frame can wait behind a file. Silence is encoded once.
"""

from __future__ import annotations

import asyncio
import fractions
from typing import Any

import av
import numpy as np
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av.audio.codeccontext import AudioCodecContext
from av.packet import Packet

from routers.webrtc.backlog import FRAME, FRAME_SECONDS, RATE, Backlog
from stts.engine_api import Samples

TICKS = 48_000
"""Hz of Opus' time stamps, whatever rate is encoded."""
BIT_RATE = 40_000
SETTLED_FRAMES = 5
"""Silent frames after which the encoder gives the same packet for each."""
LATE_SECONDS = 0.2
"""Lateness from which on frames are left out: the loop stood still, and the listener must not be behind for ever."""


class Speaker(MediaStreamTrack):
    kind = "audio"

    def __init__(self, backlog: Backlog) -> None:
        super().__init__()
        self._backlog = backlog
        self._encoder: AudioCodecContext | None = _encoder()
        self._clock = asyncio.get_running_loop().time
        self._began: float | None = None
        self._frames = 0
        """Frames since it began, those left out too."""
        self._silent = 0
        """Silent frames in a row."""
        self._silence = b""

    async def recv(self) -> Packet[Any]:
        """The next frame, when its time has come."""
        if self._encoder is None:
            raise MediaStreamError
        now = self._clock()
        if self._began is None:
            self._began = now
        due = self._began + self._frames * FRAME_SECONDS
        if due > now:
            await asyncio.sleep(due - now)
        elif now - due > LATE_SECONDS:
            self._frames += round((now - due) / FRAME_SECONDS)
        if self._encoder is None:
            raise MediaStreamError
        packet: Packet[Any] = Packet(self._encoded(self._encoder, self._backlog.take()))
        packet.pts = self._frames * round(TICKS * FRAME_SECONDS)
        packet.time_base = fractions.Fraction(1, TICKS)
        self._frames += 1
        return packet

    def stop(self) -> None:
        """Frees the encoder, which has a thread for each core, before somebody collects what a call leaves."""
        super().stop()
        self._encoder = None

    def _encoded(self, encoder: AudioCodecContext, frame: Samples) -> bytes:
        self._silent = 0 if frame.any() else self._silent + 1
        if self._silent > SETTLED_FRAMES and self._silence:
            return self._silence
        audio = av.AudioFrame.from_ndarray(frame[np.newaxis], format="flt", layout="mono")
        audio.sample_rate = RATE
        data = b"".join(bytes(packet) for packet in encoder.encode(audio))
        if self._silent == SETTLED_FRAMES:
            self._silence = data
        return data


def _encoder() -> AudioCodecContext:
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = RATE, "mono", "flt"
    encoder.bit_rate = BIT_RATE
    encoder.time_base = fractions.Fraction(1, RATE)
    # Listeners that can repair a lost packet from the one behind it.
    encoder.options = {"application": "voip", "frame_duration": "20", "fec": "1", "packet_loss": "5"}
    assert FRAME == RATE // 50
    return encoder
