"""The pages for people and their files: read once, and composed for each language.

A page is a folder of `web/` with a `page.html`, which is what stands inside `<main>`, and the modules that bring it to
life. Texts stand in `web/texts`, a file a language; `{{name}}` in HTML is one of them. All other files are served below
a name that is made of their contents: browsers keep them for good, and a new version is new at once.
"""

from __future__ import annotations

import gzip
import hashlib
import html
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

WEB = Path(__file__).parent / "web"
PAGES: Mapping[str, str] = {
    "home": "read",
    "speak": "write",
    "listen": "write",
    "talk": "write",
    "voices": "write",
    "jobs": "write",
    "engines": "read",
    "analytics": "admin",
    "settings": "admin",
    "keys": "admin",
}
"""In the order of the navigation, each with the role that it is for: who has less is not shown the way to it."""
MISSING = "missing"
"""The page of an address that has none. It stands in no navigation."""
LANGUAGES: Mapping[str, str] = {"en": "ltr", "de": "ltr", "fa": "rtl"}
"""Languages of the pages, each with the direction that it is written in."""
MEDIA_TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
PLACE = re.compile(r"\{\{([\w.-]+)\}\}")


@dataclass(frozen=True, slots=True)
class SiteFile:
    """Bytes as they are sent, and the same compressed."""

    data: bytes
    compressed: bytes
    media_type: str
    etag: str

    @classmethod
    def of(cls, data: bytes, suffix: str) -> SiteFile:
        """Raises KeyError for a kind of file that pages do not have."""
        etag = f'"{hashlib.sha256(data).hexdigest()[:20]}"'
        return cls(data, gzip.compress(data, mtime=0), MEDIA_TYPES[suffix], etag)


class Site:
    """All that browsers are served, by page and language or by path. Nothing is read before it is asked for."""

    def page(self, name: str, language: str) -> SiteFile | None:
        return self._pages.get((name, language))

    def asset(self, path: str) -> SiteFile | None:
        return self.assets.get(path)

    @cached_property
    def assets(self) -> Mapping[str, SiteFile]:
        """The files by their path below the digest, `shared/style.css`."""
        return {path: SiteFile.of(file.read_bytes(), file.suffix) for path, file in sorted(_files())}

    @cached_property
    def digest(self) -> str:
        """A name for all files together: modules name each other by relative paths, so they change as one."""
        sums = [f"{path} {file.etag}" for path, file in self.assets.items()]
        return hashlib.sha256("\n".join(sums).encode()).hexdigest()[:16]

    @cached_property
    def _pages(self) -> Mapping[tuple[str, str], SiteFile]:
        shell = (WEB / "shell.html").read_text(encoding="utf-8")
        return {
            (name, language): SiteFile.of(self._composed(shell, name, language).encode(), ".html")
            for name in (*PAGES, MISSING)
            for language in LANGUAGES
        }

    def _composed(self, shell: str, name: str, language: str) -> str:
        texts = read_texts(language)
        links = "".join(_link(other, texts[f"nav.{other}"], current=other == name) for other in PAGES)
        known = {
            "assets": f"../assets/{self.digest}",
            "direction": LANGUAGES[language],
            "language": language,
            "navigation": links,
            "page": name,
            "title": html.escape(texts[f"nav.{name}"]),
        }
        framed = shell.replace("{{main}}", (WEB / name / "page.html").read_text(encoding="utf-8"))
        filled = PLACE.sub(lambda place: known.get(place[1], place[0]), framed)
        return PLACE.sub(lambda place: html.escape(texts[place[1]]), filled)


def read_texts(language: str) -> Mapping[str, str]:
    """The texts of the pages in a language, by name."""
    texts: Mapping[str, str] = json.loads((WEB / "texts" / f"{language}.json").read_text(encoding="utf-8"))
    return texts


def _link(name: str, text: str, *, current: bool) -> str:
    mark = ' aria-current="page"' if current else ""
    return f'<a href="{name}" data-page="{name}" data-needs="{PAGES[name]}"{mark}>{html.escape(text)}</a>'


def _files() -> Iterator[tuple[str, Path]]:
    for path in WEB.rglob("*"):
        if path.suffix in MEDIA_TYPES and path.suffix != ".html":
            yield path.relative_to(WEB).as_posix(), path
