"""Logging: one line for each finished operation, and one renderer for our lines and everybody else's.

Users' words are kept out: texts, queries, keys, and most messages of exceptions, which like to quote them.
`privacy.texts` lets texts and messages in, or a hash of texts.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import fields
from typing import Any

from middleware.logs.logger import CurrentLogger
from middleware.logs.texts import KeptTexts
from middleware.pipeline import Item, Operation, Request
from stts.chat import ReplyRequest, ReplyText
from stts.context import SOCKET, RequestContext
from stts.errors import STTSError
from stts.plans import ListenRequest, SpeechRequest
from stts.settings import CurrentSettings
from stts.streams.live import LiveText
from stts.timings import Timings
from stts.transcription import TranscriptRetracted, TranscriptSegment

COUNTS = frozenset({"audio_seconds", "characters", "bytes"})
"""Measurements whose names in the line say their unit already, or that have none."""
MEASUREMENTS = tuple(
    (each.name, each.name if each.name in COUNTS else f"{each.name}_seconds") for each in fields(Timings)
)
"""Members of Timings, each with its name in the line."""


class LoggingStage:
    """Writes one line when an operation ends. Outermost, so that it sees all numbers."""

    def __init__(self, settings: CurrentSettings) -> None:
        self._texts = KeptTexts(settings())
        self._logger = CurrentLogger()

    async def __call__(
        self, context: RequestContext, request: Request, call_next: Operation[Request, Item]
    ) -> AsyncGenerator[Item, None]:
        heard: list[str] | None = [] if self._texts else None
        try:
            async for item in call_next(context, request):
                if heard is not None and isinstance(item, TranscriptRetracted):
                    heard.clear()
                elif heard is not None:
                    heard.append(_words(item))
                yield item
        except (GeneratorExit, asyncio.CancelledError):
            self._logger().info("operation", **self._line(context, request, heard))
            raise
        except Exception as error:
            self._failed(error, self._line(context, request, heard) | _answered(context, error))
            raise
        self.completed(context, request, heard)

    def completed(self, context: RequestContext, request: object, heard: list[str] | None = None) -> None:
        """Logs an operation that came to its end. `heard`: the words of its items."""
        self._logger().info("operation", **self._line(context, request, heard) | _answered(context))

    def _line(self, context: RequestContext, request: object, heard: list[str] | None) -> dict[str, Any]:
        line = _line(context, request)
        if self._texts:
            # A live text is gone by now; what wrote it is logged with its reply.
            text = request.text if isinstance(request, SpeechRequest) else None
            line |= self._texts.members(text if isinstance(text, str) else "".join(heard or ()).strip())
        return line

    def _failed(self, error: Exception, line: dict[str, Any]) -> None:
        """Logs an error: a client's mistake as info, a temporary one as a warning, an unforeseen one with traceback."""
        line["error"] = type(error).__name__
        if not isinstance(error, STTSError):
            self._logger().error("operation", code=STTSError.code, exc_info=error, **line)
            return
        error.is_logged = True
        line |= {"code": error.code, "reason": error.message}
        if error.status == 500:
            self._logger().error("operation", exc_info=error, **line)
        elif error.status > 500:
            self._logger().warning("operation", **line)
        else:
            self._logger().info("operation", **line)


def _line(context: RequestContext, request: object) -> dict[str, Any]:
    line: dict[str, Any] = {
        # By hand: context variables bound inside a generator are lost between items.
        "request_id": context.request_id,
        "type": context.request_type,
        "status": context.status,
    }
    if context.span is not None and context.span.recorded:
        line["trace_id"] = context.span.trace
    _tell(line, context)
    if isinstance(request, SpeechRequest):
        line["characters"] = request.text.characters if isinstance(request.text, LiveText) else len(request.text)
    elif isinstance(request, ListenRequest):
        line["upload_bytes"] = request.audio.size
    elif isinstance(request, ReplyRequest):
        line["messages"] = len(request.messages)
    times = context.metrics
    for name, label in MEASUREMENTS:
        if (value := getattr(times, name)) is not None:
            line[label] = round(value, 4)
    return line


def _tell(line: dict[str, Any], context: RequestContext) -> None:
    """Adds the outcome of the operation, and its route."""
    output, asked, audio = context.output_data, context.input_data, context.output_data.audio
    if output.engine is not None:
        line["engine"] = output.engine
    if output.fallback is not None:
        line["fallback"] = output.fallback
    if output.voice is not None:
        line["voice"] = output.voice
    if output.language is not None:
        line["language"] = output.language
    if audio is not None:
        line["format"], line["sample_rate"] = audio.format, audio.sample_rate
    if asked.method is not None:
        line["method"] = asked.method
    if asked.listener is not None:
        line["listener"] = asked.listener
    if asked.route is not None:
        line["route"] = asked.route
    if context.parent is not None:
        line["parent_id"] = context.parent.request_id


def _answered(context: RequestContext, error: Exception | None = None) -> dict[str, int]:
    """The status of the answer, where the operation is one: not inside another, not on a socket."""
    if context.input_data.method in (None, SOCKET) or context.parent is not None:
        return {}
    if error is None:
        return {"http_status": 200}
    known = error if isinstance(error, STTSError) else STTSError("")
    return {"http_status": context.input_data.error_status(known)}


def _words(item: object) -> str:
    """Heard or replied."""
    if isinstance(item, TranscriptSegment):
        return f" {item.segment.text.strip()}"
    return item.delta if isinstance(item, ReplyText) else ""
