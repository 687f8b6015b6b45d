"""POST /dev/captioned_speech: audio in base64 and when each word is heard, one object a line or all in one."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from fastapi import Request, Response

from routers.compat.kokoro_fastapi.schemas import CaptionedFields
from routers.compat.kokoro_fastapi.speaking import Speaking, Spoken
from routers.http.answer import stream_answer
from routers.http.audio_objects import MOST_BYTES, NO_ROOM, Rest, object_answer, object_line
from routers.http.deferred_route import deferred_router
from routers.http.operation import speech_headers
from routers.http.timed_speech import timed_speech
from routers.http.whole_audio import Room
from stts.access.policy import RouteKind, policy
from stts.audio.formats import format_spec
from stts.errors import TextTooLong
from stts.text.timing import TimedText

MOST_IN_ONE_OBJECT = 10_000
"""Characters of a text whose audio is answered in one object, all of which is in memory."""
AUDIO_FIELD = "audio"
Word = dict[str, Any]


class CaptionRoutes:
    def __init__(self, speaking: Speaking) -> None:
        self._speaking = speaking
        self.router = deferred_router("Kokoro-FastAPI")
        self.router.add_api_route(
            "/dev/captioned_speech",
            self.create,
            methods=["POST"],
            response_class=Response,
            summary="Speak a text and tell its words",
        )

    @policy(RouteKind.USE, operates=True)
    async def create(self, fields: CaptionedFields, request: Request) -> Response:
        """`timestamps` are null where none are wanted. With `allow_voice_tags` each word tells its voice."""
        spoken = self._speaking.speak(fields, request)
        if fields.stream:
            return stream_answer(_lines(spoken, fields), lambda: _headers(spoken, fields))
        if len(fields.input) > MOST_IN_ONE_OBJECT:
            raise TextTooLong(f"In one object at most {MOST_IN_ONE_OBJECT} characters; streamed any.", param="input")

        return object_answer(
            timed_speech(spoken.chunks, spoken.context),
            AUDIO_FIELD,
            lambda times: _words(times, spoken, fields),
            lambda words: _captions(words, fields),
            lambda: _headers(spoken, fields),
            Room(MOST_BYTES, NO_ROOM, "input"),
        )


async def _lines(spoken: Spoken, fields: CaptionedFields) -> AsyncGenerator[bytes, None]:
    untold: list[Word] = []
    async with aclosing(timed_speech(spoken.chunks, spoken.context)) as heard:
        async for item in heard:
            untold += _words(item.times, spoken, fields)
            if item.data:
                yield await object_line(AUDIO_FIELD, item.data, _captions(untold, fields))
                untold = []
    if untold:
        yield await object_line(AUDIO_FIELD, b"", _captions(untold, fields))


def _words(times: TimedText | None, spoken: Spoken, fields: CaptionedFields) -> list[Word]:
    if times is None or not fields.return_timestamps:
        return []
    voice = {"voice": spoken.voice()} if fields.allow_voice_tags else {}
    return [
        {"word": word, "start_time": round(start, 3), "end_time": round(end, 3), **voice}
        for word, start, end in times.words()
    ]


def _captions(words: list[Word], fields: CaptionedFields) -> Rest:
    return {
        "audio_format": format_spec(fields.response_format).media_type,
        "timestamps": words if fields.return_timestamps else None,
    }


def _headers(spoken: Spoken, fields: CaptionedFields) -> dict[str, str]:
    name = f"speech.{fields.response_format}"
    disposition = {"content-disposition": f"attachment; filename={name}", "cache-control": "no-cache"}
    return {**speech_headers(spoken.context), **disposition, "content-type": "application/json"}
