"""One exchange of a conversation on its way to the client, in one of three shapes."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from fastapi import Response
from fastapi.responses import JSONResponse
from pybase64 import b64encode
from starlette.types import Receive, Scope, Send

from middleware.edge.bodies import JSON
from middleware.edge.problem import problem
from middleware.stages.timing import server_timing
from routers.core.conversation_schemas import Exchange, ExchangeDone, Timings
from routers.http.answer import Answer, collected_answer, event_answer, stream_answer
from routers.http.operation import event_headers, header_value, speech_headers, warning_headers
from routers.http.sse import event
from stts.chat import ReplyText
from stts.context import RequestContext
from stts.conversation.exchange import UserTurn
from stts.conversation.generation import ReplyItem
from stts.conversation.sessions import StoredSession
from stts.errors import PayloadTooLarge, STTSError
from stts.speech import AudioChunk, AudioFormat
from stts.streams.hold import Hold

MOST_WHOLE_BYTES = 50_000_000
"""Audio that is answered in one JSON object."""
MOST_HEADER_CHARACTERS = 1000
"""Longest transcript in a header: clients and proxies accept a few kilobytes."""

Items = AsyncGenerator[UserTurn | ReplyItem, None]


class Talk:
    """One exchange on its way to the client, in one of three shapes."""

    def __init__(self, context: RequestContext, format: AudioFormat) -> None:
        self.context = context
        self.format = format
        self.session: StoredSession | None = None
        self._heard = UserTurn("")
        self._reply: list[str] = []

    def note(self, item: UserTurn | ReplyItem) -> None:
        if isinstance(item, UserTurn):
            self._heard = item
        elif isinstance(item, ReplyText):
            self._reply.append(item.delta)

    def events(self, items: Items) -> Answer:
        return event_answer(self._events(items), lambda: event_headers(self.context), self._error_event)

    async def _events(self, items: Items) -> AsyncGenerator[str, None]:
        """The data of all `audio.delta`, joined, is one file."""
        async with aclosing(items):
            async for item in items:
                match item:
                    case UserTurn(text, language):
                        yield event({"type": "transcript", "text": text, "language": language})
                    case ReplyText(delta):
                        yield event({"type": "reply.delta", "text": delta})
                    case AudioChunk(data) if data:
                        yield event({"type": "audio.delta", "audio": b64encode(data).decode("ascii")})
        yield event({"type": "done", **ExchangeDone(**self._summary()).model_dump()})

    def whole(self, items: Items, scope: Scope, receive: Receive) -> Answer:
        self.context.hold = Hold()

        async def make() -> Response:
            audio, header = bytearray(), b""
            async with aclosing(items):
                async for item in items:
                    if isinstance(item, AudioChunk):
                        if item.retracts:
                            audio.clear()
                        audio += item.data
                        header = item.header or header
                        if len(audio) > MOST_WHOLE_BYTES:
                            raise PayloadTooLarge("The reply is too long for one object: ask for a stream.")
            audio[: len(header)] = header
            body = Exchange(**self._summary(), audio=b64encode(audio).decode("ascii") if audio else None)
            timing = server_timing(self.context, collected=True)
            own = {"content-type": JSON, "server-timing": timing, "cache-control": "no-store"}
            return JSONResponse(body.model_dump(), headers=self._outcome() | own)

        return collected_answer(make, scope, receive)

    def audio(self, items: Items, scope: Scope, receive: Receive) -> Answer:
        """The older form: what was heard is a header, and the body the reply. Without a reply there is no body."""

        async def respond(send: Send) -> None:
            chunks = _data(items)
            async with aclosing(chunks):
                first = await anext(chunks, None)
                if first is None:
                    await Response(status_code=204, headers=self._headers())(scope, receive, send)
                else:
                    await stream_answer(_chain(first, chunks), self._headers).respond(send)

        return Answer(respond)

    def _headers(self) -> Mapping[str, str]:
        return self._outcome() | {
            "x-transcription": header_value(self._heard.text[:MOST_HEADER_CHARACTERS]),
            "x-session-id": self._session_id,
            "x-processing-time": f"{time.perf_counter() - self.context.start_time:.3f}",
        }

    def _outcome(self) -> dict[str, str]:
        """Headers that say who spoke and how, and what was done otherwise than asked."""
        spoken = self.context.output_data.audio is not None
        return speech_headers(self.context) if spoken else warning_headers(self.context)

    @property
    def _session_id(self) -> str:
        return self.session.id if self.session is not None else ""

    def _summary(self) -> dict[str, Any]:
        audio, times = self.context.output_data.audio, self.context.metrics
        return {
            "session": self._session_id,
            "transcript": self._heard.text,
            "language": self._heard.language,
            "reply": "".join(self._reply),
            "format": audio.format if audio is not None else None,
            "sample_rate": audio.sample_rate if audio is not None else None,
            "warnings": list(self.context.warnings),
            "timings": Timings(
                transcript_ms=_milliseconds(times.transcript),
                first_token_ms=_milliseconds(times.first_token),
                first_audio_ms=_milliseconds(times.first_audio),
                total_ms=round((times.total or 0.0) * 1000, 1),
            ),
        }

    def _error_event(self, error: STTSError) -> str:
        return event({"type": "error", "error": problem(error, self.context.request_id)})


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)


async def _data(items: Items) -> AsyncGenerator[bytes, None]:
    async with aclosing(items):
        async for item in items:
            if isinstance(item, AudioChunk) and item.data:
                yield item.data


async def _chain(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(rest):
        yield first
        async for data in rest:
            yield data
