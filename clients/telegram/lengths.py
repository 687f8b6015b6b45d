"""Texts as long as Telegram takes them: it counts in units of UTF-16."""

from __future__ import annotations

TEXT_UNITS, CAPTION_UNITS = 4096, 1024


def units(text: str) -> int:
    return len(text) + sum(letter > "\uffff" for letter in text)


def cut(text: str, most: int = TEXT_UNITS) -> list[str]:
    """A text in parts that are not too long, cut between lines or words where it can be."""
    parts: list[str] = []
    text = text.strip()
    while units(text) > most:
        head = text[:most]
        while units(head) > most:
            head = head[: -max(1, (units(head) - most) // 2)]
        at = max(head.rfind("\n"), head.rfind(" "))
        head = head[:at] if at > len(head) // 2 else head
        parts.append(head.rstrip())
        text = text[len(head) :].lstrip()
    return [*parts, text] if text else parts


def clipped(text: str, most: int = TEXT_UNITS) -> str:
    """The begin of a text, with a sign where something is left out."""
    return text if units(text) <= most else f"{cut(text, most - 1)[0]}…"


def clean(text: str) -> str:
    """A text that can be written down: halves of a character are none."""
    return text.encode("utf-8", "replace").decode("utf-8")
