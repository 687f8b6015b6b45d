"""EPUBs become chapters: those of their table of contents, with what is read aloud and nothing else."""

from __future__ import annotations

import io

import pytest

from stts.books.book import Book
from stts.books.reading import read_book
from tests.stts.books.epubs import Epub, page, picture

TWO = {"a.xhtml": page("<h1>One</h1><p>First words.</p>"), "b.xhtml": page("<h1>Two</h1><p>More words.</p>")}


def read(epub: Epub) -> Book:
    return read_book(io.BytesIO(epub.data()), "the_book.epub")


def texts(book: Book) -> list[tuple[str, str]]:
    return [(chapter.title, chapter.text) for chapter in book.chapters]


@pytest.mark.parametrize("version", [2, 3])
def test_chapters_are_those_of_the_table_of_contents(version: int) -> None:
    book = read(Epub(TWO, [("a.xhtml", "The First"), ("b.xhtml", "The Second")], version))
    assert texts(book) == [("The First", "One\n\nFirst words."), ("The Second", "Two\n\nMore words.")]
    assert (book.info.title, book.info.author, book.info.language) == ("Two Cities", "Ch. Dickens", "en-GB")
    assert [each.is_heading for each in book.chapters[0].paragraphs] == [True, False]
    assert book.warnings == ()


def test_chapters_begin_in_the_middle_of_pages_and_span_several() -> None:
    pages = {
        "a.xhtml": page("<p>Foreword.</p><h2 id='one'>I</h2><p>Begun.</p>"),
        "b.xhtml": page("<p>Went on.</p><div id='two'><h2>II</h2></div><p>Ended.</p>"),
    }
    book = read(Epub(pages, [("a.xhtml#one", "Chapter 1"), ("b.xhtml#two", "Chapter 2")]))
    assert texts(book) == [
        ("Two Cities", "Foreword."),
        ("Chapter 1", "I\n\nBegun.\n\nWent on."),
        ("Chapter 2", "II\n\nEnded."),
    ]


def test_without_a_table_of_contents_each_page_is_a_chapter_by_its_heading() -> None:
    pages = TWO | {"c.xhtml": page("<p>No heading.</p>"), "d.xhtml": page("<img src='x.png'/>")}
    assert [title for title, _ in texts(read(Epub(pages)))] == ["One", "Two", "3"]


def test_what_is_not_read_aloud_is_left_out() -> None:
    body = """<p>A&nbsp;word<sup><a epub:type="noteref" href="#n">1</a></sup> &amp; <ruby>漢<rt>kan</rt></ruby>.</p>
      <script>var x = "<p>no</p>";</script><style>p { color: red }</style><svg><text>no</text></svg>
      <aside epub:type="footnote" id="n"><p>no</p><aside><p>no</p></aside></aside><span epub:type="pagebreak" id="p2"/>
      <p hidden="">no</p><p>Line one<br/>line   two<br />\n</p>"""
    book = read(Epub({"a.xhtml": page(body)}))
    assert texts(book) == [("Two Cities", "A word & 漢.\n\nLine one\nline two")]


def test_pages_outside_the_order_and_the_table_itself_are_not_read() -> None:
    spine = '<spine><itemref idref="nav"/><itemref idref="p0"/><itemref idref="p1" linear="no"/></spine>'
    book = read(Epub(TWO, [("a.xhtml", "Only")], spine=spine))
    assert [title for title, _ in texts(book)] == ["Only"]


def test_addresses_are_resolved_and_unquoted() -> None:
    pages = {"text/eins%20zwei.xhtml": ""}
    manifest = '<item id="q" href="text/../text/eins%20zwei.xhtml" media-type="application/xhtml+xml"/>'
    epub = Epub({}, manifest=manifest, spine='<spine><itemref idref="q"/></spine>')
    epub.others["OPS/text/eins zwei.xhtml"] = page("<p>Found.</p>").encode("utf-16")
    assert texts(read(epub)) == [("Two Cities", "Found.")], pages


@pytest.mark.parametrize(
    ("codec", "name", "kept"),
    [("mjpeg", "c.jpg", True), ("png", "c.png", True), ("gif", "c.gif", False), ("bmp", "c.bmp", False)],
)
def test_a_cover_of_any_kind_becomes_one_that_players_show(codec: str, name: str, kept: bool) -> None:
    manifest = f'<item id="c" href="{name}" media-type="image/x" properties="cover-image"/>'
    image = picture(codec)
    cover = read(Epub(TWO, manifest=manifest, others={f"OPS/{name}": image})).info.cover
    assert cover is not None
    assert (cover.width, cover.height) == (60, 80)
    assert (cover.data == image) is kept
    assert cover.data.startswith(b"\x89PNG" if codec == "png" else b"\xff\xd8\xff")


@pytest.mark.parametrize(
    ("manifest", "metadata", "pages"),
    [
        ('<item id="c" href="x.jpg" media-type="image/jpeg"/>', '<meta name="cover" content="c"/>', {}),
        ('<item id="c" href="x.jpg" media-type="image/jpeg"/>', '<meta name="cover" content="k"/>', {"k": "img"}),
        ('<item id="c" href="my-cover.jpg" media-type="image/jpeg"/>', "", {}),
    ],
)
def test_covers_are_found_where_books_put_them(manifest: str, metadata: str, pages: dict[str, str]) -> None:
    shown = page("<svg><image xlink:href='x.jpg'/></svg>")
    more = '<item id="k" href="k.xhtml" media-type="application/xhtml+xml"/>' if pages else ""
    epub = Epub(TWO, manifest=manifest + more)
    epub.metadata += metadata
    jpeg = picture("mjpeg")
    epub.others |= {"OPS/x.jpg": jpeg, "OPS/my-cover.jpg": jpeg, "OPS/k.xhtml": shown.encode()}
    cover = read(epub).info.cover
    assert cover is not None and cover.data == jpeg


@pytest.mark.parametrize(
    "data", [b"", b"no picture", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\xff\xd8\xff\xe0"]
)
def test_a_cover_that_is_none_costs_the_cover_alone(data: bytes) -> None:
    manifest = '<item id="c" href="c.jpg" media-type="image/jpeg" properties="cover-image"/>'
    book = read(Epub(TWO, manifest=manifest, others={"OPS/c.jpg": data}))
    assert book.info.cover is None
    assert len(book.chapters) == 2
    assert book.warnings and "cover" in book.warnings[0]
