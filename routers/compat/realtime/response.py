"""One response as its client sees it: what is made of a reply, told in events, each part opened and closed in order."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pybase64 import b64encode

from routers.compat.realtime.items import Items, ItemStatus, Sound, function_call, message_item
from routers.compat.realtime.session_schemas import PCM
from routers.compat.realtime.voice import Voice, bytes_per_second
from routers.http.openai_errors import openai_error
from stts.chat import Message, ToolCall
from stts.conversation.events import ReplyEnded, ReplyStarted

Event = dict[str, Any]

DETAILS = {
    "cancelled": {"type": "cancelled", "reason": "client_cancelled"},
    "interrupted": {"type": "cancelled", "reason": "turn_detected"},
    "incomplete": {"type": "incomplete", "reason": "max_output_tokens"},
}
"""End of a reply -> status that clients are told."""
WARNINGS = "stts_warnings"
"""Key of the metadata."""
MOST_METADATA, METADATA_CHARACTERS = 16, 512
"""The most keys of a response's metadata, and characters of each of its values."""


@dataclass(frozen=True, slots=True)
class Order:
    """Order of a response, as its client asked."""

    voice: Voice = Voice("auto", PCM(type="audio/pcm"))  # noqa: RUF009 - a frozen value
    modalities: tuple[str, ...] = ("audio",)
    max_output_tokens: int | str = "inf"
    metadata: Mapping[str, str] | None = None
    given: tuple[Message, ...] | None = None
    """Messages it is made from, where that is not the conversation."""


@dataclass(slots=True)
class Response:
    """Fed with the events of one reply; the methods return what the client is told."""

    started: ReplyStarted
    order: Order
    conversation: str
    items: Items
    id: str = field(default_factory=lambda: f"resp_{secrets.token_hex(10)}")
    sound: Sound | None = None
    """Sound of the message, once it was heard."""
    heard: float | None = None
    """Seconds of it that were played, where it was interrupted."""
    given: int = 0
    """Characters of what it replies to."""
    opened: bool = False
    """The message has been announced."""
    text: str = ""
    output: list[Event] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    """Deviations of its speech from what was asked."""
    _data: bytearray | None = None
    _index: int = 0

    def __post_init__(self) -> None:
        if not self.started.out_of_band:
            self.items.hide(self.started.item)
        if self.started.spoken:
            self.sound = Sound(bytes_per_second=bytes_per_second(self.order.voice.format))
            self._data = bytearray()

    def begin(self) -> Iterator[Event]:
        yield {"type": "response.created", "response": self._wire("in_progress")}

    def write(self, text: str) -> Iterator[Event]:
        yield from self._open_message()
        self.text += text
        kind = "response.output_audio_transcript.delta" if self.started.spoken else "response.output_text.delta"
        yield {"type": kind, **self._ids(), "delta": text}

    def play(self, data: bytes, seconds: float, stored_seconds: float) -> Iterator[Event]:
        """s16le of the rate that the voice asked for."""
        yield from self._open_message()
        encoded = self.order.voice.encode(data)
        yield {"type": "response.output_audio.delta", **self._ids(), "delta": b64encode(encoded).decode("ascii")}
        if self.sound is not None:
            self.sound.seconds += seconds
            if self._data is not None and self.sound.seconds <= stored_seconds:
                self._data += encoded
            else:
                self._data = None

    def call(self, id: str, call: ToolCall) -> Iterator[Event]:
        index = len(self.output)
        self.output.append({})
        begun = function_call(id, ToolCall(call.call_id, call.name, ""), "in_progress")
        done = function_call(id, call, "completed")
        ids = {"response_id": self.id, "item_id": id, "output_index": index, "call_id": call.call_id}
        yield from self._added(begun, index)
        yield {"type": "response.function_call_arguments.delta", **ids, "delta": call.arguments}
        yield {
            "type": "response.function_call_arguments.done", **ids, "name": call.name, "arguments": call.arguments,
        }  # fmt: skip
        yield from self._finished(done, index)

    def end(self, ended: ReplyEnded, usage: Event) -> Iterator[Event]:
        if self.opened:
            yield from self._close_message("completed" if ended.status == "completed" else "incomplete")
        self._keep()
        details: Event | None = DETAILS.get(ended.status)
        if ended.status == "failed" and ended.error is not None:
            details = {"type": "failed", "error": openai_error(ended.error)["error"]}
        status = "cancelled" if ended.status == "interrupted" else ended.status
        yield {"type": "response.done", "response": self._wire(status, details, usage)}

    def _keep(self) -> None:
        """Stores its sound, which clients may ask for later."""
        item = self.started.item
        if self.started.out_of_band:
            return
        if not self.opened:
            self.items.drop_hidden(item)
        elif self.sound is not None:
            self.sound.data = None if self._data is None else bytes(self._data)
            self.sound.text_seconds = self.heard
            self.sound.cut(self.sound.seconds)
            self.items.add_sound(item, self.sound)

    def _open_message(self) -> Iterator[Event]:
        if self.opened:
            return
        self.opened, self._index = True, len(self.output)
        self.output.append({})
        self.items.reveal(self.started.item)
        if self.sound is not None and not self.started.out_of_band:
            self.items.add_sound(self.started.item, self.sound)
        yield from self._added(message_item(self.started.item, "assistant", "in_progress", []), self._index)
        part = {"type": "audio", "transcript": ""} if self.started.spoken else {"type": "text", "text": ""}
        yield {"type": "response.content_part.added", **self._ids(), "part": part}

    def _close_message(self, status: ItemStatus) -> Iterator[Event]:
        ids, text = self._ids(), self.text
        if self.started.spoken:
            yield {"type": "response.output_audio.done", **ids}
            yield {"type": "response.output_audio_transcript.done", **ids, "transcript": text}
            part, content = {"type": "audio", "transcript": text}, {"type": "output_audio", "transcript": text}
        else:
            yield {"type": "response.output_text.done", **ids, "text": text}
            part, content = {"type": "text", "text": text}, {"type": "output_text", "text": text}
        yield {"type": "response.content_part.done", **ids, "part": part}
        yield from self._finished(message_item(self.started.item, "assistant", status, [content]), self._index)

    def _added(self, item: Event, index: int) -> Iterator[Event]:
        yield {"type": "response.output_item.added", "response_id": self.id, "output_index": index, "item": item}
        if not self.started.out_of_band:
            previous = self.items.before(item["id"])
            yield {"type": "conversation.item.added", "previous_item_id": previous, "item": item}

    def _finished(self, item: Event, index: int) -> Iterator[Event]:
        self.output[index] = item
        yield {"type": "response.output_item.done", "response_id": self.id, "output_index": index, "item": item}
        if not self.started.out_of_band:
            previous = self.items.before(item["id"])
            yield {"type": "conversation.item.done", "previous_item_id": previous, "item": item}

    def _ids(self) -> Event:
        return {
            "response_id": self.id,
            "item_id": self.started.item,
            "output_index": self._index,
            "content_index": 0,
        }

    def _wire(self, status: str, details: Event | None = None, usage: Event | None = None) -> Event:
        voice = self.order.voice
        return {
            "object": "realtime.response",
            "id": self.id,
            "status": status,
            "status_details": details,
            "output": [item for item in self.output if item],
            "conversation_id": None if self.started.out_of_band else self.conversation,
            "output_modalities": list(self.order.modalities),
            "max_output_tokens": self.order.max_output_tokens,
            "audio": {"output": voice.wire()},
            "metadata": self._metadata(),
            "usage": usage,
        }

    def _metadata(self) -> Mapping[str, str] | None:
        """The client's own, and the warnings: there is no other place that clients with closed models let pass."""
        given = self.order.metadata
        if not self.warnings or len(given or {}) >= MOST_METADATA:
            return given
        return {**(given or {}), WARNINGS: "; ".join(self.warnings)[:METADATA_CHARACTERS]}
