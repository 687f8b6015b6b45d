"""A model hub on loopback: as much of the Hugging Face hub as its client asks for, over real HTTP."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
BLOCK = 1 << 20


@dataclass
class Hub:
    """A local model hub: its files, its demands, and the requests it received."""

    repositories: dict[str, Path] = field(default_factory=dict)
    """Name -> folder with its files."""
    token: str | None = None
    """Wanted as Bearer token; None: open to all."""
    refusal: tuple[int, str] | None = None
    """Status and error code of every answer, as a gated repository gives them."""
    lost: set[str] = field(default_factory=set)
    """Files whose storage fails."""
    breaks: list[str] = field(default_factory=list)
    """Files whose body breaks off half-way, once each."""
    asked: list[str] = field(default_factory=list)
    """`METHOD /path` of every request."""
    url: str = ""
    stop: Callable[[], None] = lambda: None
    """Ends it before its time; its address then refuses connections."""

    def fetched(self) -> set[str]:
        """Names of the files that were downloaded."""
        return {line.rsplit("/", 1)[1] for line in self.asked if line.startswith("GET") and "/resolve/" in line}


@contextmanager
def running(hub: Hub) -> Iterator[Hub]:
    """Serves until the block ends; afterwards its address refuses connections."""

    class Handler(_Handler):
        served = hub

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()

    def stop() -> None:
        server.shutdown()
        thread.join()
        server.server_close()

    hub.stop = stop
    try:
        yield hub
    finally:
        stop()


class _Handler(BaseHTTPRequestHandler):
    served: Hub
    protocol_version = "HTTP/1.0"  # a connection an answer, so that none outlives the server

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def log_message(self, format: str, *args: Any) -> None:
        """Tests read `asked` instead."""

    def _answer(self, body: bool) -> None:
        path = unquote(urlsplit(self.path).path)
        self.served.asked.append(f"{self.command} {path}")
        wanted = self.served.token
        if self.served.refusal:
            self._send(self.served.refusal[0], b"", {"X-Error-Code": self.served.refusal[1]})
        elif wanted and self.headers["Authorization"] != f"Bearer {wanted}":
            self._send(401, b"", {"X-Error-Code": "RepoNotFound"})
        elif path.startswith("/api/models/"):
            self._describe(path.removeprefix("/api/models/"))
        else:
            self._file(path.removeprefix("/"), body)

    def _describe(self, path: str) -> None:
        for name, folder in self.served.repositories.items():
            files = sorted(folder.iterdir())
            if path.startswith(f"{name}/tree/"):
                self._json([{"type": "file", "path": f.name, "size": f.stat().st_size, "oid": _oid(f)} for f in files])
                return
            if path == name or path.startswith(f"{name}/revision/"):
                self._json({"id": name, "sha": COMMIT, "siblings": [{"rfilename": file.name} for file in files]})
                return
        self._send(404, b"", {"X-Error-Code": "RepoNotFound"})

    def _file(self, path: str, body: bool) -> None:
        repository, _, rest = path.partition("/resolve/")
        folder = self.served.repositories.get(repository, Path("/nowhere"))
        file = folder / rest.rpartition("/")[2]
        if not file.is_file():
            self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
        elif body and file.name in self.served.lost:
            self._send(500, b"", {})
        else:
            self._transfer(file, body)

    def _transfer(self, file: Path, body: bool) -> None:
        size = file.stat().st_size
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        self.send_header("Content-Length", str(size - start))
        self.send_header("ETag", f'"{_oid(file)}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if body:
            self._copy(file, start, size)

    def _copy(self, file: Path, start: int, end: int) -> None:
        if file.name in self.served.breaks:
            self.served.breaks.remove(file.name)
            end = start + (end - start) // 2
        with file.open("rb") as source:
            source.seek(start)
            while start < end and (block := source.read(min(BLOCK, end - start))):
                self.wfile.write(block)
                start += len(block)

    def _json(self, value: object) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _oid(file: Path) -> str:
    return hashlib.sha1(f"{file.name} {file.stat().st_size}".encode()).hexdigest()
