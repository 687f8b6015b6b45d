"""Converts a conversation to messages and tools of OpenAI's chat API. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from stts.chat import Message, Tool, ToolCall


def chat_messages(instructions: str, messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Converts messages: endpoints refuse a call without its output right behind it, and an output without its call.

    So calls made one by one are told as one message, outputs stand behind it wherever they came, and what has lost its
    counterpart (a history forgets its oldest parts) is left out.
    """
    outputs = {message.call_id: message.text for message in messages if message.role == "tool"}
    sent: list[dict[str, Any]] = [{"role": "system", "content": instructions}] if instructions else []
    for message in _joined(messages):
        calls = [call for call in message.tool_calls if call.call_id in outputs]
        if calls:
            sent.append({"role": "assistant", "content": message.text or None, "tool_calls": [*map(_call, calls)]})
            sent += [{"role": "tool", "tool_call_id": each.call_id, "content": outputs[each.call_id]} for each in calls]
        elif message.text:
            sent.append({"role": message.role, "content": message.text})
    return sent


def _joined(messages: Sequence[Message]) -> Iterator[Message]:
    """Joins consecutive text and calls of the assistant into one message; leaves outputs out."""
    held: Message | None = None
    for message in messages:
        if held is not None and held.role == message.role == "assistant":
            text = " ".join(filter(None, (held.text, message.text)))
            held = Message("assistant", text, held.tool_calls + message.tool_calls)
            continue
        if held is not None:
            yield held
        held = message if message.role != "tool" else None
    if held is not None:
        yield held


def _call(call: ToolCall) -> dict[str, Any]:
    return {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def chat_tools(tools: Sequence[Tool], choice: str, *, parallel: bool) -> dict[str, Any]:
    """Tool members of a request, only where they differ from the defaults: not every endpoint knows every one."""
    if not tools:
        return {}
    members: dict[str, Any] = {"tools": [_tool(tool) for tool in tools]}
    if choice in ("none", "required"):
        members["tool_choice"] = choice
    elif choice != "auto":
        members["tool_choice"] = {"type": "function", "function": {"name": choice}}
    if not parallel:
        members["parallel_tool_calls"] = False
    return members


def _tool(tool: Tool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    if tool.parameters:
        function["parameters"] = dict(tool.parameters)
    return {"type": "function", "function": function}


@dataclass(slots=True)
class _Pending:
    id: str
    name: str = ""
    arguments: list[str] = field(default_factory=list)


class PendingCalls:
    """Collects streamed tool calls, whose arguments arrive in pieces, several at once."""

    def __init__(self) -> None:
        self._calls: list[_Pending] = []
        self._by_index: dict[int, _Pending] = {}

    def add(self, index: int | None, id: str | None, name: str | None, arguments: str | None) -> None:
        """Adds a piece. Some endpoints leave the index out or repeat it for all calls: a new id starts a new call."""
        index = index or 0
        pending = self._by_index.get(index)
        if pending is None or (id and id != pending.id):
            pending = self._by_index[index] = _Pending(id or f"call_{uuid4().hex}")
            self._calls.append(pending)
        pending.name = pending.name or name or ""
        pending.arguments.append(arguments or "")

    def complete(self) -> Iterator[ToolCall]:
        for call in self._calls:
            if call.name:
                yield ToolCall(call.id, call.name, "".join(call.arguments) or "{}")
