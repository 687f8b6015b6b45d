"""The package file of an EPUB: the title, the pages and their order, the table of contents, the cover."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from urllib.parse import unquote, urldefrag
from xml.etree.ElementTree import Element

from stts.books.archive import Archive
from stts.books.safe_xml import local_name, parsed
from stts.books.xhtml import page
from stts.errors import UnreadableBook

CONTAINER = "META-INF/container.xml"
ENCRYPTION = "META-INF/encryption.xml"
_PAGES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")
_FONTS_ONLY = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
"""Methods that hide fonts from being copied; texts are never hidden by them."""
MOST_NAMED = 50
"""Titles or authors that are looked at."""
MOST_LINES = 10_000
"""Lines of the table of contents that are read."""
LONGEST_NAME = 4_000
"""Characters of a title, an author or a line that are read. Elements may stand inside each other, so that one text is
that of a hundred."""


@dataclass(frozen=True, slots=True)
class Item:
    """A file of the book."""

    path: str
    """In the archive."""
    media_type: str
    properties: frozenset[str]


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the table of contents."""

    path: str
    anchor: str
    title: str


@dataclass(frozen=True, slots=True)
class Package:
    title: str | None
    author: str | None
    language: str | None
    items: Mapping[str, Item]
    """By id."""
    pages: Sequence[str]
    """Paths of the pages that are read, in order."""
    cover: str | None
    """Path of the image, or of a page that shows it."""
    contents: Sequence[Entry]


def package(archive: Archive) -> Package:
    """Reads the package file. Raises UnreadableBook for what is damaged, protected, or no book."""
    path = _package_path(archive)
    root = parsed(archive.read(path, f"its package file ({path})"), f"its package file ({path})")
    by_name = _by_name(root)
    items = {each.get("id", ""): _item(each, path) for each in by_name.get("item", ()) if each.get("href")}
    if not by_name.get("itemref"):
        raise UnreadableBook("The EPUB names no order of its chapters (it has no spine).")
    pages = [item.path for each in by_name["itemref"] if (item := _readable(each, items)) is not None]
    _refuse_protected(archive, pages)
    return Package(
        title=_text(by_name, "title"),
        author=", ".join(_texts(by_name, "creator")) or None,
        language=_text(by_name, "language"),
        items=items,
        pages=pages,
        cover=_cover(by_name, items, path),
        contents=list(islice(_contents(archive, items, by_name), MOST_LINES)),
    )


def _package_path(archive: Archive) -> str:
    if CONTAINER not in archive:
        raise UnreadableBook("This ZIP file is no EPUB: it has no META-INF/container.xml.")
    root = parsed(archive.read(CONTAINER, CONTAINER), CONTAINER)
    paths = [each.get("full-path") for each in root.iter() if local_name(each.tag) == "rootfile"]
    path = next(filter(None, paths), None)
    if path is None:
        raise UnreadableBook("The EPUB is damaged: META-INF/container.xml names no package file.")
    return path


def _by_name(root: Element) -> dict[str, list[Element]]:
    found: dict[str, list[Element]] = {}
    for each in root.iter():
        found.setdefault(local_name(each.tag), []).append(each)
    return found


def _item(element: Element, package_path: str) -> Item:
    path = resolved(package_path, element.get("href", ""))[0]
    return Item(path, element.get("media-type", ""), frozenset(element.get("properties", "").split()))


def resolved(base: str, address: str) -> tuple[str, str]:
    """Path in the archive and anchor of an address that stands in the file `base`. Raises UnreadableBook."""
    try:
        path, anchor = urldefrag(address)
    except ValueError as error:
        raise UnreadableBook(f"The EPUB is damaged: {base} names {address!r:.60}, which is no address.") from error
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(base), unquote(path))) if path else base
    return joined.lstrip("/"), unquote(anchor)


def _readable(itemref: Element, items: Mapping[str, Item]) -> Item | None:
    item = items.get(itemref.get("idref", ""))
    if item is None:
        raise UnreadableBook(
            f"The EPUB is damaged: its spine names {itemref.get('idref', '')!r:.60}, which it has not."
        )
    is_text = item.media_type.lower() in _PAGES and "nav" not in item.properties
    return item if is_text and itemref.get("linear", "yes") != "no" else None


def _words(element: Element) -> str:
    """The beginning of its text, on one line."""
    left, parts = LONGEST_NAME, list[str]()
    for text in element.itertext():
        parts.append(text[:left])
        left -= len(parts[-1])
        if not left:
            break
    return " ".join("".join(parts).split())


def _texts(by_name: Mapping[str, Sequence[Element]], name: str) -> list[str]:
    return list(filter(None, map(_words, by_name.get(name, ())[:MOST_NAMED])))


def _text(by_name: Mapping[str, Sequence[Element]], name: str) -> str | None:
    return next(iter(_texts(by_name, name)), None)


def _refuse_protected(archive: Archive, pages: Sequence[str]) -> None:
    """Refuses a book whose text is encrypted. Books that hide their fonts only are read."""
    if ENCRYPTION not in archive:
        return
    root = parsed(archive.read(ENCRYPTION, ENCRYPTION), ENCRYPTION)
    texts = frozenset(pages)
    # They stand side by side; what is inside one is looked at once.
    for data in (each for each in root if local_name(each.tag) == "encrypteddata"):
        by_name = _by_name(data)
        methods = [each.get("Algorithm", "") for each in by_name.get("encryptionmethod", ())]
        hidden = {unquote(each.get("URI", "")) for each in by_name.get("cipherreference", ())}
        if not hidden.isdisjoint(texts) or not all(method in _FONTS_ONLY for method in methods):
            raise UnreadableBook(
                "The EPUB is protected (DRM): its text is encrypted, and only its shop's programs read it."
            )


def _cover(by_name: Mapping[str, Sequence[Element]], items: Mapping[str, Item], base: str) -> str | None:
    """Looks where books of version 3 and 2 name their cover, and where the others put it."""
    for item in items.values():
        if "cover-image" in item.properties:
            return item.path
    for meta in by_name.get("meta", ()):
        if meta.get("name") == "cover" and (named := items.get(meta.get("content", ""))):
            return named.path
    for reference in by_name.get("reference", ()):
        if reference.get("type", "").lower() == "cover" and reference.get("href"):
            return resolved(base, reference.get("href", ""))[0]
    images = [item for item in items.values() if item.media_type.startswith("image/")]
    return next((item.path for item in images if "cover" in posixpath.basename(item.path).lower()), None)


def _contents(archive: Archive, items: Mapping[str, Item], by_name: Mapping[str, Sequence[Element]]) -> Iterator[Entry]:
    """Lines of the table of contents: of version 3's page, else of version 2's NCX file. A book may have none."""
    nav = next((item.path for item in items.values() if "nav" in item.properties), None)
    if nav is not None and nav in archive:
        what = f"its table of contents ({nav})"
        for address, title in page(archive.read(nav, what), what, contents=True).links:
            yield Entry(*resolved(nav, address), title)
        return
    named = items.get(next((spine.get("toc", "") for spine in by_name.get("spine", ())), ""))
    ncx = named or next((item for item in items.values() if item.media_type == "application/x-dtbncx+xml"), None)
    if ncx is None or ncx.path not in archive:
        return
    what = f"its table of contents ({ncx.path})"
    for point in parsed(archive.read(ncx.path, what), what).iter():
        if local_name(point.tag) == "navpoint":
            yield from _point(point, ncx.path)


def _point(point: Element, base: str) -> Iterator[Entry]:
    labels = (child for child in point if local_name(child.tag) == "navlabel")
    sources = (child.get("src", "") for child in point if local_name(child.tag) == "content")
    label, source = next(labels, None), next(sources, "")
    if label is not None and source:
        yield Entry(*resolved(base, source), _words(label))
