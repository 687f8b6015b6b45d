"""Messages of clients of OpenAI's Realtime API: commands, items of a conversation, overrides of a response."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from routers.compat.realtime.session_schemas import (
    Format,
    Instructions,
    MaxTokens,
    Modalities,
    Name,
    NoPrompt,
    Shape,
    ToolChoice,
    Tools,
    Voice,
)

MOST_CONTENTS = 100
MOST_INPUTS = 1000
Id = Annotated[str, Field(min_length=1, max_length=128)]


class Content(Shape):
    type: Literal["input_text", "input_audio", "input_image", "output_text", "output_audio"]
    text: str | None = None
    audio: str | None = None
    """Base64, in the session's input format."""
    transcript: str | None = None


class MessageItem(Shape):
    type: Literal["message"]
    id: Id | None = None
    role: Literal["system", "user", "assistant"]
    content: list[Content] = Field(max_length=MOST_CONTENTS)


class FunctionCallItem(Shape):
    type: Literal["function_call"]
    id: Id | None = None
    call_id: Id | None = None
    name: Name
    arguments: str


class FunctionOutputItem(Shape):
    type: Literal["function_call_output"]
    id: Id | None = None
    call_id: Id
    output: str


class ItemReference(Shape):
    type: Literal["item_reference"]
    id: Id


ItemShape = MessageItem | FunctionCallItem | FunctionOutputItem
SentItem = Annotated[ItemShape, Field(discriminator="type")]
InputItem = Annotated[ItemShape | ItemReference, Field(discriminator="type")]


class ResponseOutput(Shape):
    format: Format | None = None
    voice: Voice | None = None


class ResponseAudio(Shape):
    output: ResponseOutput = ResponseOutput()


class ResponseParams(Shape):
    """Override of the session's value; None: no override."""

    output_modalities: Modalities | None = None
    instructions: Instructions | None = None
    audio: ResponseAudio | None = None
    tools: Tools | None = None
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    max_output_tokens: MaxTokens | None = None
    conversation: Literal["auto", "none"] | None = None
    metadata: dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=512)]] | None = Field(
        None, max_length=16
    )
    input: list[InputItem] | None = Field(None, max_length=MOST_INPUTS)
    prompt: NoPrompt = None
    temperature: float | None = Field(None, ge=0, le=2)


class Command(Shape):
    type: str


class SessionUpdate(Command):
    type: Literal["session.update"]
    session: dict[str, Any]


class BufferAppend(Command):
    type: Literal["input_audio_buffer.append"]
    audio: str


class BufferCommand(Command):
    type: Literal["input_audio_buffer.commit", "input_audio_buffer.clear", "output_audio_buffer.clear"]


class ItemCreate(Command):
    type: Literal["conversation.item.create"]
    item: SentItem
    previous_item_id: Id | None = None


class ItemCommand(Command):
    type: Literal["conversation.item.retrieve", "conversation.item.delete"]
    item_id: Id


class ItemTruncate(Command):
    type: Literal["conversation.item.truncate"]
    item_id: Id
    content_index: int = Field(ge=0)
    audio_end_ms: int = Field(ge=0)


class ResponseCreate(Command):
    type: Literal["response.create"]
    response: ResponseParams | None = None


class ResponseCancel(Command):
    type: Literal["response.cancel"]
    response_id: Id | None = None
