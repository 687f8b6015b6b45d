"""Encodings, marks, addresses and amounts that EPUBs may have: what is beyond is refused, never an accident."""

from __future__ import annotations

import codecs
import io
from dataclasses import replace

import pytest

from stts.books import package as packages
from stts.books import xhtml
from stts.books.archive import Archive
from stts.books.reading import read_book
from stts.errors import UnreadableBook
from tests.stts.books.epubs import Epub, page
from tests.stts.books.test_epub_refused import SMALL, TABLE, TWO, refusal


@pytest.mark.parametrize("encoding", ["undefined", "punycode", "idna", "zlib", "unicode_escape", "utf-7", "none"])
def test_a_chapter_in_an_encoding_that_is_none_of_texts_is_named(encoding: str) -> None:
    data = page("<p>Words.</p>").replace('encoding="utf-8"', f'encoding="{encoding}"').encode()
    told = refusal(Epub(TWO, TABLE, others={"OPS/b.xhtml": data}).data())
    assert "'Beta'" in told and f"({encoding})" in told


def test_encodings_are_named_as_the_library_names_them() -> None:
    assert all(codecs.lookup(name).name == name for name in xhtml._ENCODINGS)


@pytest.mark.parametrize("name", ["latin-1", "ISO-8859-15", "Windows-1251", "Shift_JIS", "GBK", "US-ASCII"])
def test_encodings_of_old_books_are_read(name: str) -> None:
    data = page("<p>Words.</p>").replace('encoding="utf-8"', f'encoding="{name}"').encode(name)
    book = read_book(io.BytesIO(Epub(TWO, others={"OPS/a.xhtml": data}).data()), "b.epub")
    assert book.chapters[0].text == "Words."


@pytest.mark.parametrize(
    "mark", ["<![foo[x]]>", "<![ [x]]>", "<![if x]>", f"&#{'1' * 5_000};", f"<a id='&#{'1' * 5_000};'>"]
)
def test_marks_that_are_none_are_words_or_name_the_chapter(mark: str) -> None:
    data = Epub(TWO | {"b.xhtml": page(f"<p>More {mark} words.</p>")}, TABLE).data()
    try:
        assert len(read_book(io.BytesIO(data), "b.epub").chapters) == 2
    except UnreadableBook as error:
        assert "'Beta', page 2 of 2 (OPS/b.xhtml)" in error.message


def test_some_marks_are_refused() -> None:
    assert "'Beta'" in refusal(Epub(TWO | {"b.xhtml": page(f"&#{'1' * 5_000};")}, TABLE).data())


def test_an_address_that_is_none() -> None:
    manifest = '<item id="q" href="http://[#x" media-type="application/xhtml+xml"/>'
    assert "'http://[#x', which is no address" in refusal(Epub(TWO, manifest=manifest).data())
    assert "no address" in refusal(Epub(TWO, [("http://[#x", "Alpha")]).data())


def test_names_inside_each_other_are_read_to_a_bound() -> None:
    """The text of each is that of all inside it, so that it would grow with the square of the depth."""
    words = "word " * 2_000
    deep = f"{'<dc:creator>x' * 80}{words}{'</dc:creator>' * 80}"
    found = packages.package(
        Archive(io.BytesIO(Epub(TWO, metadata=f"<dc:title>{words}</dc:title>{deep}").data()), SMALL)
    )
    assert found.title is not None and len(found.title) <= packages.LONGEST_NAME
    assert found.author is not None
    assert len(found.author) <= packages.MOST_NAMED * (packages.LONGEST_NAME + 2)
    epub = Epub(TWO, [("a.xhtml", words)], version=2)
    (line,) = packages.package(Archive(io.BytesIO(epub.data()), SMALL)).contents
    assert len(line.title) <= packages.LONGEST_NAME


def test_lines_of_the_table_of_contents_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "MOST_LINES", 3)
    epub = Epub(TWO, TABLE * 4, version=2)
    assert len(packages.package(Archive(io.BytesIO(epub.data()), SMALL)).contents) == 3


def test_pages_paragraphs_and_tags_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    epub = Epub({"a.xhtml": page("<p>x</p>" * 30)}, spine="<spine>" + '<itemref idref="p0"/>' * 8 + "</spine>")
    assert "more than 200 paragraphs" in refusal(epub.data(), replace(SMALL, paragraphs=200))
    assert "more than 5 pages" in refusal(epub.data(), replace(SMALL, entries=5))
    monkeypatch.setattr(xhtml, "MOST_TAGS", 20)
    assert "page 1 of 8 (OPS/a.xhtml) has more than 20 tags" in refusal(epub.data())


def test_reading_ends_where_its_checkpoint_ends_it() -> None:
    calls = 0

    def checkpoint() -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        read_book(io.BytesIO(Epub(TWO).data()), "b.epub", checkpoint=checkpoint)
    assert calls == 3
