"""Requests a minute, of keys, users, networks and kinds of routes; told in headers, however the answer ends."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from middleware.edge.authentication import address_of
from middleware.edge.boundary import BEGIN, refuse
from middleware.edge.route_table import RouteMatch, local_path, route_match, route_name
from stts.access.networks import network_of
from stts.access.policy import Public
from stts.access.principal import Principal
from stts.access.quota_refusals import QuotaRefusals
from stts.access.rates import Rate, RateExceeded, RateLimiter, RateState, policy_header, state_header
from stts.errors import LimitsAway

OPENAI_PREFIX = "/v1/"
"""Clients of OpenAI's API read `x-ratelimit-*`."""


class RateLimiting:
    """Stands inside authentication. A caller without limits passes untouched."""

    def __init__(self, app: ASGIApp, limiter: RateLimiter, refusals: QuotaRefusals) -> None:
        """`refusals` is told of each."""
        self.app = app
        self._limiter = limiter
        self._refusals = refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        rates = self._rates(scope, route_match(scope))
        if not rates:
            await self.app(scope, receive, send)
            return
        is_openai = local_path(scope).startswith(OPENAI_PREFIX)
        try:
            states = await self._limiter.hit(rates)
        except RateExceeded as error:
            self._refusals.tell(scope["state"]["principal"], error.code, route_name(scope))
            await refuse(scope, receive, _Headers(send, error.states, is_openai=is_openai), error)
            return
        except LimitsAway as error:
            await refuse(scope, receive, send, error)
            return
        await self.app(scope, receive, _Headers(send, states, is_openai=is_openai))

    def _rates(self, scope: Scope, route: RouteMatch) -> list[Rate]:
        if route.policy.public is Public.ANYWHERE:
            return []
        principal: Principal = scope["state"]["principal"]
        return self._limiter.rates(principal, network_of(address_of(scope)), route.policy.role)


class _Headers:
    """Adds what is left to the head of the answer."""

    def __init__(self, send: Send, states: list[RateState], *, is_openai: bool) -> None:
        self._send = send
        self._states = states
        self._is_openai = is_openai

    async def __call__(self, message: Message) -> None:
        if message["type"] in BEGIN:
            message = {**message, "headers": [*message.get("headers", ()), *self._headers()]}
        await self._send(message)

    def _headers(self) -> list[tuple[bytes, bytes]]:
        headers = {"ratelimit-policy": policy_header(self._states), "ratelimit": state_header(self._states)}
        if self._is_openai:
            tightest = min(self._states, key=lambda state: state.left)
            headers |= {
                "x-ratelimit-limit-requests": str(tightest.rate.most),
                "x-ratelimit-remaining-requests": str(tightest.left),
                "x-ratelimit-reset-requests": f"{tightest.reset_seconds:.0f}s",
            }
        return [(name.encode(), value.encode()) for name, value in headers.items()]
