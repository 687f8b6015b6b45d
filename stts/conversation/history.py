"""History of a conversation. Pure: its messages within bounds, and how much of a reply was really heard."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, replace
from typing import Literal

from stts.chat import Message
from stts.errors import Conflict, NotFound

Status = Literal["in_progress", "completed", "incomplete"]

CHARACTERS_PER_SECOND = 15.0
"""Pace of speech, until a whole piece of it has told better."""
SHORTEST = 1e-6
"""Seconds that nobody can tell from none: what is left of sums of many short frames."""
_SPACELESS = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Scripts that write words without spaces: there a character counts as a word."""
_WORD = re.compile(rf"\s*(?:[{_SPACELESS}]|[^\s{_SPACELESS}]+)")


@dataclass(frozen=True, slots=True)
class Item:
    id: str
    message: Message
    status: Status = "completed"


def new_item_id() -> str:
    """Returns an id for an item of a history; nobody can guess one."""
    return f"item_{secrets.token_hex(10)}"


class History:
    """Items of one conversation, in order. When it grows too long the oldest items go first, instructions last of all.

    The outputs of tools go with the calls that they answer. The newest item always stays.
    """

    def __init__(self, max_messages: int, max_characters: int) -> None:
        self._max_messages = max_messages
        self._max_characters = max_characters
        self._items: dict[str, Item] = {}
        self._characters = 0

    @property
    def items(self) -> tuple[Item, ...]:
        return tuple(self._items.values())

    def get(self, id: str) -> Item | None:
        return self._items.get(id)

    def has_call(self, call_id: str) -> bool:
        """True if a tool was called with this id."""
        calls = (call for item in self._items.values() for call in item.message.tool_calls)
        return any(call.call_id == call_id for call in calls)

    def append(self, item: Item) -> None:
        """Puts an item behind all others. Raises Conflict for an id that there is."""
        self._add(item)
        self._shorten()

    def insert(self, item: Item, after: str | None) -> None:
        """Puts an item behind another, or first. Raises NotFound and Conflict."""
        if after is not None:
            self._require(after)
        self._add(item)
        ids = list(self._items)[:-1]
        ids.insert(0 if after is None else ids.index(after) + 1, item.id)
        self._items = {id: self._items[id] for id in ids}
        self._shorten()

    def replace(self, id: str, message: Message, status: Status) -> None:
        """Raises NotFound."""
        old = self._require(id)
        self._items[id] = replace(old, message=message, status=status)
        self._characters += _characters(message) - _characters(old.message)
        self._shorten()

    def delete(self, id: str) -> None:
        """Raises NotFound."""
        self._characters -= _characters(self._require(id).message)
        del self._items[id]

    def messages(self) -> tuple[Message, ...]:
        """Returns the messages for whoever replies, oldest first: items that have nothing to say yet are left out."""
        messages = (item.message for item in self._items.values())
        return tuple(one for one in messages if one.text.strip() or one.tool_calls or one.call_id is not None)

    def _require(self, id: str) -> Item:
        if id not in self._items:
            raise NotFound("There is no such item in this conversation.")
        return self._items[id]

    def _add(self, item: Item) -> None:
        if item.id in self._items:
            raise Conflict("There is an item with this id already.")
        self._items[item.id] = item
        self._characters += _characters(item.message)

    def _shorten(self) -> None:
        """In one pass: a history may be long, and one message may push out all of it."""
        if not self._too_long():
            return
        older = list(self._items.values())[:-1]
        outputs: dict[str | None, list[str]] = {}
        for item in older:
            if item.message.role == "tool":
                outputs.setdefault(item.message.call_id, []).append(item.id)
        for item in sorted(older, key=lambda item: item.message.role == "system"):
            if not self._too_long():
                return
            answers = (id for call in item.message.tool_calls for id in outputs.get(call.call_id, ()))
            for id in (item.id, *answers):
                if id in self._items:
                    self.delete(id)

    def _too_long(self) -> bool:
        return len(self._items) > self._max_messages or self._characters > self._max_characters


class Spoken:
    """Reckons which text of a reply was heard. Its pieces are given with their audio, as that is made or sent."""

    def __init__(self) -> None:
        self._pieces: list[tuple[str, float]] = []
        """Text and seconds."""
        self._seconds = 0.0
        self._whole = False

    def finish(self) -> None:
        """All pieces were given whole."""
        self._whole = True

    def add(self, text: str, seconds: float) -> None:
        """The next audio; `text` is the piece that begins with it, empty inside a piece."""
        if text or not self._pieces:
            self._pieces.append((text, 0.0))
        piece, before = self._pieces[-1]
        self._pieces[-1] = (piece, before + seconds)
        self._seconds += seconds

    def heard(self, seconds: float) -> str:
        """The text of the first seconds: whole pieces, and of the one in play the words by proportion."""
        heard, rest = "", seconds
        for number, (text, length) in enumerate(self._pieces):
            if number == len(self._pieces) - 1 and not self._whole and seconds < max(self._seconds, SHORTEST):
                length = max(length, len(text) / self._pace())
            if rest < length - SHORTEST:
                return _joined(heard, _words(text, rest / length))
            heard, rest = _joined(heard, text), rest - length
        return heard

    def _pace(self) -> float:
        """Characters a second of the whole pieces. More of the last one may be to come, so it tells nothing."""
        characters = sum(len(text) for text, _ in self._pieces[:-1])
        seconds = self._seconds - self._pieces[-1][1]
        return characters / seconds if characters and seconds >= 0.5 else CHARACTERS_PER_SECOND


def _words(text: str, part: float) -> str:
    """The words that end within the part, 0..1, of a text."""
    end = max((word.end() for word in _WORD.finditer(text) if word.end() <= part * len(text.rstrip())), default=0)
    return text[:end]


def _joined(text: str, more: str) -> str:
    if not text or not more or text[-1].isspace() or more[0].isspace():
        return text + more
    return text + more if re.match(f"[{_SPACELESS}]", more) else f"{text} {more}"


def _characters(message: Message) -> int:
    return len(message.text) + sum(len(call.name) + len(call.arguments) for call in message.tool_calls)
