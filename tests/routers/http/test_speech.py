from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from starlette.types import Message

from routers.http.speech import WHOLE_CHARACTERS, speech_answer
from stts.context import Outcome, RequestContext, RequestFacts
from stts.speech import AudioChunk, AudioFormat, AudioOutput
from tests.virtual import virtual

WAV = AudioOutput("wav", "audio/wav", 8000, 1)


async def chunks(context: RequestContext, seconds: float) -> AsyncGenerator[AudioChunk, None]:
    """The first at once, the last after so many seconds."""
    yield AudioChunk(b"open", 0.1)
    await asyncio.sleep(seconds)
    context.metrics.audio_seconds = 0.2
    yield AudioChunk(b"rest", 0.1, header=b"shut")


async def answered(
    seconds: float, *, stream: bool | None = None, characters: int = 10, format: AudioFormat = "wav", **output: Any
) -> tuple[dict[bytes, bytes], bytes, float]:
    """Headers, body, and when the headers were sent."""
    context = RequestContext(
        "tts",
        input_data=RequestFacts(characters=characters, format=format),
        output_data=Outcome("e", "v", audio=WAV, **output),
    )
    answer = speech_answer(chunks(context, seconds), context, stream=stream, whole_seconds=0.1)
    clock = asyncio.get_running_loop().time
    started, sent = clock(), list[tuple[float, Message]]()

    async def send(message: Message) -> None:
        sent.append((clock() - started, message))

    await answer.respond(send)
    body = b"".join(message["body"] for _, message in sent[1:])
    return dict(sent[0][1]["headers"]), body, sent[0][0]


@virtual
async def test_what_is_made_at_once_is_whole() -> None:
    headers, body, at = await answered(0.05)
    assert (headers[b"content-length"], headers[b"x-audio-duration"]) == (b"8", b"0.200")
    assert body == b"shutrest"
    assert at == pytest.approx(0.05)


@virtual
async def test_what_is_not_is_streamed_after_a_moment() -> None:
    headers, body, at = await answered(5.0)
    assert b"content-length" not in headers
    assert body == b"openrest"
    assert at == pytest.approx(0.1)


@pytest.mark.parametrize(
    "case",
    [{"expected_seconds": 0.2}, {"characters": WHOLE_CHARACTERS + 1}, {"stream": True}, {"format": "pcm"}],
    ids=["known to be slow", "long", "asked for", "raw"],
)
@virtual
async def test_a_stream_does_not_wait_for_what_cannot_be(case: dict[str, Any]) -> None:
    headers, body, at = await answered(0.05, **case)
    assert b"content-length" not in headers
    assert (body, at) == (b"openrest", 0.0)


@virtual
async def test_a_long_text_is_waited_for_on_an_engine_known_to_be_fast() -> None:
    headers, _, _ = await answered(0.05, characters=WHOLE_CHARACTERS + 1, expected_seconds=0.09)
    assert b"content-length" in headers


@virtual
async def test_whole_when_asked_for_however_long_it_takes() -> None:
    headers, body, at = await answered(50.0, stream=False)
    assert (headers[b"content-length"], body, at) == (b"8", b"shutrest", 50.0)
