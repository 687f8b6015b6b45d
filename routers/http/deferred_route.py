"""Routes that are analysed when they are first needed: by a request, or by the document at /openapi.json.

The framework reads the signature of each endpoint and makes a validator of each of its fields. For all dialects
together that takes a twentieth of a server's start, and its first answers need few of them.
"""

from __future__ import annotations

import asyncio
import inspect
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute, APIWebSocketRoute
from starlette.routing import BaseRoute, Match, compile_path, request_response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from routers.http.body_endpoint import BodyEndpoint, takes_body


class Deferred(ABC):
    """Knows its path, and becomes the framework's route when anything else is asked of it.

    An endpoint that the framework can't serve is found then; the document asks all routes, and so do the tests.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], options: dict[str, Any]) -> None:
        self.path = path
        self.endpoint = endpoint
        self.path_regex, self.path_format, self.param_convertors = compile_path(path)
        self._options: dict[str, Any] | None = options

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
        """Makes the framework's route of it, once. Raises what that raises for an endpoint that can't be served."""
        options, self._options = self._options, None
        if options is not None:
            self._make(options)

    @abstractmethod
    def _make(self, options: dict[str, Any]) -> None: ...


class DeferredRoute(Deferred, APIRoute):
    def __init__(
        self, path: str, endpoint: Callable[..., Any], *, methods: Iterable[str] | None = None, **options: Any
    ) -> None:
        Deferred.__init__(self, path, endpoint, {"methods": methods, **options})
        self.methods = {method.upper() for method in methods or ("GET",)}
        self._stem = path.partition("{")[0]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        # The router asks one after the other, and most differ at a glance. Patterns of paths without parameters match a
        # line feed at the end, too: the table of policies, which asks them, must find the same route.
        path: str = scope["path"]
        if not path.startswith(self._stem) and not scope.get("root_path"):
            return Match.NONE, {}
        if not self.param_convertors and path.removesuffix("\n") != self.path and not scope.get("root_path"):
            return Match.NONE, {}
        return super().matches(scope)

    def _make(self, options: dict[str, Any]) -> None:
        APIRoute.__init__(self, self.path, self.endpoint, **options)
        if (model := takes_body(self.endpoint)) is not None and not options.get("dependencies"):
            self.app = BodyEndpoint(self.endpoint, model, self.app)


class DeferredSocketRoute(Deferred, APIWebSocketRoute):
    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        Deferred.__init__(self, path, endpoint, options)

    def _make(self, options: dict[str, Any]) -> None:
        APIWebSocketRoute.__init__(self, self.path, self.endpoint, **options)
        parameters = inspect.signature(self.endpoint, eval_str=True).parameters.values()
        if [each.annotation for each in parameters] == [WebSocket] and not options.get("dependencies"):
            # It takes nothing but the socket: what fields need would stay for as long as the connection, 5 KB of each.
            # Errors go to the framework's outer handler, as those of its wrapper of endpoints would at last.
            self.app = self._serve

    def _serve(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        served: Awaitable[None] = self.endpoint(WebSocket(scope, receive, send))
        return served


class DeferredRouter(APIRouter):
    """Its routes are deferred, those of sockets too. It stands for itself and is included nowhere."""

    def add_api_websocket_route(self, path: str, endpoint: Callable[..., Any], *_: Any, **options: Any) -> None:
        self.routes.append(DeferredSocketRoute(path, endpoint, **options))


class PlainRoute(DeferredRoute):
    """Answers without being analysed: its endpoint takes nothing and makes the Response itself."""

    def __init__(self, path: str, endpoint: Callable[[], Awaitable[Response]], **options: Any) -> None:
        super().__init__(path, endpoint, **options)

        async def answer(_: Request) -> Response:
            return await endpoint()

        self.app = request_response(answer)


def deferred_router(tag: str | None = None, route_class: type[DeferredRoute] = DeferredRoute) -> APIRouter:
    """A router whose routes are deferred. `tag`: their heading in the document."""
    return DeferredRouter(tags=None if tag is None else [tag], route_class=route_class)


async def analyse_routes(routes: Iterable[BaseRoute]) -> None:
    """Analyses those that are still deferred, one in each turn of the event loop."""
    for route in routes:
        if isinstance(route, Deferred) and route.is_deferred:
            route.analyse()
            await asyncio.sleep(0)
