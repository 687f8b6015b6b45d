"""Reads a book from a file of any kind that is known: EPUB, Markdown, plain text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath
from typing import BinaryIO, Literal

from stts.books.archive import is_zip
from stts.books.book import Book, BookLimits, title_of
from stts.books.epub import read_epub
from stts.books.plain import decoded, read_markdown, read_text
from stts.errors import UnreadableBook

BookKind = Literal["epub", "markdown", "text"]
MARKDOWN_NAMES = (".md", ".markdown", ".mdown", ".mkd")
_HEAD_BYTES = 80
_OTHERS = (
    (b"%PDF", 0, "A PDF is not read: turn it into EPUB or text"),
    (b"BOOKMOBI", 60, "A Kindle or Mobipocket book is not read: turn it into EPUB"),
    (b"{\\rtf", 0, "RTF is not read: save it as text or EPUB"),
    (b"\xd0\xcf\x11\xe0", 0, "A Word document is not read: save it as text or EPUB"),
    (b"<?xml", 0, "XML is not read: a book is EPUB, Markdown or plain text"),
    (b"<!DOCTYPE", 0, "HTML is not read: a book is EPUB, Markdown or plain text"),
)
"""First bytes of files that people take for books, where they stand, and what they are told."""


def read_book(
    file: BinaryIO,
    name: str = "Book",
    *,
    kind: BookKind | None = None,
    limits: BookLimits | None = None,
    checkpoint: Callable[[], None] = lambda: None,
) -> Book:
    """Reads a book; what it is is seen from its content, and from `name`, that of the file, for Markdown.

    `file` is seekable and stays open. `checkpoint` is called now and then and may raise, which ends the work. Blocking.
    Raises UnreadableBook, whose message says why.
    """
    limits = limits or BookLimits()
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    title = title_of(PurePath(name).stem.replace("_", " "), "Book")
    if is_zip(head):
        if kind not in (None, "epub"):
            raise UnreadableBook("This is a ZIP file, no text.")
        return read_epub(file, title, limits, checkpoint)
    if kind == "epub":
        raise UnreadableBook("This is no EPUB: it is no ZIP file.")
    for start, at, words in _OTHERS:
        if head[at:].startswith(start):
            raise UnreadableBook(f"{words}.")
    kind = kind or ("markdown" if name.lower().endswith(MARKDOWN_NAMES) else "text")
    return _read_plain(file, title, kind, limits, checkpoint)


def _read_plain(file: BinaryIO, title: str, kind: BookKind, limits: BookLimits, checkpoint: Callable[[], None]) -> Book:
    data = file.read(limits.total_bytes + 1)
    if len(data) > limits.total_bytes:
        raise UnreadableBook(f"The book is too large: it has more than {limits.total_bytes >> 20} MB.")
    text, warnings = decoded(data)
    book = (read_markdown if kind == "markdown" else read_text)(text, title, limits, checkpoint)
    return Book(book.info, book.chapters, warnings)
