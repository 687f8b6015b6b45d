"""Input items of the Responses API, as an app gives them to the language model: messages and outputs of functions."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from routers.sockets.messages import invalid
from stts.chat import Message
from stts.errors import InvalidParameter

MOST_CHARACTERS = 100_000
"""Text of one item."""
TYPES = ("message", "function_call_output")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)

    type: Literal["input_text", "output_text", "text"] | None = None
    text: str


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True)

    role: Literal["user", "assistant", "system", "developer"]
    content: str | list[_Part]


class _Output(BaseModel):
    model_config = ConfigDict(frozen=True)

    call_id: str
    output: str | list[_Part]


def read_item(item: dict[str, Any] | None) -> Message:
    """Raises InvalidParameter."""
    if item is None:
        raise InvalidParameter("`response.item.create` brings an item.", param="item")
    kind = item.get("type")
    if kind is not None and kind not in TYPES:
        raise InvalidParameter("Items are messages and outputs of functions.", param="item.type", allowed=TYPES)
    try:
        if kind == "function_call_output":
            output = _Output.model_validate(item)
            return Message("tool", _text(output.output), call_id=output.call_id)
        message = _Message.model_validate(item)
    except ValidationError as error:
        told = invalid(error)
        told.param, told.message = f"item.{told.param}", f"item.{told.message}"
        raise told from None
    text = _text(message.content)
    if not text.strip():
        raise InvalidParameter("The item has no text.", param="item.content")
    return Message("system" if message.role == "developer" else message.role, text)


def _text(content: str | list[_Part]) -> str:
    text = content if isinstance(content, str) else "\n".join(part.text for part in content)
    if len(text) > MOST_CHARACTERS:
        raise InvalidParameter(f"An item has at most {MOST_CHARACTERS:,} characters.", param="item")
    return text
