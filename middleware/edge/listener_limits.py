"""Limits of one listener: requests and operations a minute of one client's network, and operations at once of all.

They stand beside those of keys, for clients of systems that know no keys. This machine is a network like any other: a
proxy on it that serves strangers is to be limited where keys are, or to say no limits here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from middleware.edge.authentication import address_of
from middleware.edge.boundary import BEGIN, refuse
from middleware.edge.route_table import route_match, route_name
from middleware.listener import NO_RATES, ListenerRates, ListenerSettings
from stts.access.limits import OPERATIONS, REQUESTS, Rate
from stts.access.networks import network_of
from stts.access.places import ListenerPlaces, Places
from stts.access.policy import Public, RouteKind, RoutePolicy
from stts.access.quota_refusals import QuotaRefusals
from stts.access.rates import RateExceeded, RateLimiter, RateState, policy_header, state_header
from stts.access.roles import Role
from stts.errors import Busy, LimitsAway

THIS_MACHINE = "local"
"""Network of clients on this machine."""


class ListenerLimiting:
    """Stands inside authentication: who is refused there does not count."""

    def __init__(
        self,
        app: ASGIApp,
        listener: ListenerSettings,
        limiter: RateLimiter | None = None,
        refusals: QuotaRefusals | None = None,
        places: ListenerPlaces | None = None,
    ) -> None:
        """`limiter`: None where nobody counts requests; `refusals` is told of each. `places`: None where this process
        counts operations at once alone."""
        self.app = app
        self._name = listener.name
        self._current = listener.rates
        self._limiter = limiter
        self._refusals = refusals or QuotaRefusals()
        self._places: ListenerPlaces = places or Places()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        limits = self._current() if scope["type"] in ("http", "websocket") else NO_RATES
        match = route_match(scope)
        policy = match.policy
        if limits is NO_RATES or policy.public is Public.ANYWHERE:
            await self.app(scope, receive, send)
            return
        operates = match.is_route and is_operation(policy) and scope.get("method") != "HEAD"
        try:
            rates = list(listener_rates(self._name, limits, address_of(scope), operates=operates))
            if rates and self._limiter is not None:
                send = _Told(send, await self._limiter.hit(rates))
            if not operates or limits.operations_at_once is None:
                await self.app(scope, receive, send)
                return
            await self._in_its_place(limits.operations_at_once, limits.place_seconds, scope, receive, send)
        except RateExceeded as error:
            self._refusals.tell(scope["state"]["principal"], error.code, route_name(scope))
            await refuse(scope, receive, _Told(send, error.states), error)
        except LimitsAway as error:
            await refuse(scope, receive, send, error)

    async def _in_its_place(self, most: int, seconds: float, scope: Scope, receive: Receive, send: Send) -> None:
        place = _Place(self._places, most, seconds, receive)
        try:
            if not _has_body_to_come(scope):
                try:
                    await place.take()
                except Busy as error:
                    await refuse(scope, receive, send, error)
                    return
            await self.app(scope, place.receive, send)
        finally:
            place.give_back()


class _Place:
    """The place of one operation, taken when its body is complete: who sends slowly keeps nobody from his."""

    def __init__(self, places: ListenerPlaces, most: int, seconds: float, receive: Receive) -> None:
        self._places = places
        self._most = most
        self._seconds = seconds
        self._receive = receive
        self._is_taken = False

    async def take(self) -> None:
        """Raises Busy."""
        await self._places.take(self._most, self._seconds)
        self._is_taken = True

    async def receive(self) -> Message:
        """The last message of the body once there is a place. Raises Busy where none comes to be free.

        A client that leaves while it waits gives its turn back, and its request is one that did not come whole.
        """
        message = await self._receive()
        is_last = message["type"] == "http.request" and not message.get("more_body", False)
        if not is_last or self._is_taken:
            return message
        if self._places.take_free(self._most):
            self._is_taken = True
            return message
        return await self._left_meanwhile() or message

    def give_back(self) -> None:
        if self._is_taken:
            self._is_taken = False
            self._places.give_back()

    async def _left_meanwhile(self) -> Message | None:
        """Waits for the place; tells that the client has left where it does so before."""
        turn, leaving = asyncio.ensure_future(self.take()), asyncio.ensure_future(self._receive())
        try:
            await asyncio.wait((turn, leaving), return_when=asyncio.FIRST_COMPLETED)
            if turn.done():
                turn.result()
                return None
            return leaving.result()
        finally:
            for each in (turn, leaving):
                each.cancel()
            await asyncio.gather(turn, leaving, return_exceptions=True)


def _has_body_to_come(scope: Scope) -> bool:
    """True for requests whose routes read a body that may come slowly; those that are asked by GET read none."""
    if scope["type"] != "http" or scope["method"] == "GET":
        return False
    announced = {name: value for name, value in scope["headers"] if name in (b"content-length", b"transfer-encoding")}
    return b"transfer-encoding" in announced or announced.get(b"content-length", b"0").strip(b"0") != b""


def listener_rates(name: str, limits: ListenerRates, address: str, *, operates: bool) -> Iterator[Rate]:
    """The rates that a request from an address to the listener of this name counts for."""
    who = f"{name}:{network_of(address) or THIS_MACHINE}"
    if limits.requests_per_minute is not None:
        yield Rate(f"{REQUESTS}:{who}", limits.requests_per_minute)
    if operates and limits.operations_per_minute is not None:
        yield Rate(f"{OPERATIONS}:{who}", limits.operations_per_minute)


def is_operation(policy: RoutePolicy) -> bool:
    """True for routes that speak, listen or converse, and for no others."""
    is_use = policy.kind is RouteKind.USE and policy.role is Role.WRITE
    return is_use and policy.public is Public.NEVER and policy.action is None


class _Told:
    """Adds what is left of the rates to the head of the answer."""

    def __init__(self, send: Send, states: list[RateState]) -> None:
        self._send = send
        self._states = states

    async def __call__(self, message: Message) -> None:
        if message["type"] in BEGIN:
            told = [
                (b"ratelimit-policy", policy_header(self._states).encode()),
                (b"ratelimit", state_header(self._states).encode()),
            ]
            message = {**message, "headers": [*message.get("headers", ()), *told]}
        await self._send(message)
