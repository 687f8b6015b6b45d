"""Which route a request will reach, found before it is routed: its policy and its dialect, for the classes of the edge.

Paths without parameters are found in a dictionary, the others by their patterns. A path without a route takes the
dialect that claims the longest prefix of it, the first of several, and the kind of route that goes with that prefix.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass

from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from middleware.edge.dialect import PLAIN, EdgeDialect
from middleware.listener import LISTENER, ListenerSettings
from stts.access.policy import MissingPolicy, RouteKind, RoutePolicy, policy_of

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
STATE = "route_match"
"""Key of the match in `scope["state"]`."""
PLACE_AHEAD = "place_ahead"
"""Key there of the place that the operation of a request has, where it was asked for ahead."""
ARRIVED = "arrived"
"""Key there of when the request came (`time.perf_counter()` seconds): reading its body may take long."""
REPEAT = "repeat"
"""Key there of what is noted of a request that may come again (`middleware/edge/repeats.py`)."""
SPAN, SPAN_LINK = "span", "span_link"
"""Keys there of a request's span, and of the client's span of a socket, where traces are kept."""


@dataclass(frozen=True, slots=True)
class RouteMatch:
    policy: RoutePolicy
    dialect: EdgeDialect
    path: str = ""
    """The path of the route as it is written, `/engines/{name}`; for what is not routed, the prefix that claims it."""
    is_route: bool = False
    """False where no route has the path."""


UNROUTED = RouteMatch(RoutePolicy(RouteKind.USE), PLAIN)


@dataclass(frozen=True, slots=True)
class _Entry:
    stem: str
    """All paths of it begin so."""
    pattern: re.Pattern[str]
    methods: frozenset[str]
    """Empty: all."""
    match: RouteMatch


class RouteTable:
    """The routes of one app with their policies. Made once, when the app has all of them."""

    def __init__(self, routes: Mapping[EdgeDialect, Sequence[BaseRoute]]) -> None:
        """Raises MissingPolicy for a route that states none."""
        self.dialects = tuple(routes)
        self._plain: dict[tuple[str, str], list[_Entry]] = {}
        """Routes by type of scope and path."""
        self._all: dict[str, list[_Entry]] = {"http": [], "websocket": []}
        """Routes by type of scope, in the order in which the router tries them."""
        prefixes = (
            (prefix, RouteMatch(RoutePolicy(kind), each, prefix))
            for each in routes
            for prefix, kind in each.prefixes.items()
        )
        self._prefixes = sorted(prefixes, key=lambda item: len(item[0]), reverse=True)
        for dialect, those in routes.items():
            for route in those:
                self._add(route, RouteMatch(stated_policy(route), dialect, getattr(route, "path", ""), True))
        self._always_answered = frozenset(
            path.encode()
            for (kind, path), entries in self._plain.items()
            if kind == "http" and entries[0].match.policy.kind is RouteKind.HEALTH
        )

    def is_always_answered(self, address: bytes) -> bool:
        """True if a path, with a query or none, is answered however many connections there are."""
        return address.partition(b"?")[0] in self._always_answered

    def match(self, kind: str, method: str, path: str) -> RouteMatch:
        """`kind`: "http" or "websocket". Where only the method has no route, the first route of the path counts."""
        entries = self._entries(kind, path)
        wanted = "GET" if method == "HEAD" else method
        for entry in entries:
            if not entry.methods or wanted in entry.methods:
                return entry.match
        return entries[0].match if entries else self._unrouted(path)

    def leads_on(self, path: str) -> bool:
        """True if a path without a route of its own is that of a socket, or differs by a slash at its end from one with
        a route: the router says so."""
        other = path.rstrip("/") if path.endswith("/") else f"{path}/"
        return bool(self._entries("websocket", path) or self._entries("http", other))

    def _entries(self, kind: str, path: str) -> list[_Entry]:
        # By the router's own patterns where the path is not one as it stands: these match more than their text, a line
        # feed at the end for one, and what the router lets in must have been asked for its policy.
        return self._plain.get((kind, path)) or [
            entry for entry in self._all.get(kind, ()) if path.startswith(entry.stem) and entry.pattern.match(path)
        ]

    def _add(self, route: BaseRoute, match: RouteMatch) -> None:
        assert isinstance(route, Route | WebSocketRoute | Mount)
        methods = frozenset(route.methods or ()) if isinstance(route, Route) else frozenset()
        entry = _Entry(route.path.partition("{")[0], route.path_regex, methods, match)
        kinds = (
            ("http", "websocket")
            if isinstance(route, Mount)
            else ("http",)
            if isinstance(route, Route)
            else ("websocket",)
        )
        for kind in kinds:
            self._all[kind].append(entry)
            if not (isinstance(route, Mount) or route.param_convertors):
                self._plain.setdefault((kind, route.path), []).append(entry)

    def _unrouted(self, path: str) -> RouteMatch:
        for prefix, match in self._prefixes:
            if path == prefix or path.startswith(prefix if prefix.endswith("/") else f"{prefix}/"):
                return match
        return UNROUTED


class RouteMatching:
    """Puts the RouteMatch and the listener into the state of the scope, for all that is within."""

    def __init__(self, app: ASGIApp, table: RouteTable, listener: ListenerSettings) -> None:
        self.app = app
        self._table = table
        self._listener = listener

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Not a coroutine itself: its frame would stay for as long as a socket is open."""
        if scope["type"] in ("http", "websocket"):
            match = self._table.match(scope["type"], scope.get("method", ""), local_path(scope))
            scope.setdefault("state", {}).update({STATE: match, LISTENER: self._listener, ARRIVED: time.perf_counter()})
        return self.app(scope, receive, send)


def route_match(scope: Scope) -> RouteMatch:
    """The match of a scope that has passed RouteMatching; the plain one for any other."""
    match: RouteMatch = scope.get("state", {}).get(STATE, UNROUTED)
    return match


def arrived(scope: Scope) -> float:
    """When the request came: `time.perf_counter()` seconds; now for one that has not passed RouteMatching."""
    return float(scope.get("state", {}).get(ARRIVED) or time.perf_counter())


def route_name(scope: Scope) -> str:
    """The method and the path as the route is written, which hold nothing that a client made up."""
    is_socket = scope["type"] == "websocket"
    # A method may be any word; the routes know few.
    method = "WS" if is_socket else scope["method"] if scope["method"] in METHODS else "?"
    return f"{method} {route_match(scope).path}"


def local_path(scope: Scope) -> str:
    """The path below whatever prefix a proxy has put before it."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "").rstrip("/"))


def stated_policy(route: BaseRoute) -> RoutePolicy:
    """The policy that stands at the endpoint of a route, or at the app of a mount. Raises MissingPolicy."""
    target = route.app if isinstance(route, Mount) else getattr(route, "endpoint", route)
    try:
        return policy_of(target)
    except MissingPolicy as error:
        raise MissingPolicy(f"{getattr(route, 'path', route)}: {error}") from None
