"""Opus frames of a voice channel become sound, and the suite's ears make words of it."""

from __future__ import annotations

import io
from collections.abc import Sequence

import av
import httpx
import numpy as np

from benchmarks.server import Server
from stts.engine_api import Samples
from tests.audio import encoded
from tests.patience import PATIENCE

RATE = 48_000


def sound(frames: Sequence[bytes]) -> Samples:
    """Mono, as a person's client decodes the frames one after the other."""
    decoder = av.CodecContext.create("libopus", "r")
    decoder.sample_rate, decoder.layout = RATE, "mono"
    heard = [out.to_ndarray() for frame in frames for out in decoder.decode(av.Packet(frame))]
    # Channels lie one after the other in each sample: there is one of them.
    samples: Samples = np.concatenate([each[0] for each in heard]).astype(np.float32)
    return samples / np.float32(32_768 if heard[0].dtype == np.int16 else 1)


async def words(server: Server, frames: Sequence[bytes], language: str = "en") -> str:
    """In small letters."""
    file = encoded(sound(frames), "wav", RATE)
    async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as http:
        answer = await http.post(
            f"http://127.0.0.1:{server.port}/stt",
            files={"file": ("heard.wav", file, "audio/wav")},
            data={"language": language},
        )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["text"]).lower()


async def spoken(server: Server, text: str, **wishes: object) -> bytes:
    """The server's answer to a text: Ogg/Opus."""
    body = {"text": text, "format": "opus", "channels": 1, "sample_rate": RATE, "stream": False, **wishes}
    async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as http:
        answer = await http.post(f"http://127.0.0.1:{server.port}/tts", json=body)
    assert answer.status_code == 200, answer.text
    return answer.content


def packets(file: bytes) -> list[bytes]:
    """The Opus frames of an Ogg file."""
    with av.open(io.BytesIO(file), "r") as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]
