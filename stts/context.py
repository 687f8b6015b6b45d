"""RequestContext: what the pipeline knows of one operation, whatever door it came through."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from typing import Any, Literal

RequestType = Literal["tts", "stt", "conversation"]
SOCKET = "WS"
"""The method of operations on a WebSocket."""
Status = Literal["processing", "completed", "error", "cancelled"]


def new_request_id() -> str:
    return uuid.uuid4().hex


@dataclass(slots=True)
class RequestContext:
    """One per operation. Never holds audio; holds text only where the operator lets text be logged.

    `metrics`, all written before the operation ends, times in seconds:
    `queue`, `first_item`, `engine`, `encode`, `total`, `audio_seconds`, `characters`, `bytes`, and of a conversation
    `transcript`, `first_token`, `first_audio`.
    `output_data`, written before the first item because headers are made from it:
    `engine`, `voice`, `language`, `format`, `media_type`, `sample_rate`, `channels`, and, of a whole text on an engine
    whose pace is known, `expected_seconds` of making it; `silent` where nothing in the text could be spoken.
    `warnings`, for the client: what was done otherwise than asked. Written by `warn`; told once, in a header or in the
    answer's `warnings`.
    """

    request_type: RequestType
    request_id: str = field(default_factory=new_request_id)
    """Correlation id: from `X-Request-ID`, or made."""
    start_time: float = field(default_factory=time.perf_counter)
    """`time.perf_counter()` seconds."""
    input_data: dict[str, Any] = field(default_factory=dict)
    """What was asked: engine, voice, format, lengths; never the text itself unless `logging.log_text`."""
    output_data: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    """`method`, `route`, `principal`; an operation inside another carries `parent_id` and is not counted twice."""
    status: Status = "processing"
    warnings: list[str] = field(default_factory=list)

    def add(self, metric: str, seconds: float) -> None:
        """Adds to a metric that is measured in parts."""
        self.metrics[metric] = self.metrics.get(metric, 0.0) + seconds

    def warn(self, message: str) -> None:
        """Tells the client, once, what was done otherwise than asked. Never quotes what the client sent."""
        if message not in self.warnings:
            self.warnings.append(message)
