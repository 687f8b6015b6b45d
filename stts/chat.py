"""Values and events of replies: messages in, text, tool calls and token counts out. All frozen.

A reply yields `ReplyText` as it is written, `ReplyToolCall`, and `ReplyUsage` where the model counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function that a language model wants called."""

    call_id: str
    name: str
    arguments: str
    """JSON, as the model wrote it."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that a language model may call."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """JSON schema of its arguments."""


@dataclass(frozen=True, slots=True)
class Message:
    """One part of a conversation, as whoever replies is given it."""

    role: Literal["system", "user", "assistant", "tool"]
    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    """Calls made by the assistant in this message."""
    call_id: str | None = None
    """For a message of a tool: id of the call that `text` is the output of."""


@dataclass(frozen=True, slots=True)
class ReplyConfig:
    """Options of a reply; None: as the settings say."""

    adapter: str | None = None
    """Reply adapter: echo, template or openai."""
    model: str | None = None
    instructions: str | None = None
    """System prompt of the model, in place of `reply.system_prompt`."""
    temperature: float | None = None
    max_tokens: int | None = None
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "auto"
    """auto, none, required, or the name of a tool."""
    parallel_tool_calls: bool = True
    language: str | None = None
    """BCP 47 of what was heard, where known."""


@dataclass(frozen=True, slots=True)
class ReplyRequest:
    """One reply on its way through the pipeline."""

    messages: tuple[Message, ...]
    """The conversation so far, oldest first; the last is what is replied to."""
    config: ReplyConfig


@dataclass(frozen=True, slots=True)
class ReplyText:
    delta: str


@dataclass(frozen=True, slots=True)
class ReplyToolCall:
    call: ToolCall


@dataclass(frozen=True, slots=True)
class ReplyUsage:
    input_tokens: int
    output_tokens: int
    cut: bool = False
    """The reply ended because it was too long."""


ReplyEvent = ReplyText | ReplyToolCall | ReplyUsage
