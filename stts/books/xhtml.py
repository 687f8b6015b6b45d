"""The words of an XHTML page of a book, as paragraphs; what is not read aloud is left out.

Pages are read as HTML, as lenient as browsers are: books are full of undeclared `&nbsp;` and unclosed tags. A page that
is cut off is an error, because a listener would not notice what is missing.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

from stts.errors import UnreadableBook

_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
# fmt: off
_BLOCKS = _HEADINGS | frozenset((
    "p", "div", "section", "article", "aside", "header", "footer", "main", "body", "blockquote", "li", "ul", "ol",
    "dl", "dt", "dd", "table", "tr", "td", "th", "caption", "figure", "figcaption", "pre", "hr", "address",
))
_SILENT = frozenset((
    "script", "style", "head", "nav", "svg", "math", "rt", "rp", "audio", "video", "object", "iframe", "template",
))
# fmt: on
_SILENT_TYPES = frozenset(("noteref", "footnote", "footnotes", "endnote", "endnotes", "rearnote", "pagebreak", "toc"))
"""Values of `epub:type` that are not read aloud in the middle of a text."""
_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
)
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}encoding=["']([\w.:-]{1,40})["']""")
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r" ?\n[ \n]*")
# fmt: off
_ENCODINGS = frozenset((
    "ascii", "utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-16-le", "koi8-r", "koi8-u", "mac-roman", "shift_jis",
    "cp932", "euc_jp", "iso2022_jp", "gb2312", "gbk", "gb18030", "big5", "big5hkscs", "euc_kr", "cp949",
    *(f"iso8859-{part}" for part in range(1, 17) if part != 12),
    *(f"cp{page}" for page in (437, 850, 852, 866, 874, *range(1250, 1259))),
))
# fmt: on
"""Those that texts are written in, as Python names them; it has others, which are none of bytes or cost too much."""
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))

SLICE_CHARACTERS = 2**16
LONGEST_MARK = 2**19
"""Characters of a tag, comment or script; pictures may stand inside tags."""
MOST_TAGS = 500_000
"""Tags of a page, at most: each may begin a paragraph or be a link."""
LONGEST_LAST_MARK = 1000
"""Characters of what is unfinished at the end of a page and is read nevertheless."""

Attributes = Sequence[tuple[str, str | None]]


@dataclass(slots=True)
class Block:
    """A paragraph or heading of a page."""

    text: str
    heading: int = 0
    """1 to 6; 0: none."""
    anchors: list[str] = field(default_factory=list)
    """Ids of elements that begin in it or before it."""


@dataclass(frozen=True, slots=True)
class Page:
    title: str
    """The title in its head; often that of the book."""
    blocks: Sequence[Block]
    images: Sequence[str]
    """Addresses of its images, as written."""
    links: Sequence[tuple[str, str]]
    """Addresses and texts of its links, as written."""


def page(data: bytes, what: str, *, contents: bool = False) -> Page:
    """Reads a page. `contents`: for its table of contents alone. Raises UnreadableBook, naming `what`."""
    text = _decoded(data, what)
    lowered = text.lower()
    if "<body" in lowered and "</body" not in lowered and "</html" not in lowered:
        raise UnreadableBook(f"The EPUB is damaged: {what} is cut off.")
    reader = _Reader(contents=contents)
    reader.read(text, what)
    return reader.page()


def _decoded(data: bytes, what: str) -> str:
    declared = _DECLARED.match(data)
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    encoding = encoding or (declared[1].decode("ascii") if declared else "utf-8")
    try:
        if codecs.lookup(encoding).name not in _ENCODINGS:
            raise UnreadableBook(f"The EPUB is damaged: {what} names an encoding that texts are not in ({encoding}).")
        return data.decode(encoding)
    except (UnicodeError, LookupError) as error:
        raise UnreadableBook(
            f"The EPUB is damaged: {what} is not in the encoding that it names ({encoding})."
        ) from error


class _Reader(HTMLParser):
    def __init__(self, *, contents: bool) -> None:
        super().__init__(convert_charrefs=True)
        self._contents = contents
        self._tags = 0
        self._blocks: list[Block] = []
        self._images: list[str] = []
        self._links: list[tuple[str, str]] = []
        self._parts: list[str] = []
        self._anchors: list[str] = []
        self._heading = 0
        self._title: list[str] | None = None
        self._page_title = ""
        self._link: tuple[str, list[str]] | None = None
        self._silent: tuple[str, int] | None = None
        """Element that is left out, and how many of its kind are open inside it."""

    def read(self, text: str, what: str) -> None:
        """Reads slice by slice: what is unfinished at the end of one is looked at again with the next.

        The parser takes time that grows with the square of what is unfinished, so that is bounded.
        """
        try:
            for start in range(0, len(text), SLICE_CHARACTERS):
                self.feed(text[start : start + SLICE_CHARACTERS])
                if len(self.rawdata) > LONGEST_MARK:
                    raise UnreadableBook(f"The EPUB is damaged: {what} has a tag or a comment without an end.")
                if self._tags > MOST_TAGS:
                    raise UnreadableBook(f"The EPUB is refused: {what} has more than {MOST_TAGS} tags.")
            if len(self.rawdata) <= LONGEST_LAST_MARK:
                self.close()
        except (AssertionError, ValueError) as error:
            # The parser asserts for marked sections that it does not know, and converts numbers of any length.
            raise UnreadableBook(f"The EPUB is damaged: {what} has a mark that is none ({error}).") from error

    def page(self) -> Page:
        self._end_block()
        return Page(self._page_title, self._blocks, self._images, self._links)

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        self._begin(tag, dict(attrs), is_open=tag not in _VOID)

    def handle_startendtag(self, tag: str, attrs: Attributes) -> None:
        self._begin(tag, dict(attrs), is_open=False)

    def _begin(self, tag: str, attributes: dict[str, str | None], *, is_open: bool) -> None:
        self._tags += 1
        if tag == "title" and is_open:
            self._title = []
        source = attributes.get("src") or attributes.get("xlink:href")
        if tag in ("img", "image") and source:
            self._images.append(source)
        if self._silent is not None:
            name, depth = self._silent
            self._silent = (name, depth + (is_open and tag == name))
            return
        if is_open and (_is_other_list if self._contents else _is_silent)(tag, attributes):
            self._silent = (tag, 1)
            return
        self._open(tag, attributes)

    def _open(self, tag: str, attributes: dict[str, str | None]) -> None:
        if tag in _BLOCKS:
            self._end_block()
            self._heading = int(tag[1]) if tag in _HEADINGS else 0
        elif tag == "br":
            self._parts.append("\n")
        if tag == "a":
            self._end_link()
            self._link = (attributes.get("href") or "", [])
        if anchor := attributes.get("id") or (attributes.get("name") if tag == "a" else None):
            self._anchors.append(anchor)

    def handle_endtag(self, tag: str) -> None:
        self._tags += 1
        if tag == "title" and self._title is not None:
            self._page_title, self._title = " ".join("".join(self._title).split()), None
        if self._silent is not None:
            name, depth = self._silent
            left = depth - (tag == name)
            self._silent = (name, left) if left else None
        elif tag in _BLOCKS:
            self._end_block()
        elif tag == "a":
            self._end_link()

    def handle_data(self, data: str) -> None:
        if self._title is not None:
            self._title.append(data)
        elif self._silent is None:
            self._parts.append(data.replace("\n", " ").replace("\r", " "))
            if self._link is not None:
                self._link[1].append(data)

    def _end_link(self) -> None:
        if self._link is not None:
            self._links.append((self._link[0], " ".join("".join(self._link[1]).split())))
            self._link = None

    def _end_block(self) -> None:
        text = _LINES.sub("\n", _SPACES.sub(" ", "".join(self._parts))).replace("\u00ad", "").strip()
        self._parts.clear()
        if text:
            self._blocks.append(Block(text, self._heading, self._anchors))
            self._anchors = []
        self._heading = 0


def _kinds(attributes: dict[str, str | None]) -> set[str]:
    role = (attributes.get("role") or "").replace("doc-", "")
    return {*(attributes.get("epub:type") or "").split(), *role.split()}


def _is_silent(tag: str, attributes: dict[str, str | None]) -> bool:
    return tag in _SILENT or "hidden" in attributes or not _SILENT_TYPES.isdisjoint(_kinds(attributes))


def _is_other_list(tag: str, attributes: dict[str, str | None]) -> bool:
    """True for the lists of pages and landmarks, which stand beside a table of contents."""
    return tag in ("script", "style", "head") or (tag == "nav" and "toc" not in (_kinds(attributes) or {"toc"}))
