"""Contents of items: as clients send them, as whoever replies is given them, and as clients are told them."""

from __future__ import annotations

import secrets
from typing import Any

from routers.compat.realtime.command_schemas import (
    Content,
    FunctionCallItem,
    FunctionOutputItem,
    ItemShape,
    MessageItem,
)
from stts.chat import Message, ToolCall
from stts.errors import InvalidParameter

UNSEEN_IMAGE = "[image]"
"""Text that whoever replies is given in place of a picture: nobody here sees."""
CONTENTS = {
    "system": {"input_text"},
    "user": {"input_text", "input_audio"},
    "assistant": {"output_text", "output_audio"},
}

Contents = tuple[dict[str, Any], ...]


def message_of(shape: ItemShape, text: str | None = None) -> Message:
    """Raises InvalidParameter for what cannot be said here."""
    if isinstance(shape, FunctionCallItem):
        call_id = shape.call_id or f"call_{secrets.token_hex(10)}"
        return Message("assistant", "", tool_calls=(ToolCall(call_id, shape.name, shape.arguments),))
    if isinstance(shape, FunctionOutputItem):
        return Message("tool", shape.output, call_id=shape.call_id)
    return Message(shape.role, text if text is not None else "\n".join(_said(shape, each) for each in shape.content))


def sent_audio(shape: ItemShape) -> str | None:
    """Base64 of the audio of a user's message whose words are still to be found out."""
    if not isinstance(shape, MessageItem) or shape.role != "user":
        return None
    parts = [each.audio for each in shape.content if each.type == "input_audio" and not each.transcript]
    return parts[0] if len(parts) == len(shape.content) == 1 else None


def _said(shape: MessageItem, content: Content) -> str:
    if content.type == "input_image" and shape.role == "user":
        return UNSEEN_IMAGE
    given = content.transcript if content.type.endswith("audio") else content.text
    if content.type not in CONTENTS[shape.role] or given is None:
        allowed = sorted(CONTENTS[shape.role])
        raise InvalidParameter(
            "A message of this role cannot have such content: text, or one piece of audio of the user.",
            param="item.content",
            allowed=allowed,
        )
    return given


def parts_of(shape: ItemShape) -> Contents | None:
    """Returns the contents of a message as clients are told them, without the bytes; None: one text says it all.

    Frameworks compare it with what they sent, and send again what differs.
    """
    if not isinstance(shape, MessageItem):
        return None
    if len(shape.content) == 1 and shape.content[0].type != "input_image":
        return None
    return tuple(_part(content) for content in shape.content)


def _part(content: Content) -> dict[str, Any]:
    if content.type == "input_image":
        return {"type": content.type}
    if content.type.endswith("audio"):
        return {"type": content.type, "transcript": content.transcript}
    return {"type": content.type, "text": content.text}


def content_of(message: Message, *, spoken: bool) -> dict[str, Any]:
    """Returns the content of a message that is one text, or was spoken."""
    way = "output" if message.role == "assistant" else "input"
    if not spoken:
        return {"type": f"{way}_text", "text": message.text}
    return {"type": f"{way}_audio", "transcript": message.text or None}
