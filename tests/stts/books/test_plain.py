"""Plain text and Markdown become books, with chapters where they have headings."""

from __future__ import annotations

import io
import time

import pytest

from stts.books.book import Book, BookLimits
from stts.books.reading import BookKind, read_book
from stts.errors import UnreadableBook
from tests.patience import PATIENCE

NOVEL = """A Tale

CHAPTER I. The Period

It was the best of times,
it was the worst of times.

It was the age of wisdom.

Chapter 2

PART TWO

Text of two. Chapter 3 is mentioned here.

Epilogue

The end.
"""
MARKDOWN = """---
title: "Notes: *on* speech"
author: A. Writer
lang: de
---
Before.

# Part One #
## First

Some *words* and `code`.

```
# no heading
```

Second
------
- one
- two

### Deeper
More.
"""


def read(text: str | bytes, name: str = "my_book.txt", kind: BookKind | None = None) -> Book:
    return read_book(io.BytesIO(text if isinstance(text, bytes) else text.encode()), name, kind=kind)


def test_chapters_of_a_plain_text_begin_at_lines_that_name_them() -> None:
    book = read(NOVEL)
    assert book.info.title == "my book"
    assert [chapter.title for chapter in book.chapters] == [
        "my book",
        "CHAPTER I. The Period",
        "Chapter 2. PART TWO",
        "Epilogue",
    ]
    assert book.chapters[1].paragraphs[1].text == "It was the best of times, it was the worst of times."
    assert book.chapters[2].text == "Chapter 2\n\nPART TWO\n\nText of two. Chapter 3 is mentioned here."


@pytest.mark.parametrize(
    "heading", ["Kapitel 3", "Chapitre premier", "Глава 1. Утро", "第一章 相遇", "Prologue", "Part One"]
)
def test_headings_in_other_languages(heading: str) -> None:
    book = read(f"Words before.\n\n{heading}\n\nWords after.")
    assert [chapter.title for chapter in book.chapters] == ["my book", heading]


@pytest.mark.parametrize("line", ["Part of the work is done.", "Chapter", "Introductions are made"])
def test_sentences_are_no_headings(line: str) -> None:
    assert len(read(f"Words before.\n\n{line}\n\nWords after.").chapters) == 1 or line.startswith("Part of")


def test_a_text_without_headings_is_one_chapter() -> None:
    book = read("Just words.\r\n\r\nAnd more.")
    assert [(each.title, each.text) for each in book.chapters] == [("my book", "Just words.\n\nAnd more.")]


def test_markdown_is_read_by_its_headings_without_its_marks() -> None:
    book = read(MARKDOWN, "notes.md")
    assert (book.info.title, book.info.author, book.info.language) == ("Notes: *on* speech", "A. Writer", "de")
    assert [chapter.title for chapter in book.chapters] == ["Notes: *on* speech", "Part One. First", "Second"]
    assert "Some words and code." in book.chapters[1].text
    assert "# no heading" in book.chapters[1].text
    assert [each.is_heading for each in book.chapters[2].paragraphs] == [True, False, True, False]


def test_an_only_heading_of_the_first_level_is_the_title() -> None:
    assert read("# The Sea\n\n## One\n\nA.\n\n## Two\n\nB.", "x.md").info.title == "The Sea"
    assert read("# One\n\nA.\n\n# Two\n\nB.", "x.md").info.title == "x"


@pytest.mark.parametrize(
    "front", ["---\n[: broken\n---\n", "---\n- a list\n---\n", "---\n!!python/object:os.system x\n---\n"]
)
def test_front_matter_that_is_none_is_no_error(front: str) -> None:
    assert read(f"{front}# One\n\nText.", "x.md").info.title == "One"


@pytest.mark.parametrize(
    ("front", "title"),
    [
        ("a: &a [x, x]\nb: &b [*a, *a]\ntitle: Bomb\nc: [*b, *b]", "Bomb"),
        ("date: 2024-13-45\ntitle: 2024-13-45", "2024-13-45"),
        (f"title: {'[' * 5_000}", "One"),
        ("title: *alias", "One"),
        ("title: >\n  folded", "One"),
        ("title: Yes  # or no", "Yes"),
        ("title: 'It''s'", "It's"),
        ('Title: "\\"Yes\\", he said"', '"Yes", he said'),
        ('title: "without an end', "One"),
        ("title: One of two\ntitle: Two", "One of two"),
        ("subtitle: Other\n  title: Deeper", "One"),
        (f"title: {'word ' * 4_000}"[:19_000], None),
    ],
)
def test_front_matter_is_lines_of_text_and_no_yaml(front: str, title: str | None) -> None:
    found = read(f"---\n{front}\n---\n# One\n\nText.", "x.md").info.title
    assert found == title if title is not None else len(found) <= 120


@pytest.mark.parametrize("name", ["a.md", "a.txt"])
def test_a_number_of_a_character_without_end_is_text(name: str) -> None:
    assert len(read(f"Words &#{'1' * 5_000}; more.", name).chapters) == 1


@pytest.mark.parametrize(
    ("data", "words"),
    [("Größe".encode("utf-16"), "Größe"), ("\ufeffGröße".encode(), "Größe"), ("Größe".encode("cp1252"), "Größe")],
)
def test_texts_in_other_encodings(data: bytes, words: str) -> None:
    book = read(data)
    assert book.chapters[0].text == words
    assert bool(book.warnings) == (data == "Größe".encode("cp1252"))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"%PDF-1.7 ...", "PDF"),
        (b"\0" * 60 + b"BOOKMOBI", "Kindle"),
        (b"<!DOCTYPE html><p>x", "HTML"),
        (b"\x7fELF\0\0\0", "neither"),
        (b"\xff\xfe\0", "neither"),
        (b"", "no text"),
        (b" \n\n ", "no text"),
    ],
)
def test_files_that_are_no_books_are_refused_in_words(data: bytes, words: str) -> None:
    with pytest.raises(UnreadableBook, match=words):
        read(data)


@pytest.mark.parametrize("kind", ["epub", "markdown", "text"])
def test_a_kind_that_is_claimed_and_is_not_there(kind: BookKind) -> None:
    with pytest.raises(UnreadableBook):
        read(b"PK\x05\x06" + b"\0" * 18 if kind != "epub" else b"words", kind=kind)


def test_a_line_that_looks_like_a_heading_for_ever_takes_no_time() -> None:
    started = time.process_time()
    book = read("# One\n\n# a" + " " * 1_000_000 + "x", "a.md")
    assert time.process_time() - started < PATIENCE
    assert len(book.chapters) == 1


def test_texts_beyond_their_bounds() -> None:
    for limits in (
        BookLimits(total_bytes=50),
        BookLimits(characters=50),
        BookLimits(chapters=3),
        BookLimits(paragraphs=9),
        BookLimits(lines=9),
    ):
        text = "Chapter 1\n\nWords.\n\n" * 10
        with pytest.raises(UnreadableBook, match="too large"):
            read_book(io.BytesIO(text.encode()), "a.txt", limits=limits)


@pytest.mark.parametrize("name", ["a.md", "a.txt"])
def test_reading_ends_where_its_checkpoint_ends_it(name: str) -> None:
    calls = 0

    def checkpoint() -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        read_book(io.BytesIO(b"Words.\n\n" * 10), name, checkpoint=checkpoint)
    assert calls == 3
