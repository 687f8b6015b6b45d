"""GET /talk: the page that people talk on, and its files. Nothing in them is secret or comes from elsewhere."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from fastapi import Request, Response
from fastapi.responses import HTMLResponse

from routers.http.deferred_route import deferred_router
from stts.access.policy import Public, RouteKind, policy
from stts.errors import NotFound

FOLDER = Path(__file__).parent / "talk"
PAGE = "index.html"
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Permissions-Policy": "microphone=(self)",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True, slots=True)
class PageFile:
    data: bytes
    media_type: str
    etag: str

    @classmethod
    def read(cls, path: Path) -> PageFile:
        data = path.read_bytes()
        return cls(data, MEDIA_TYPES[path.suffix], f'"{hashlib.sha256(data).hexdigest()[:20]}"')


class TalkRoutes:
    def __init__(self) -> None:
        self._files = {path.name: PageFile.read(path) for path in FOLDER.iterdir() if path.suffix in MEDIA_TYPES}
        self.router = deferred_router("converse")
        add = self.router.add_api_route
        add("/talk", self.page, methods=["GET"], response_class=HTMLResponse, summary="A page to talk on")
        add("/talk/{name}", self.file, methods=["GET"], include_in_schema=False)

    @policy(RouteKind.PAGE, Public.ALWAYS)
    async def page(self, request: Request) -> Response:
        """For people, in a browser. It speaks WS /ws/conversation/v2."""
        return self._answer(PAGE, request)

    @policy(RouteKind.USE, Public.ALWAYS)
    async def file(self, name: str, request: Request) -> Response:
        return self._answer(name, request)

    def _answer(self, name: str, request: Request) -> Response:
        file = self._files.get(name)
        if file is None:
            raise NotFound("The page has no such file.")
        headers = {**HEADERS, "ETag": file.etag}
        if request.headers.get("if-none-match") == file.etag:
            return Response(status_code=304, headers=headers)
        return Response(file.data, headers=headers, media_type=file.media_type)
