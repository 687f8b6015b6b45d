"""Books that come to be spoken: their items, and what is kept of the book beside them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from adapters.batches.submission import SpeechItem
from routers.http.workers import Workers
from routers.management.speech_items import ItemReader

if TYPE_CHECKING:
    # Loaded with the first book.
    from stts.books.book import Book
    from stts.books.items import BookItem
    from stts.books.reading import BookKind

KINDS: dict[str, BookKind] = {
    "application/epub+zip": "epub",
    "text/markdown": "markdown",
    "text/x-markdown": "markdown",
    "text/plain": "text",
}
"""Media type of a body -> the kind of book that it is."""
READ_AT_ONCE = 100
READERS = Workers("book", threads=2, queue_length=16)
"""They read books: a large one takes seconds, and the threads that all share stay free."""


async def opened_book(file: BinaryIO, name: str, kind: BookKind | None = None, *, most_paragraphs: int) -> Book:
    """Raises UnreadableBook; Busy where too many are being read."""
    from stts.books.book import BookLimits
    from stts.books.reading import read_book

    limits = BookLimits(paragraphs=most_paragraphs)
    return await READERS.run(lambda checkpoint: read_book(file, name, kind=kind, limits=limits, checkpoint=checkpoint))


def about(book: Book) -> dict[str, Any]:
    """The facts of a book that its results need, as plain JSON values; the cover is a file of its own."""
    info, cover = book.info, book.info.cover
    shape = None if cover is None else {"media_type": cover.media_type, "width": cover.width, "height": cover.height}
    return {
        "title": info.title,
        "author": info.author,
        "language": info.language,
        "chapters": [chapter.title for chapter in book.chapters],
        "warnings": list(book.warnings),
        "cover": shape,
    }


async def book_items(book: Book, reader: ItemReader) -> AsyncGenerator[SpeechItem, None]:
    """Yields what is spoken of it, each paragraph by itself. Cutting is blocking work."""
    from stts.books.items import items

    cut, number = items(book), 0
    while part := await asyncio.to_thread(_next, cut):
        for each in part:
            spoken: dict[str, Any] = {"text": each.text}
            if book.info.language and not {"language", "lang_code"} & reader.defaults.keys():
                spoken["language"] = book.info.language
            yield reader.item(number, spoken, chapter=each.chapter, pause=each.pause)
            number += 1


def _next(cut: Iterator[BookItem]) -> list[BookItem]:
    return [each for each, _ in zip(cut, range(READ_AT_ONCE), strict=False)]
