"""How audio is answered, whatever the dialect: as it is made, or whole with its length."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.types import Send

from middleware.timing import server_timing
from routers.answer import Answer, stream_answer
from routers.operation import speech_headers
from routers.spool import Spool
from stts.audio.wav import HEADER_BYTES, sized_header
from stts.context import RequestContext
from stts.types import AudioChunk


def streamed_speech(chunks: AsyncGenerator[AudioChunk, None], context: RequestContext) -> Answer:
    """Each chunk as it is made; one file when joined."""

    def headers() -> dict[str, str]:
        return {**speech_headers(context), "server-timing": server_timing(context, collected=False)}

    return stream_answer(_data(chunks), headers)


def collected_speech(chunks: AsyncGenerator[AudioChunk, None], context: RequestContext) -> Answer:
    """All of it with its length, in the header of a WAV file too."""

    async def respond(send: Send) -> None:
        async with Spool() as spool:
            async with aclosing(chunks):
                async for chunk in chunks:
                    await spool.write(chunk.data)
            if (header := final_header(context, spool.size)) is not None:
                await spool.replace_start(header)
            headers = {
                **speech_headers(context),
                "server-timing": server_timing(context, collected=True),
                "content-length": str(spool.size),
                "x-audio-duration": f"{context.metrics['audio_seconds']:.3f}",
            }
            await stream_answer(spool.chunks(), lambda: headers).respond(send)

    return Answer(respond)


def final_header(context: RequestContext, size: int) -> bytes | None:
    """What the first bytes of the file are once its size in bytes is known; None where they stay as they are."""
    output = context.output_data
    if output["format"] != "wav":
        return None
    return sized_header(output["sample_rate"], output["channels"], size - HEADER_BYTES)


async def _data(chunks: AsyncGenerator[AudioChunk, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(chunks):
        async for chunk in chunks:
            yield chunk.data
