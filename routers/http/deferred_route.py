"""Routes that are analysed when they are first needed: by a request, or by the document at /openapi.json.

The framework reads the signature of each endpoint and makes a validator of each of its fields. For all dialects
together that takes a twentieth of a server's start, and its first answers need few of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, compile_path, request_response


class DeferredRoute(APIRoute):
    """Knows its path and methods, and becomes an APIRoute when anything else is asked of it.

    An endpoint that the framework can't serve is found then; the document asks all routes, and so do the tests.
    """

    def __init__(
        self, path: str, endpoint: Callable[..., Any], *, methods: Iterable[str] | None = None, **options: Any
    ) -> None:
        self.path = path
        self.endpoint = endpoint
        self.methods = {method.upper() for method in methods or ("GET",)}
        self.path_regex, self.path_format, self.param_convertors = compile_path(path)
        self._options: dict[str, Any] | None = {"methods": self.methods, **options}

    def __getattr__(self, name: str) -> Any:
        """Called for what is not there yet."""
        if self.is_deferred:
            self.analyse()
            return getattr(self, name)
        raise AttributeError(name)

    @property
    def is_deferred(self) -> bool:
        return self.__dict__.get("_options") is not None

    def analyse(self) -> None:
        """Makes an APIRoute of it, once. Raises what the framework raises for an endpoint that it can't serve."""
        options, self._options = self._options, None
        if options is not None:
            super().__init__(self.path, self.endpoint, **options)


class PlainRoute(DeferredRoute):
    """Answers without being analysed: its endpoint takes nothing and makes the Response itself."""

    def __init__(self, path: str, endpoint: Callable[[], Awaitable[Response]], **options: Any) -> None:
        super().__init__(path, endpoint, **options)

        async def answer(_: Request) -> Response:
            return await endpoint()

        self.app = request_response(answer)


def deferred_router(tag: str | None = None, route_class: type[DeferredRoute] = DeferredRoute) -> APIRouter:
    """A router whose routes are deferred. `tag`: their heading in the document."""
    return APIRouter(tags=None if tag is None else [tag], route_class=route_class)


async def analyse_routes(routes: Iterable[BaseRoute]) -> None:
    """Analyses those that are still deferred, one in each turn of the event loop."""
    for route in routes:
        if isinstance(route, DeferredRoute) and route.is_deferred:
            route.analyse()
            await asyncio.sleep(0)
