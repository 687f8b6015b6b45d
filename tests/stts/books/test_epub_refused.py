"""EPUBs that are bombs, damaged, protected or none are refused in words that name what is wrong and where."""

from __future__ import annotations

import io
import struct
import time
import zipfile
from dataclasses import replace

import pytest

from stts.books.book import BookLimits
from stts.books.reading import read_book
from stts.errors import UnreadableBook
from tests.patience import PATIENCE
from tests.stts.books.epubs import Epub, page

TWO = {"a.xhtml": page("<p>First words.</p>"), "b.xhtml": page("<h1>Two</h1><p>More words.</p>")}
TABLE = [("a.xhtml", "Alpha"), ("b.xhtml", "Beta")]
SMALL = BookLimits(entries=20, entry_bytes=200_000, total_bytes=300_000, characters=100_000, chapters=10)
MANY = replace(SMALL, characters=10_000_000)
ENTITIES = '<!DOCTYPE package [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE package [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


def refusal(data: bytes, limits: BookLimits = SMALL) -> str:
    with pytest.raises(UnreadableBook) as caught:
        read_book(io.BytesIO(data), "b.epub", limits=limits)
    return caught.value.message


def encrypted(uri: str, method: str) -> bytes:
    return (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" '
        'xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:EncryptedData>'
        f'<e:EncryptionMethod Algorithm="{method}"/><e:CipherData><e:CipherReference URI="{uri}"/></e:CipherData>'
        "</e:EncryptedData></encryption>"
    ).encode()


def test_a_chapter_that_unpacks_to_far_more_than_it_is_packed_in() -> None:
    epub = Epub(TWO, TABLE, others={"OPS/b.xhtml": b"a" * 20_000_000})
    assert "'Beta', page 2 of 2 (OPS/b.xhtml) unpacks to 20000000 bytes" in refusal(epub.data(), BookLimits())


def test_chapters_that_are_too_much_one_by_one_or_together() -> None:
    text = "".join(f"<p>{number} words and more words</p>" for number in range(5_000))
    assert "OPS/b.xhtml" in refusal(Epub({"a.xhtml": page("<p>A.</p>"), "b.xhtml": page(text * 2)}).data())
    assert "too much" in refusal(Epub({f"{n}.xhtml": page(text) for n in range(4)}).data(), MANY)
    limits = BookLimits(characters=50_000)
    assert "50000 characters" in refusal(Epub({"a.xhtml": page(text)}).data(), limits)


def test_a_size_that_the_table_of_files_belies() -> None:
    """Bytes are counted while they are unpacked, whatever the archive says of them."""
    text = page("".join(f"<p>{number} words and more words</p>" for number in range(20_000)))
    data = bytearray(Epub({"a.xhtml": text}).data())
    at = data.rfind(b"PK\x01\x02", 0, data.rfind(b"OPS/a.xhtml"))
    struct.pack_into("<L", data, at + 24, 1000)
    assert "OPS/a.xhtml" in refusal(bytes(data))


def test_too_many_files() -> None:
    epub = Epub(TWO, others={f"OPS/{number}.png": b"" for number in range(30)})
    assert "more than 20 files" in refusal(epub.data())


def test_a_table_of_files_that_is_longer_than_it_says() -> None:
    data = bytearray(Epub(TWO, others={f"OPS/{number}.png": b"" for number in range(30)}).data())
    struct.pack_into("<2H", data, data.rfind(b"PK\x05\x06") + 8, 1, 1)
    assert "more than 20 files" in refusal(bytes(data))


@pytest.mark.parametrize("doctype", [ENTITIES, OUTSIDE])
def test_entities(doctype: str) -> None:
    assert "declares entities" in refusal(Epub(TWO, doctype=doctype).data())


def test_an_entity_of_a_chapter_reads_no_file() -> None:
    outside = '<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + page("<p>One &x; two.</p>")
    book = read_book(io.BytesIO(Epub({"a.xhtml": outside}).data()), "b.epub")
    assert "root" not in book.chapters[0].text


def test_elements_inside_each_other_without_end() -> None:
    epub = Epub(TWO, others={"META-INF/container.xml": b"<a>" * 5000})
    assert "too deep" in refusal(epub.data())


def test_a_chapter_whose_bytes_are_damaged_is_named() -> None:
    data = bytearray(Epub(TWO, TABLE).data(zipfile.ZIP_STORED))
    at = data.find(b"More words")
    data[at] ^= 1
    assert refusal(bytes(data)) == "The EPUB is damaged: 'Beta', page 2 of 2 (OPS/b.xhtml) cannot be unpacked."


def test_a_chapter_that_is_cut_off_is_named() -> None:
    epub = Epub(TWO | {"b.xhtml": TWO["b.xhtml"][:-25]}, TABLE)
    assert refusal(epub.data()) == "The EPUB is damaged: 'Beta', page 2 of 2 (OPS/b.xhtml) is cut off."


def test_a_chapter_in_another_encoding_than_it_says_is_named() -> None:
    epub = Epub(TWO, TABLE, others={"OPS/b.xhtml": page("<p>Größe</p>").encode("latin-1")})
    assert "'Beta'" in refusal(epub.data()) and "(utf-8)" in refusal(epub.data())


@pytest.mark.parametrize("piece", ["<!--", "<a ", "</a ", "<![CDATA[", "<?", "<a x='", "<a b=c ", "</", "<script>"])
def test_marks_without_end_take_no_time(piece: str) -> None:
    """The standard parser takes time that grows with the square of them: seconds for 20 KB, hours for a chapter."""
    text = f"<body><p>Words.</p>{piece * (2_000_000 // len(piece))}"
    started = time.process_time()
    assert "without an end" in refusal(Epub({"a.xhtml": text + "</body>"}).data(zipfile.ZIP_STORED), BookLimits())
    assert time.process_time() - started < PATIENCE


def test_a_chapter_that_is_missing_is_named() -> None:
    epub = Epub(TWO, TABLE, spine='<spine><itemref idref="p0"/><itemref idref="gone"/></spine>')
    assert "'gone'" in refusal(epub.data())
    manifest = '<item id="q" href="q.xhtml" media-type="application/xhtml+xml"/>'
    epub = Epub(TWO, manifest=manifest, spine='<spine><itemref idref="q"/></spine>')
    assert refusal(epub.data()) == "The EPUB is damaged: page 1 of 1 (OPS/q.xhtml) is not in it."


@pytest.mark.parametrize("spine", ["", "<spine/>", "<spine></spine>"])
def test_a_book_without_an_order(spine: str) -> None:
    assert "no spine" in refusal(Epub(TWO, spine=spine).data())


def test_a_book_of_pictures() -> None:
    assert "no text" in refusal(Epub({"a.xhtml": page("<img src='1.png'/>")}).data())


@pytest.mark.parametrize(
    ("uri", "method"),
    [
        ("OPS/a.xhtml", "http://www.w3.org/2001/04/xmlenc#aes128-cbc"),
        ("OPS/f.otf", "http://www.w3.org/2001/04/xmlenc#aes"),
    ],
)
def test_a_protected_book(uri: str, method: str) -> None:
    others = {"META-INF/encryption.xml": encrypted(uri, method)}
    assert "protected (DRM)" in refusal(Epub(TWO, others=others).data())


def test_a_book_that_hides_its_fonts_is_read() -> None:
    others = {"META-INF/encryption.xml": encrypted("OPS/f.otf", "http://www.idpf.org/2008/embedding")}
    assert len(read_book(io.BytesIO(Epub(TWO, others=others).data())).chapters) == 2


def test_a_zip_file_with_a_password() -> None:
    data = bytearray(Epub(TWO).data())
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.rfind(signature, 0, data.rfind(b"META-INF/container.xml") if place == 8 else data.find(b"META-INF/"))
        data[at + place] |= 1
    assert "password" in refusal(bytes(data))


def test_another_zip_file() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    assert "no EPUB" in refusal(file.getvalue())


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_book_that_is_cut_off_anywhere(share: float) -> None:
    data = Epub(TWO, TABLE).data()
    assert "damaged" in refusal(data[: int(share * len(data))])


def test_damage_anywhere_is_an_error_of_the_book_or_none() -> None:
    """Whatever byte is wrong, nothing else is ever raised."""
    data = Epub(TWO, TABLE, others={"OPS/x.png": b"x"}).data()
    refused = 0
    for at in range(0, len(data), 3):
        broken = bytearray(data)
        broken[at] ^= 0x55
        try:
            read_book(io.BytesIO(bytes(broken)), "b.epub", kind="epub")
        except UnreadableBook:
            refused += 1
    assert refused > len(data) / 30
