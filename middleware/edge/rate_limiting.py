"""Requests a minute, of keys, users, networks and kinds of routes. Headers tell what they and quotas leave, however the
answer ends."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator, Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from middleware.edge.authentication import address_of
from middleware.edge.boundary import BEGIN, refuse
from middleware.edge.route_table import PLACE_AHEAD, local_path, route_match, route_name
from stts.access.concurrency import Concurrency
from stts.access.limits import UNLIMITED, LimitSet, Rate
from stts.access.networks import network_of
from stts.access.place_ahead import PlaceAhead
from stts.access.policy import Public
from stts.access.quota_refusals import QuotaRefusals
from stts.access.rates import RateExceeded, RateLimiter, RateState, policy_header, state_header
from stts.access.remainders import Remainders, Wanted, tokens
from stts.errors import LimitsAway

OPENAI_PREFIX = "/v1/"
"""Clients of OpenAI's API read `x-ratelimit-*`."""


class RateLimiting:
    """Stands inside authentication. A caller without limits passes untouched."""

    def __init__(
        self,
        app: ASGIApp,
        limiter: RateLimiter,
        refusals: QuotaRefusals,
        remainders: Remainders | None = None,
        operations: Concurrency | None = None,
    ) -> None:
        """`refusals` is told of each; `remainders`: None where quotas are not told; `operations`: counts those at once
        that routes begin, None where no place is asked for ahead."""
        self.app = app
        self._limiter = limiter
        self._refusals = refusals
        self._remainders = remainders
        self._operations = operations

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Not a coroutine itself: its frame would stay for as long as a socket is open."""
        if scope["type"] not in ("http", "websocket"):
            return self.app(scope, receive, send)
        policy = route_match(scope).policy
        limits = self._limits(scope) if policy.public is not Public.ANYWHERE else UNLIMITED
        rates = limits.rates.get(policy.role, ())
        wanted = limits.amounts if self._remainders is not None else ()
        if not rates and not wanted:
            return self.app(scope, receive, send)
        headers = _Headers(send, self._remainders, wanted, is_openai=local_path(scope).startswith(OPENAI_PREFIX))
        # HEAD begins no operation.
        operates = policy.operates and scope.get("method") != "HEAD"
        ahead = self._operations.ahead(limits.subjects) if self._operations and rates and operates else None
        scope["state"][PLACE_AHEAD] = ahead
        return self._limited(rates, ahead, headers, scope, receive)

    async def _limited(
        self, rates: Sequence[Rate], ahead: PlaceAhead | None, headers: _Headers, scope: Scope, receive: Receive
    ) -> None:
        try:
            headers.states = await self._limiter.hit(rates) if rates else []
        except RateExceeded as error:
            self._refusals.tell(scope["state"]["principal"], error.code, route_name(scope))
            headers.states = error.states
            await refuse(scope, receive, headers, error)
        except LimitsAway as error:
            await refuse(scope, receive, headers.plain, error)
        else:
            await self.app(scope, receive, headers)
        finally:
            if ahead is not None:
                ahead.end()

    def _limits(self, scope: Scope) -> LimitSet:
        return self._limiter.limits_of(scope["state"]["principal"], network_of(address_of(scope)))


class _Headers:
    """Adds what is left to the head of the answer."""

    def __init__(self, send: Send, remainders: Remainders | None, wanted: Wanted, *, is_openai: bool) -> None:
        self.plain = send
        """Without them."""
        self._remainders = remainders
        self._wanted = wanted
        self._is_openai = is_openai
        self.states: list[RateState] = []

    async def __call__(self, message: Message) -> None:
        if message["type"] in BEGIN:
            message = {**message, "headers": [*message.get("headers", ()), *self._headers()]}
        await self.plain(message)

    def _headers(self) -> Iterator[tuple[bytes, bytes]]:
        return limit_headers(self.states, self._remainders, self._wanted, is_openai=self._is_openai)


def limit_headers(
    rates: list[RateState], remainders: Remainders | None, wanted: Wanted, *, is_openai: bool
) -> Iterator[tuple[bytes, bytes]]:
    """Tells what rates and quotas leave."""
    policies, left = [policy_header(rates)], [state_header(rates)]
    if is_openai and rates:
        rate = min(rates, key=lambda state: state.left)
        yield from _openai(b"requests", rate.rate.most, rate.left, rate.reset_seconds)
    if remainders is not None and wanted:
        policies.append(remainders.policies(wanted))
        left.append(remainders.states(wanted))
        if is_openai and (of := tokens(remainders.standings(wanted))) is not None:
            yield from _openai(b"tokens", of.allowance.most, of.left, of.reset_seconds)
    for name, texts in ((b"ratelimit-policy", policies), (b"ratelimit", left)):
        if value := ", ".join(filter(None, texts)):
            yield name, value.encode()


def _openai(unit: bytes, most: float, left: float, reset_seconds: float) -> Iterator[tuple[bytes, bytes]]:
    """As OpenAI's service tells of a limit."""
    yield b"x-ratelimit-limit-" + unit, b"%d" % most
    yield b"x-ratelimit-remaining-" + unit, b"%d" % left
    yield b"x-ratelimit-reset-" + unit, b"%ds" % round(reset_seconds)
