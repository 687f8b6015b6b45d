"""Books, whatever files they came from: chapters of paragraphs, a title, an author, a language, a cover."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from stts.language_names import ENGLISH
from stts.languages import primary, read_language

CoverType = Literal["image/jpeg", "image/png"]

TITLE_CHARACTERS = 120
"""Longest title: MP4 has 255 bytes for one, and cuts in the middle of a character."""
TITLE_BYTES = 250


@dataclass(frozen=True, slots=True)
class Cover:
    data: bytes
    media_type: CoverType
    width: int
    """Pixels."""
    height: int


@dataclass(frozen=True, slots=True)
class BookInfo:
    title: str
    author: str | None = None
    language: str | None = None
    """BCP 47, as the book says."""
    cover: Cover | None = None


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str
    """One or more lines, without white space around them."""
    is_heading: bool = False


@dataclass(frozen=True, slots=True)
class Chapter:
    title: str
    paragraphs: tuple[Paragraph, ...]
    """All that is spoken, its headings included. Never empty."""

    @property
    def text(self) -> str:
        return "\n\n".join(paragraph.text for paragraph in self.paragraphs)


@dataclass(frozen=True, slots=True)
class Book:
    info: BookInfo
    chapters: tuple[Chapter, ...]
    warnings: tuple[str, ...] = ()
    """Words for people: what of the book was left out."""


@dataclass(frozen=True, slots=True)
class BookLimits:
    """How much of a stranger's file is read."""

    entries: int = 5_000
    """Files inside an EPUB."""
    entry_bytes: int = 16 * 2**20
    """Bytes of one of them, unpacked."""
    total_bytes: int = 128 * 2**20
    """Bytes of all that are read, unpacked; bytes of a text."""
    characters: int = 20_000_000
    """Characters of all chapters: four times the longest novels."""
    chapters: int = 5_000
    paragraphs: int = 100_000
    lines: int = 1_000_000
    """Lines of a text."""


def title_of(text: str, otherwise: str) -> str:
    """A title on one line, short enough for every container; `otherwise` where there are no words."""
    words = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    short = words[:TITLE_CHARACTERS].encode("utf-8", "ignore")[:TITLE_BYTES].decode("utf-8", "ignore").strip()
    return short or otherwise


def language_of(text: str | None) -> str | None:
    """The BCP 47 tag that a book means by what it says of its language; None where it says nothing that is known."""
    tag = read_language(text)
    return tag if isinstance(tag, str) and primary(tag) in ENGLISH else None
