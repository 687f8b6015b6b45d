"""Audio answers of every dialect: streamed, whole with Content-Length, or whichever suits the length."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from starlette.types import Send

from middleware.stages.timing import server_timing
from routers.http.answer import Answer, Headers, send_sized, send_whole, stream_answer
from routers.http.lookahead import Lookahead
from routers.http.operation import speech_headers
from routers.http.spool import Spool
from stts.context import RequestContext
from stts.speech import AudioChunk
from stts.streams.hold import Hold

WHOLE_CHARACTERS = 2000
"""Longer texts are not waited for on an engine whose pace is not known yet."""

Chunks = AsyncGenerator[AudioChunk, None]


def speech_answer(
    chunks: Chunks,
    context: RequestContext,
    *,
    stream: bool | None,
    whole_seconds: float,
    own_headers: Headers = dict,
) -> Answer:
    """Answers as the request says; by default whole if all is made within `whole_seconds` of the first audio.

    An answer that short is heard hardly sooner as a stream, and most programs that keep a file want to know its length.
    `pcm` is no file: who asks for it plays it as it comes. `own_headers`: of a dialect, in place of the usual ones.
    """
    if stream or (stream is None and context.input_data.format == "pcm"):
        # Without looking further than the first chunk: only what was kept is all there by then.
        return _settled_speech(chunks, context, Hold(), 0.0, own_headers)
    context.hold = Hold()
    if stream is None:
        return _settled_speech(chunks, context, context.hold, whole_seconds, own_headers)
    return collected_speech(chunks, context, own_headers)


def streamed_speech(chunks: Chunks, context: RequestContext, own_headers: Headers = dict) -> Answer:
    """Streams each chunk as it is made; joined they are one file."""

    def headers() -> dict[str, str]:
        timing = {"server-timing": server_timing(context, collected=False)}
        return {**speech_headers(context), **timing, **own_headers()}

    return stream_answer(_data(chunks), headers)


def finished_speech(chunks: Chunks, context: RequestContext, own_headers: Headers = dict) -> Answer:
    """Answers with a stream of which all is there before its first byte is sent, and so its length."""

    async def respond(send: Send) -> None:
        async with aclosing(chunks):
            made = [chunk async for chunk in chunks]
        header, data = made[-1].header, b"".join([chunk.data for chunk in made])
        if not data.startswith(header):
            data = header + data[len(header) :]
        timing = {"server-timing": server_timing(context, collected=True), "content-length": str(len(data))}
        headers = {"accept-ranges": "none", **speech_headers(context), **timing, **own_headers()}
        await send_whole(send, headers, data)

    return Answer(respond)


def whole_speech(chunks: Chunks, context: RequestContext, headers: Headers) -> Answer:
    """Answers with the whole file and its length, and with headers of a dialect in place of the usual ones."""
    context.hold = Hold()
    return collected_speech(chunks, context, headers)


def collected_speech(chunks: Chunks, context: RequestContext, own_headers: Headers = dict) -> Answer:
    """Answers with the whole file and its length, in the header of the file too."""

    async def respond(send: Send) -> None:
        async with Spool() as spool:
            header = b""
            async with aclosing(chunks):
                async for chunk in chunks:
                    # The cache has named it already.
                    spool.is_hashed = context.output_data.cache is None
                    if chunk.retracts:
                        await spool.clear()
                    await spool.write(chunk.data)
                    header = chunk.header or header
            await spool.replace_start(header)
            headers = {**_whole_headers(context, spool), **own_headers()}
            await send_sized(send, spool.chunks(), headers, spool.size)

    return Answer(respond)


def _settled_speech(
    chunks: Chunks, context: RequestContext, hold: Hold, seconds: float, own_headers: Headers
) -> Answer:
    async def respond(send: Send) -> None:
        async with aclosing(Lookahead(chunks, hold)) as start:
            complete = await start.look(lambda: _patience(context, seconds))
            answer = _answer_of(context, complete=complete, streamed=seconds <= 0.0)
            await answer(start.chunks(), context, own_headers).respond(send)

    return Answer(respond)


def _answer_of(
    context: RequestContext, *, complete: bool, streamed: bool
) -> Callable[[Chunks, RequestContext, Headers], Answer]:
    if _is_kept(context):
        return collected_speech
    if complete:
        return finished_speech if streamed else collected_speech
    return streamed_speech


def _is_kept(context: RequestContext) -> bool:
    note = context.output_data.cache
    return note is not None and note.state == "HIT"


def _patience(context: RequestContext, seconds: float) -> float:
    """Seconds to wait for the rest of the audio; 0 where it is known to take longer, or to be there."""
    if _is_kept(context):
        return 0.0
    expected = context.output_data.expected_seconds
    if expected is None:
        return seconds if context.input_data.characters <= WHOLE_CHARACTERS else 0.0
    return seconds if expected <= seconds else 0.0


def _whole_headers(context: RequestContext, spool: Spool) -> dict[str, str]:
    note = context.output_data.cache
    # Whoever keeps it asks whether it is still the same before it is heard again.
    kept = {"cache-control": "private, no-cache"} if note is not None and context.input_data.method == "GET" else {}
    return {
        **kept,
        **speech_headers(context),
        "server-timing": server_timing(context, collected=True),
        "content-length": str(spool.size),
        "accept-ranges": "bytes",
        "etag": f'"{spool.digest}"' if note is None else note.etag,
        "x-audio-duration": f"{context.metrics.audio_seconds or 0.0:.3f}",
    }


async def _data(chunks: Chunks) -> AsyncGenerator[bytes, None]:
    async with aclosing(chunks):
        async for chunk in chunks:
            if chunk.data:
                yield chunk.data
