"""The audio of a caller, from packets: bounded where nobody takes it, whole where somebody does, then silence."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import av
import numpy as np

from routers.webrtc.microphone import KEPT_SECONDS, RATE, Microphone

FRAME = 960


@dataclass
class Sent:
    sequence_number: int
    timestamp: int
    payload: bytes


def packets(seconds: float) -> Iterator[Sent]:
    """A tone as a browser sends it: one packet each 20 ms."""
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = RATE, "mono", "s16"
    tone = (np.sin(np.arange(FRAME) * 0.05) * 8000).astype(np.int16)
    for number in range(round(seconds * 50)):
        frame = av.AudioFrame.from_ndarray(tone[np.newaxis], format="s16", layout="mono")
        frame.sample_rate = RATE
        yield Sent(number, number * FRAME, b"".join(bytes(packet) for packet in encoder.encode(frame)))


async def test_what_nobody_takes_is_bounded_and_the_newest_is_kept() -> None:
    microphone = Microphone()
    for packet in packets(KEPT_SECONDS * 3):
        microphone.add(packet)
    seconds = 0.0
    async for samples in microphone.audio(RATE):
        seconds += len(samples) / RATE
        microphone.close()
    assert KEPT_SECONDS - 0.1 <= seconds <= KEPT_SECONDS + 0.1
    assert not microphone.filled


async def test_what_comes_is_given_whole_and_a_track_that_stops_gives_silence() -> None:
    microphone = Microphone()
    heard: list[np.ndarray[tuple[int], np.dtype[np.float32]]] = []

    async def listen() -> None:
        async for samples in microphone.audio(16_000):
            heard.append(samples)
            if sum(map(len, heard)) >= 16_000 * 1.3:
                microphone.close()

    listening = asyncio.create_task(listen())
    for packet in packets(1.0):
        microphone.add(packet)
    await listening
    said = np.concatenate(heard)
    assert np.abs(said[1600:14_400]).max() > 0.1
    assert not said[-1600:].any()


async def test_a_lost_packet_is_filled_so_that_nothing_is_shorter() -> None:
    microphone = Microphone()
    sent = list(packets(0.4))
    for packet in (*sent[:10], *sent[12:]):
        microphone.add(packet)
    seconds = 0.0
    async for samples in microphone.audio(RATE):
        seconds += len(samples) / RATE
        if seconds >= 0.35:
            microphone.close()
    assert abs(microphone.filled - 0.04) < 0.001
