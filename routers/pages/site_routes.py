"""GET /app/{name}: the pages for people, which use the public API only. GET /assets/...: their files.

GET /talk leads to the page to talk on.
"""

from __future__ import annotations

import asyncio

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from routers.http.deferred_route import deferred_router
from routers.pages.page_headers import HEADERS
from routers.pages.site import LANGUAGES, MISSING, PAGES, Site, SiteFile
from stts.access.policy import Public, RouteKind, policy
from stts.errors import NotFound

COOKIE = "stts-language"
"""The language that somebody has chosen on a page; without it the browser's own."""
FOR_GOOD = "public, max-age=31536000, immutable"


class SiteRoutes:
    """Serves the pages of a listener."""

    def __init__(self) -> None:
        self._site = Site()
        self.router = deferred_router("pages")
        add = self.router.add_api_route
        add("/app/{name}", self.page, methods=["GET"], response_class=HTMLResponse, summary="A page for people")
        add("/app/{name}/{rest:path}", self.below, methods=["GET"], include_in_schema=False)
        add("/app", self.front, methods=["GET"], include_in_schema=False)
        add("/app/", self.front, methods=["GET"], include_in_schema=False)
        add("/talk", self.talk, methods=["GET"], response_class=RedirectResponse, summary="To the page to talk on")
        add("/assets/{digest}/{path:path}", self.asset, methods=["GET"], include_in_schema=False)

    @policy(RouteKind.PAGE, Public.ALWAYS)
    async def page(self, name: str, request: Request) -> Response:
        """For people, in a browser, in English, German or Persian."""
        file = await asyncio.to_thread(self._site.page, name, _language(request))
        if file is not None and name in PAGES:
            return _answer(file, request, "no-cache", {"Vary": "Accept-Language, Cookie, Accept-Encoding"})
        return await self._missing(request)

    @policy(RouteKind.PAGE, Public.ALWAYS)
    async def below(self, name: str, rest: str, request: Request) -> Response:
        """Pages have nothing below them: whoever follows such an address is led to the page."""
        if not _is_browser(request):
            raise NotFound("There is no such page.", allowed=list(PAGES))
        return RedirectResponse("../" * (rest.count("/") + 1) + name, headers=HEADERS)

    async def _missing(self, request: Request) -> Response:
        """People get a page that leads home, programs an error. Raises NotFound."""
        file = await asyncio.to_thread(self._site.page, MISSING, _language(request))
        if file is None or not _is_browser(request):
            raise NotFound("There is no such page.", allowed=list(PAGES))
        headers = {**HEADERS, "Cache-Control": "no-store", "Vary": "Accept, Accept-Language, Cookie"}
        return Response(file.data, 404, headers=headers, media_type=file.media_type)

    @policy(RouteKind.PAGE, Public.ALWAYS)
    async def front(self, request: Request) -> Response:
        """For people who cut an address short."""
        return RedirectResponse("home" if request.url.path.endswith("/") else "app/home", headers=HEADERS)

    @policy(RouteKind.PAGE, Public.ALWAYS)
    async def talk(self, request: Request) -> Response:
        """Leads to `/app/talk`, which was here before there were other pages."""
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"app/talk{query}", headers=HEADERS)

    @policy(RouteKind.USE, Public.ALWAYS)
    async def asset(self, digest: str, path: str, request: Request) -> Response:
        """A page that was opened before an upgrade asks for files of then: it gets today's, and keeps none of them."""
        file = await asyncio.to_thread(self._site.asset, path)
        if file is None:
            raise NotFound("The pages have no such file.")
        keep = FOR_GOOD if digest == self._site.digest else "no-cache"
        return _answer(file, request, keep, {"Vary": "Accept-Encoding"})


def _answer(file: SiteFile, request: Request, cache: str, more: dict[str, str]) -> Response:
    headers = {**HEADERS, **more, "Cache-Control": cache, "ETag": file.etag}
    if request.headers.get("if-none-match") == file.etag:
        return Response(status_code=304, headers=headers)
    data = file.data
    if "gzip" in request.headers.get("accept-encoding", "") and len(file.compressed) < len(data):
        data, headers["Content-Encoding"] = file.compressed, "gzip"
    return Response(data, headers=headers, media_type=file.media_type)


def _is_browser(request: Request) -> bool:
    """True for what asks for a page to show to somebody; programs ask for anything, or for JSON."""
    return "text/html" in request.headers.get("accept", "")


def _language(request: Request) -> str:
    """The one that was chosen, else the first of the browser's that there is, else English."""
    wished = [request.cookies.get(COOKIE, "")]
    wished += [part.partition(";")[0] for part in request.headers.get("accept-language", "").split(",")]
    for tag in wished[:20]:
        if (language := tag.strip().partition("-")[0].lower()) in LANGUAGES:
            return language
    return "en"
