"""Cuts chapters into items: pieces of text that are spoken, kept and, when the book is edited, spoken again one by one.

House rule: an item never spans two paragraphs, so that a change of one paragraph changes no item of another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stts.books.book import Book, Paragraph
from stts.text.sentences import TextCutter

ITEM_CHARACTERS = 600
"""Longest item: some 40 seconds of speech."""
WITHIN_PARAGRAPH, AFTER_PARAGRAPH, AFTER_HEADING, AFTER_CHAPTER = 0.2, 0.5, 0.9, 1.8
"""Seconds of silence behind an item."""


@dataclass(frozen=True, slots=True)
class BookItem:
    chapter: int
    """Number of its chapter, from 0."""
    text: str
    pause: float
    """Seconds of silence behind it. No part of what is spoken, so that it is not spoken again for another pause."""


def items(book: Book, *, longest: int = ITEM_CHARACTERS) -> Iterator[BookItem]:
    """Yields the items of a book in order, each at most `longest` characters, cut where sentences end if they do.

    Paragraphs without a letter or digit, such as the stars between two scenes, are none.
    """
    for number, chapter in enumerate(book.chapters):
        spoken = [each for each in chapter.paragraphs if any(map(str.isalnum, each.text))]
        for at, paragraph in enumerate(spoken, start=1):
            ends_chapter = at == len(spoken)
            pieces = list(_pieces(paragraph, book.info.language, longest))
            for piece in pieces[:-1]:
                yield BookItem(number, piece, WITHIN_PARAGRAPH)
            for piece in pieces[-1:]:
                yield BookItem(number, piece, AFTER_CHAPTER if ends_chapter else _pause(paragraph))


def _pause(paragraph: Paragraph) -> float:
    return AFTER_HEADING if paragraph.is_heading else AFTER_PARAGRAPH


def _pieces(paragraph: Paragraph, language: str | None, longest: int) -> Iterator[str]:
    if len(paragraph.text) <= longest:
        yield paragraph.text
        return
    cutter = TextCutter(paragraph.text, language)
    while (piece := cutter.next_piece(longest)) is not None:
        yield piece
