"""Speech in the 8 bits a sample of telephones (G.711)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace

import numpy as np

from stts.audio.g711 import Law, encode
from stts.audio.wav import raw_header
from stts.context import RequestContext
from stts.speech import AudioChunk

LAW_TYPES: Mapping[Law, str] = {"pcmu": "audio/basic", "pcma": "audio/x-alaw-basic"}


async def in_law(
    chunks: AsyncGenerator[AudioChunk, None], law: Law, context: RequestContext, *, wav: bool = False
) -> AsyncGenerator[AudioChunk, None]:
    """The same `pcm` speech in 8 bits a sample; `wav`: as a file. The headers of the answer are made from the context,
    which is told."""
    begun = False
    async with aclosing(chunks):
        async for chunk in chunks:
            if (audio := context.output_data.audio) is not None:
                context.output_data.audio = replace(audio, media_type="audio/wav" if wav else LAW_TYPES[law])
            data = encode(law, np.frombuffer(chunk.data, np.int16))
            if wav and audio is not None and not begun:
                data = raw_header(law, audio.sample_rate, audio.channels) + data
            # What follows a retraction is a file of its own.
            begun = not chunk.retracts and (begun or bool(chunk.data))
            yield replace(chunk, data=data)
