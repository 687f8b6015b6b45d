from __future__ import annotations

from collections.abc import AsyncGenerator

import numpy as np

from routers.http.telephone import LAW_TYPES, in_law
from stts.audio import g711
from stts.audio.wav import HEADER_BYTES, to_pcm
from stts.context import RequestContext
from stts.speech import RETRACTION, AudioChunk, AudioOutput
from tests.audio import decoded

PCM = to_pcm(np.linspace(-0.5, 0.5, 800, dtype=np.float32))


async def spoken(*chunks: AudioChunk, wav: bool = False) -> tuple[list[bytes], str]:
    context = RequestContext("tts")
    context.output_data.audio = AudioOutput("pcm", "audio/pcm", 8000, 1)

    async def source() -> AsyncGenerator[AudioChunk, None]:
        for chunk in chunks:
            yield chunk

    found = [chunk.data async for chunk in in_law(source(), "pcmu", context, wav=wav)]
    return found, context.output_data.audio.media_type


async def test_samples_as_they_are() -> None:
    found, media_type = await spoken(AudioChunk(PCM[:800], 0.05), AudioChunk(PCM[800:], 0.05))
    assert b"".join(found) == g711.encode("pcmu", np.frombuffer(PCM, np.int16))
    assert media_type == LAW_TYPES["pcmu"]


async def test_a_file_begins_once_and_anew_where_all_was_taken_back() -> None:
    found, media_type = await spoken(
        AudioChunk(PCM[:800], 0.05), RETRACTION, AudioChunk(PCM, 0.1), AudioChunk(PCM, 0.1), wav=True
    )
    file = b"".join(found[2:])
    assert media_type == "audio/wav" and len(file) == HEADER_BYTES + len(PCM)
    samples, rate = decoded(file)
    assert (len(samples), rate) == (len(PCM), 8000)
