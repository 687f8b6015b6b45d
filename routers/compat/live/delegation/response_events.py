"""The events of one response, as the Responses API streams them: its snapshots are without input and output.

Pure: events of a reply in, events of the dialect out, each with its place in the response.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from stts.chat import ToolCall

Event = dict[str, Any]
FIRST_CHARACTERS = 40
"""Text that is told at once, at the beginning of a response."""
LATER_PART = 20
"""A longer one is told by twentieths at once: however fast it is written, its events stay few."""


class ResponseEvents:
    """Events of one response go to `tell`; after its last one nothing is told."""

    def __init__(self, tell: Callable[[Event], None], id: str, model: str, created_at: int) -> None:
        """`created_at`: Unix time."""
        self.over = False
        self._tell, self._id, self._model, self._created_at = tell, id, model, created_at
        self._number = 0
        self._items = 0
        self._message: str | None = None
        """Id of the message that is being written."""
        self._text: list[str] = []
        self._told = 0
        """Characters."""
        self._untold: list[str] = []

    def begin(self) -> None:
        self._give("response.created", response=self._snapshot("in_progress"))
        self._give("response.in_progress", response=self._snapshot("in_progress"))

    def text(self, delta: str) -> None:
        """Takes what was written next."""
        if self.over or not delta:
            return
        if self._message is None:
            self._begin_message()
        self._untold.append(delta)
        if sum(map(len, self._untold)) >= max(FIRST_CHARACTERS, self._told // LATER_PART):
            self._tell_text()

    def call(self, call: ToolCall, *, sound: bool = True) -> None:
        """Tells a function call that is complete; `sound`: its arguments can be read."""
        if self.over:
            return
        self._end_message("completed")
        item = {"id": f"fc_{secrets.token_hex(12)}", "type": "function_call", "call_id": call.call_id}
        item |= {"name": call.name, "arguments": "", "status": "in_progress"}
        place = {"item_id": item["id"], "output_index": self._items}
        self._give("response.output_item.added", output_index=self._items, item=item)
        arguments = call.arguments
        self._give("response.function_call_arguments.delta", **place, delta=arguments)
        self._give("response.function_call_arguments.done", **place, name=call.name, arguments=arguments)
        done = {**item, "arguments": arguments, "status": "completed" if sound else "incomplete"}
        self._give("response.output_item.done", output_index=self._items, item=done)
        self._items += 1

    def complete(self, input_tokens: int, output_tokens: int) -> None:
        usage = {
            "input_tokens": input_tokens,
            "output_tokens": output_tokens,
            "total_tokens": input_tokens + output_tokens,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0},
        }
        self._end("completed", usage=usage)

    def cut(self, reason: str | None = None) -> None:
        """It ends before its end; without a reason: the user or the app has interrupted it."""
        self._end("incomplete", incomplete_details=None if reason is None else {"reason": reason})

    def fail(self, message: str) -> None:
        self._end("failed", error={"code": "server_error", "message": message})

    def _begin_message(self) -> None:
        self._message = f"msg_{secrets.token_hex(12)}"
        self._give("response.output_item.added", output_index=self._items, item=self._item("in_progress", []))
        self._give("response.content_part.added", **self._place(), part=_part(""))

    def _tell_text(self) -> None:
        delta = "".join(self._untold)
        self._untold.clear()
        if delta:
            self._told += len(delta)
            self._text.append(delta)
            self._give("response.output_text.delta", **self._place(), delta=delta, logprobs=[])

    def _end_message(self, status: str) -> None:
        if self._message is None:
            return
        self._tell_text()
        text = "".join(self._text)
        self._give("response.output_text.done", **self._place(), text=text, logprobs=[])
        self._give("response.content_part.done", **self._place(), part=_part(text))
        item = self._item(status, [_part(text)])
        self._give("response.output_item.done", output_index=self._items, item=item)
        self._message, self._told = None, 0
        self._text.clear()
        self._items += 1

    def _end(self, status: str, **more: Any) -> None:
        if self.over:
            return
        self._end_message("completed" if status == "completed" else "incomplete")
        self._give(f"response.{status}", response=self._snapshot(status, **more))
        self.over = True

    def _item(self, status: str, content: list[Event]) -> Event:
        return {"id": self._message, "type": "message", "role": "assistant", "status": status, "content": content}

    def _place(self) -> Event:
        return {"item_id": self._message, "output_index": self._items, "content_index": 0}

    def _give(self, type: str, **fields: Any) -> None:
        self._tell({"type": type, "sequence_number": self._number, **fields})
        self._number += 1

    def _snapshot(self, status: str, **more: Any) -> Event:
        return {
            "id": self._id,
            "object": "response",
            "created_at": self._created_at,
            "status": status,
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "metadata": {},
            "model": self._model,
            "output": [],
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "usage": None,
            **more,
        }


def new_response_id() -> str:
    return f"resp_{secrets.token_hex(16)}"


def _part(text: str) -> Event:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
