"""A package index (PEP 503 and PEP 691): which wheel of a distribution it has, where, and with which digest."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from engines.models.keys import index_keys
from engines.models.transport import Page, Transport

MOST_PAGE_BYTES = 50_000_000
ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
JSON = "application/vnd.pypi.simple.v1+json"


class NotInIndex(Exception):
    """Raised where the index does not have the wheel, or answers what no package index says."""


@dataclass(frozen=True, slots=True)
class IndexFile:
    name: str
    url: str
    sha256: str | None
    """None: the index tells no digest."""
    size: int | None
    """Bytes; None: the index does not say."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Sent with the request for it: the keys that the index is asked with."""


def find_wheel(index: str, distribution: str, version: str, transport: Transport) -> IndexFile:
    """The wheel of a distribution in exactly this version, one without compiled code if there is one.

    Raises NotInIndex, and what `Transport.page` does.
    """
    url = f"{index.rstrip('/')}/{normalised(distribution)}/"
    try:
        keys = index_keys(index, url)
    except ValueError as error:
        raise NotInIndex("its address is malformed") from error
    try:
        page = transport.page(url, {"Accept": ACCEPT, **keys}, MOST_PAGE_BYTES)
    except ValueError as error:
        raise NotInIndex(f"its page of {distribution} is too long") from error
    files = list(_files(page))
    if not files:
        raise NotInIndex(f"its answer lists no files of {distribution}: is it a package index?")
    wheels = [file for file in files if _is_wheel(file.name, distribution, version)]
    if not wheels:
        raise NotInIndex(f"it has no wheel of {distribution} {version}")
    wheel = min(wheels, key=lambda file: not file.name.endswith("-none-any.whl"))
    return replace(wheel, headers=index_keys(index, wheel.url))


def normalised(name: str) -> str:
    """A distribution's name as an index writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _is_wheel(filename: str, distribution: str, version: str) -> bool:
    if not filename.endswith(".whl") or filename.count("-") < 4:
        return False
    name, its_version = filename.split("-")[:2]
    return normalised(name) == normalised(distribution) and its_version == version


def _files(page: Page) -> Iterator[IndexFile]:
    """The files of a project, of what can be read and fetched."""
    listed = _of_json(page) if page.content_type.endswith("json") else _of_html(page)
    return (file for file in listed if urlsplit(file.url).scheme in ("http", "https"))


def _joined(base: str, link: str) -> str | None:
    """The address of a link; None: it is malformed, and the page's other links may be none the worse."""
    try:
        joined = urljoin(base, link)
        urlsplit(joined)
    except ValueError:
        return None
    return joined


def _of_json(page: Page) -> Iterator[IndexFile]:
    try:
        content = json.loads(page.body)
    except (ValueError, RecursionError):
        raise NotInIndex("its answer is no JSON") from None
    files = content.get("files") if isinstance(content, Mapping) else None
    for each in files if isinstance(files, list) else ():
        if not isinstance(each, Mapping):
            continue
        name, url = each.get("filename"), each.get("url")
        if isinstance(name, str) and isinstance(url, str) and (link := _joined(page.url, url)) is not None:
            yield _entry(each, link)


def _entry(each: Mapping[str, Any], link: str) -> IndexFile:
    hashes, size = each.get("hashes"), each.get("size")
    digest = hashes.get("sha256") if isinstance(hashes, Mapping) else None
    url = urldefrag(link).url
    return IndexFile(each["filename"], url, _digest(digest), size if isinstance(size, int) and size > 0 else None)


def _of_html(page: Page) -> Iterator[IndexFile]:
    anchors = _Anchors(page.url)
    anchors.feed(page.body.decode("utf-8", errors="replace"))
    for link in anchors.links:
        url, fragment = urldefrag(link)
        algorithm, _, value = fragment.partition("=")
        name = unquote(urlsplit(url).path.rsplit("/", 1)[-1])
        yield IndexFile(name, url, _digest(value) if algorithm == "sha256" else None, None)


def _digest(value: object) -> str | None:
    text = value.lower() if isinstance(value, str) else ""
    return text if re.fullmatch(r"[0-9a-f]{64}", text) else None


class _Anchors(HTMLParser):
    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = base
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: Iterable[tuple[str, str | None]]) -> None:
        target = dict(attrs).get("href")
        if target is None or (link := _joined(self._base, target)) is None:
            return
        if tag == "base":
            self._base = link
        elif tag == "a":
            self.links.append(link)
