"""The items of a conversation as clients see them: the history's messages, and how each was said."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Literal

from pybase64 import b64encode

from routers.compat.realtime.command_schemas import ItemReference, ItemShape
from routers.compat.realtime.contents import Contents, content_of, message_of, parts_of
from routers.compat.realtime.hosted_errors import (
    CREATED_BEHIND_UNKNOWN,
    CREATED_TWICE,
    DELETED_UNKNOWN,
    REFERRED_UNKNOWN,
    RETRIEVED_UNKNOWN,
    TRUNCATED_BEYOND,
    TRUNCATED_UNKNOWN,
    TRUNCATED_UNSPOKEN,
    Form,
)
from stts.chat import Message, ToolCall
from stts.conversation.history import History, Item, Spoken, new_item_id

ROOT = "root"
"""The `previous_item_id` of what is to be first."""
HEARD_WHOLE_SECONDS = 0.08
"""Two frames of audio: clients round down where playback ended, so a cut this near the end is none."""
MOST_SOUNDS = 256
"""Sounds remembered before those of items that the history has dropped are forgotten."""


@dataclass(slots=True)
class Sound:
    """Audio of an item that was spoken."""

    seconds: float = 0.0
    data: bytes | None = None
    """In the format that it was heard or sent in; None: not kept."""
    bytes_per_second: int = 48_000
    text_seconds: float | None = None
    """Seconds of audio covered by the item's text; None: the whole item."""

    def cut(self, seconds: float) -> None:
        if self.text_seconds is not None:
            self.text_seconds = min(self.text_seconds, seconds)
        self.seconds = seconds
        if self.data is not None:
            even = round(seconds * self.bytes_per_second) // 2 * 2
            self.data = self.data[:even]


class Items:
    """Items of one connection. Audio is stored for so many seconds in all; the oldest goes first."""

    def __init__(self, history: History, stored_seconds: float) -> None:
        self.history = history
        self._stored_seconds = stored_seconds
        self._sounds: OrderedDict[str, Sound] = OrderedDict()
        self._parts: dict[str, Contents] = {}
        """Contents of messages that are more than one text, as they are told to clients."""
        self._hidden: set[str] = set()

    def hide(self, id: str) -> None:
        """Hides the item of a reply that has said nothing yet: clients do not know of it."""
        self._hidden.add(id)

    def reveal(self, id: str) -> None:
        self._hidden.discard(id)

    def drop_hidden(self, id: str) -> None:
        """The reply is over, and was none in words."""
        if id in self._hidden:
            self._hidden.discard(id)
            if self.history.get(id) is not None:
                self.history.delete(id)

    def before(self, id: str, *, hidden: bool = False) -> str | None:
        """The item before this one; `hidden`: even one that clients do not know of."""
        previous = None
        for item in self.history.items:
            if item.id == id:
                break
            if hidden or item.id not in self._hidden:
                previous = item.id
        return previous

    def wire(self, id: str, *, audio: bool = False) -> dict[str, Any]:
        """Raises InvalidRequest for an item that clients do not know of."""
        item, sound, parts = self._require(id, RETRIEVED_UNKNOWN), self._sounds.get(id), self._parts.get(id)
        return wire_item(item, sound, parts, audio=audio)

    def add_sound(self, id: str, sound: Sound) -> None:
        """An item was spoken; again when its audio is complete."""
        self._sounds[id] = sound
        if len(self._sounds) > MOST_SOUNDS:
            self._forget_gone()
        kept = 0.0
        for each in reversed(self._sounds.values()):
            kept += each.seconds if each.data is not None else 0.0
            if kept > self._stored_seconds:
                each.data = None

    def create(self, shape: ItemShape, previous: str | None, text: str | None = None) -> tuple[str, str | None]:
        """Puts an item behind `previous`, or last; `text`: what an item of audio says.

        Returns its id and that of the item before it. Raises InvalidRequest.
        """
        if shape.id is not None and self.history.get(shape.id) is not None:
            raise CREATED_TWICE.error(id=shape.id)
        item = Item(shape.id or new_item_id(), message_of(shape, text))
        if previous is None:
            self.history.append(item)
        elif previous == ROOT:
            self.history.insert(item, None)
        else:
            self._require(previous, CREATED_BEHIND_UNKNOWN)
            self.history.insert(item, previous)
        if (parts := parts_of(shape)) is not None:
            self._forget_gone()
            self._parts[item.id] = parts
        return item.id, self.before(item.id)

    def delete(self, id: str) -> None:
        self._require(id, DELETED_UNKNOWN)
        self.history.delete(id)
        self._sounds.pop(id, None)
        self._parts.pop(id, None)

    def truncate(self, id: str, seconds: float) -> None:
        """Leaves of an assistant's spoken item what was heard by then, all of it within two frames of its end.

        Raises InvalidRequest.
        """
        item = self._require(id, TRUNCATED_UNKNOWN)
        sound = self._sounds.get(id)
        if sound is None or item.message.role != "assistant":
            raise TRUNCATED_UNSPOKEN.error()
        if seconds > sound.seconds + 0.001:
            raise TRUNCATED_BEYOND.error(length=round(sound.seconds * 1000), asked=round(seconds * 1000))
        if seconds >= sound.seconds - HEARD_WHOLE_SECONDS and item.status != "in_progress":
            return
        if item.status != "in_progress":
            heard = _heard(item.message.text, sound, seconds)
            self.history.replace(id, Message("assistant", heard), "incomplete")
        sound.cut(min(seconds, sound.seconds))

    def messages(self, shapes: list[ItemShape | ItemReference]) -> tuple[Message, ...]:
        """Returns the messages for a response that replace the history. Raises InvalidRequest."""
        return tuple(self._message(shape) for shape in shapes)

    def _message(self, shape: ItemShape | ItemReference) -> Message:
        if isinstance(shape, ItemReference):
            return self._require(shape.id, REFERRED_UNKNOWN).message
        return message_of(shape)

    def _require(self, id: str, otherwise: Form) -> Item:
        """The item, or an error of this form."""
        item = self.history.get(id)
        if item is None or id in self._hidden:
            raise otherwise.error(id=id)
        return item

    def _forget_gone(self) -> None:
        """Forgets items that the history has dropped."""
        self._parts = {id: parts for id, parts in self._parts.items() if self.history.get(id) is not None}
        if len(self._sounds) > MOST_SOUNDS:
            for id in [id for id in self._sounds if self.history.get(id) is None]:
                del self._sounds[id]


def _heard(text: str, sound: Sound, seconds: float) -> str:
    covered = sound.seconds if sound.text_seconds is None else sound.text_seconds
    if seconds >= covered:
        return text
    spoken = Spoken()
    spoken.add(text, covered)
    return spoken.heard(seconds)


ItemStatus = Literal["in_progress", "completed", "incomplete"]


def wire_item(
    item: Item, sound: Sound | None = None, parts: Contents | None = None, *, audio: bool = False
) -> dict[str, Any]:
    """`parts`: its contents, where they are more than its text; with `audio`, also its bytes, where they are kept."""
    message = item.message
    if message.tool_calls:
        return function_call(item.id, message.tool_calls[0], item.status)
    if message.role == "tool":
        fields = {"type": "function_call_output", "call_id": message.call_id, "output": message.text}
        return _item(item.id, item.status, fields)
    content = content_of(message, spoken=sound is not None)
    if audio and sound is not None and sound.data is not None:
        content["audio"] = b64encode(sound.data).decode("ascii")
    # What the user said is complete though its words are not known yet.
    status: ItemStatus = "completed" if message.role == "user" else item.status
    return message_item(item.id, message.role, status, [*parts] if parts is not None else [content])


def function_call(id: str, call: ToolCall, status: ItemStatus) -> dict[str, Any]:
    fields = {"type": "function_call", "call_id": call.call_id, "name": call.name, "arguments": call.arguments}
    return _item(id, status, fields)


def message_item(id: str, role: str, status: ItemStatus, content: list[dict[str, Any]]) -> dict[str, Any]:
    return _item(id, status, {"type": "message", "role": role, "content": content})


def _item(id: str, status: ItemStatus, fields: dict[str, Any]) -> dict[str, Any]:
    return {"id": id, "object": "realtime.item", "status": status, **fields}
