"""Plain text and Markdown as books: chapters begin at headings, where there are any."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile

from stts.books.book import Book, BookInfo, BookLimits, Chapter, Paragraph, language_of, title_of
from stts.books.front_matter import front_matter
from stts.errors import UnreadableBook
from stts.text.markup import MarkupRemover, spoken_text

_CHAPTER_WORDS = (
    "chapter|part|book|volume|act|scene|kapitel|teil|buch|band|chapitre|partie|livre|tome|capítulo|capitulo|parte|libro"
    "|capitolo|hoofdstuk|deel|rozdział|część|глава|часть|книга|розділ|luku|bölüm|fejezet"
)
_ALONE = (
    "prologue|epilogue|preface|foreword|introduction|afterword|conclusion|prolog|epilog|vorwort|nachwort|einleitung"
)
_HEADING = re.compile(
    rf"(?:(?:{_CHAPTER_WORDS})\s+(?:\d+|[ivxlcdm]+|[^\W\d_]+)\b[^\n]{{0,80}}|(?:{_ALONE})[.:]?|第.{{1,8}}[章回部节節].{{0,40}})",
    re.IGNORECASE,
)
"""A line that stands alone and names a chapter."""
_BLANK = re.compile(r"\n[^\S\n]*\n\s*")
_FENCE = re.compile(r"\s{0,3}(```+|~~~+)")
_ATX = re.compile(r" {0,3}(#{1,6})(?:[^\S\n]+(.*?))?(?:[^\S\n]+#+)?[^\S\n]*")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[^\S\n]*")
_OLD_ENCODING = "windows-1252"
_LONGEST_HEADING = 500
"""Characters of a line; a longer one is none, and would take long to be looked at."""
LINES_AT_ONCE = 200
_DEEPEST = 2
"""Level of the headings that begin chapters, at most."""


def decoded(data: bytes) -> tuple[str, tuple[str, ...]]:
    """Text of a file, and warnings. UTF-8, UTF-16 with its mark, else Windows' Western one. Raises UnreadableBook."""
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text, warnings = data.decode("utf-16" if marked else "utf-8-sig"), ()
    except UnicodeDecodeError:
        if marked or b"\0" in data:
            raise UnreadableBook("This file is neither text nor EPUB.") from None
        text = data.decode(_OLD_ENCODING, "replace")
        return text, (f"The text is not UTF-8; it was read as {_OLD_ENCODING}",)
    if "\0" in text:
        raise UnreadableBook("This file is neither text nor EPUB.")
    return text, warnings


def read_text(text: str, name: str, limits: BookLimits, checkpoint: Callable[[], None] = lambda: None) -> Book:
    """A plain text; paragraphs are separated by blank lines. `name` is its title.

    `checkpoint` is called for each paragraph and may raise, which ends the work. Raises UnreadableBook.
    """
    paragraphs = (" ".join(part.split("\n")).strip() for part in _parts(_unified(text, limits)))
    marked = (Paragraph(" ".join(each.split()), bool(_HEADING.fullmatch(each))) for each in paragraphs)
    return Book(BookInfo(name), _chapters(((each, each.is_heading) for each in marked), name, limits, checkpoint))


def read_markdown(text: str, name: str, limits: BookLimits, checkpoint: Callable[[], None] = lambda: None) -> Book:
    """Markdown; headings of levels 1 and 2 begin chapters, and a first, only one of level 1 is the book's title.

    Front matter tells title, author and language. `checkpoint` as above. Raises UnreadableBook.
    """
    facts, text = front_matter(_unified(text, limits))
    sections = list(_sections(text, checkpoint))
    titles = [section.title for section in sections if section.level == 1]
    title = title_of(facts.get("title") or (titles[0] if len(titles) == 1 else ""), name)
    chapters = _chapters(_marked(sections, checkpoint), title, limits, checkpoint)
    language = language_of(facts.get("language") or facts.get("lang"))
    return Book(BookInfo(title, title_of(facts.get("author", ""), "") or None, language), chapters)


def _unified(text: str, limits: BookLimits) -> str:
    if len(text) > limits.characters:
        raise UnreadableBook(f"The book is too large: it has more than {limits.characters} characters.")
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n\n")
    if text.count("\n") > limits.lines:
        raise UnreadableBook(f"The book is too large: it has more than {limits.lines} lines.")
    return text


def _parts(text: str) -> Iterator[str]:
    """Yields the text between blank lines, part by part."""
    start = 0
    for blank in _BLANK.finditer(text):
        if part := text[start : blank.start()].strip():
            yield part
        start = blank.end()
    if part := text[start:].strip():
        yield part


@dataclass(slots=True)
class _Section:
    """A heading with the lines below it, up to the next one."""

    level: int
    """0: what stands before the first heading."""
    title: str
    lines: list[str]


def _sections(text: str, checkpoint: Callable[[], None]) -> Iterator[_Section]:
    section = _Section(0, "", [])
    fence = ""
    for line in text.split("\n"):
        checkpoint()
        if found := _FENCE.match(line):
            fence = "" if fence and found[1].startswith(fence) else fence or found[1]
        elif not fence and (begun := _heading(line, section.lines)) is not None:
            yield section
            section = begun
            continue
        section.lines.append(line)
    yield section


def _heading(line: str, before: list[str]) -> _Section | None:
    """The section that a line begins; a line that underlines takes the one before it away from its section."""
    if len(line) > _LONGEST_HEADING:
        return None
    if found := _ATX.fullmatch(line):
        return _Section(len(found[1]), spoken_text(found[2] or "").strip(), [])
    alone = before and before[-1].strip() and not (len(before) > 1 and before[-2].strip())
    if alone and (found := _UNDERLINE.fullmatch(line)) and not before[-1].lstrip().startswith((">", "-", "*", "|")):
        return _Section(1 if found[1][0] == "=" else 2, spoken_text(before.pop()).strip(), [])
    return None


def _marked(sections: Iterable[_Section], checkpoint: Callable[[], None]) -> Iterator[tuple[Paragraph, bool]]:
    """Yields paragraphs, and whether each begins a chapter."""
    for section in sections:
        if section.title:
            yield Paragraph(section.title, is_heading=True), section.level <= _DEEPEST
        for part in _parts(_spoken(section.lines, checkpoint)):
            yield Paragraph(part), False


def _spoken(lines: list[str], checkpoint: Callable[[], None]) -> str:
    """The lines without their marks. That takes a second for some 400 KB, so it can be ended in between."""
    remover = MarkupRemover()
    parts: list[str] = []
    for start in range(0, len(lines), LINES_AT_ONCE):
        checkpoint()
        parts.append(remover.feed("\n".join(lines[start : start + LINES_AT_ONCE]) + "\n"))
    return "".join((*parts, remover.finish()))


def _chapters(
    paragraphs: Iterable[tuple[Paragraph, bool]], title: str, limits: BookLimits, checkpoint: Callable[[], None]
) -> tuple[Chapter, ...]:
    """Headings in a row, such as those of a part and its first chapter, begin one chapter."""
    groups: list[list[Paragraph]] = []
    for number, (paragraph, begins) in enumerate(paragraphs):
        checkpoint()
        if number >= limits.paragraphs:
            raise UnreadableBook(f"The book is too large: it has more than {limits.paragraphs} paragraphs.")
        if not groups or (begins and not groups[-1][-1].is_heading):
            groups.append([])
        groups[-1].append(paragraph)
    if not groups:
        raise UnreadableBook("The book has no text.")
    if len(groups) > limits.chapters:
        raise UnreadableBook(f"The book is too large: it has more than {limits.chapters} chapters.")
    return tuple(_chapter(group, title) for group in groups)


def _chapter(group: list[Paragraph], book_title: str) -> Chapter:
    leading = takewhile(lambda each: each.is_heading, group)
    return Chapter(title_of(". ".join(each.text for each in leading), book_title), tuple(group))
