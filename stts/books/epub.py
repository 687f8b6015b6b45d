"""Reads EPUBs, version 2 and 3, into chapters: those of the table of contents, wherever in the pages they begin."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from stts.books.archive import Archive
from stts.books.book import Book, BookInfo, BookLimits, Chapter, Cover, Paragraph, language_of, title_of
from stts.books.cover import NoCover, prepared
from stts.books.package import Entry, Package, package, resolved
from stts.books.xhtml import Block, page
from stts.errors import UnreadableBook

_IMAGES = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".svg", ".avif", ".tif", ".tiff")


def read_epub(file: BinaryIO, name: str, limits: BookLimits, checkpoint: Callable[[], None] = lambda: None) -> Book:
    """Reads a book. `file` is seekable and stays open; `name` is its title if it has none. Raises UnreadableBook.

    `checkpoint` is called between its pages and may raise, which ends the work. Blocking: a novel takes a fraction of a
    second.
    """
    archive = Archive(file, limits, checkpoint)
    found = package(archive)
    if len(found.pages) > limits.entries:
        raise UnreadableBook(f"The EPUB is refused: its spine names more than {limits.entries} pages.")
    title = title_of(found.title or "", name)
    chapters = tuple(_chapters(_Pages(archive, found), title, limits))
    if not chapters:
        raise UnreadableBook("The EPUB has no text: it may be a book of pictures.")
    cover, warnings = _cover(archive, found.cover)
    author = title_of(found.author or "", "") or None
    return Book(BookInfo(title, author, language_of(found.language), cover), chapters, warnings)


class _Pages:
    """Blocks of all pages, in order, each with the line of the table of contents that begins there."""

    def __init__(self, archive: Archive, found: Package) -> None:
        self._archive = archive
        self._paths = found.pages
        self._lines: dict[str, dict[str, Entry]] = {}
        for entry in found.contents:
            self._lines.setdefault(entry.path, {}).setdefault(entry.anchor, entry)

    @property
    def has_contents(self) -> bool:
        return any(path in self._lines for path in self._paths)

    def __iter__(self) -> Iterator[tuple[int, Block, Entry | None]]:
        """Yields the number of the page, a block of it, and the line that begins with it."""
        for number, path in enumerate(self._paths):
            lines = self._lines.get(path, {})
            begun = lines.get("")
            for block in self._blocks(number, path):
                begun = next((lines[anchor] for anchor in block.anchors if anchor in lines), begun)
                yield number, block, begun
                begun = None

    def _blocks(self, number: int, path: str) -> Sequence[Block]:
        what = f"page {number + 1} of {len(self._paths)} ({path})"
        if title := self._title_of(path):
            what = f"{title!r}, {what}"
        return page(self._archive.read(path, what), what).blocks

    def _title_of(self, path: str) -> str:
        return next((entry.title for entry in self._lines.get(path, {}).values()), "")[:80]


def _chapters(pages: _Pages, title: str, limits: BookLimits) -> Iterator[Chapter]:
    draft: _Draft | None = None
    characters = chapters = 0
    for count, (number, block, begun) in enumerate(pages, start=1):
        if count > limits.paragraphs:
            raise UnreadableBook(f"The book is too large: it has more than {limits.paragraphs} paragraphs.")
        characters += len(block.text)
        if characters > limits.characters or chapters > limits.chapters:
            raise UnreadableBook(
                f"The book is too large: it has more than {limits.characters} characters or {limits.chapters} chapters."
            )
        starts = begun is not None if pages.has_contents else draft is None or draft.page != number
        if draft is None or starts:
            if draft is not None:
                chapters += 1
                yield draft.chapter(chapters, title)
            draft = _Draft(number, begun.title if begun else None)
        draft.paragraphs.append(Paragraph(block.text, is_heading=block.heading > 0))
    if draft is not None:
        yield draft.chapter(chapters + 1, title)


class _Draft:
    def __init__(self, page: int, title: str | None) -> None:
        self.page = page
        self._title = title
        self.paragraphs: list[Paragraph] = []

    def chapter(self, number: int, book_title: str) -> Chapter:
        """Ends the chapter. Without a title of its own it has that of its first heading, else a number."""
        heading = next((each.text for each in self.paragraphs if each.is_heading), "")
        otherwise = book_title if number == 1 else f"{number}"
        return Chapter(title_of(self._title or heading, otherwise), tuple(self.paragraphs))


def _cover(archive: Archive, path: str | None) -> tuple[Cover | None, tuple[str, ...]]:
    """The cover; a book is read without it where it is damaged."""
    if path is None or path not in archive:
        return None, ()
    try:
        if not path.lower().endswith(_IMAGES):
            shown = page(archive.read(path, "the page of its cover"), "the page of its cover").images
            path = next((at for image in shown if (at := resolved(path, image)[0]) in archive), None)
            if path is None:
                return None, ()
        return prepared(archive.read(path, "its cover")), ()
    except (NoCover, UnreadableBook) as error:
        return None, (f"The book has no cover: {error}",)
