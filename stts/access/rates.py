"""Requests a minute, in moving windows: of this process (the `limits` library), and of all servers that count together.

Where servers do, a request must fit into both. So whoever is over its rate here is refused without asking, and while
what counts for all is away, or has come back and forgotten all, this process grants nothing twice.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from stts.access.limits import subjects
from stts.access.principal import Principal
from stts.access.roles import Role
from stts.errors import TooManyRequests
from stts.settings.quotas import QuotaSettings

if TYPE_CHECKING:
    from limits import RateLimitItemPerMinute
    from limits.aio.strategies import MovingWindowRateLimiter


WINDOW_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Rate:
    """The most requests a minute of one subject."""

    subject: str
    most: int


@dataclass(frozen=True, slots=True)
class RateState:
    rate: Rate
    left: int
    reset_seconds: float
    """Until the oldest counted request leaves the window."""


class RateExceeded(TooManyRequests):
    """A rate is reached; it knows the states of all, for the headers of the answer."""

    def __init__(self, states: list[RateState], over: RateState) -> None:
        rate = over.rate
        said = f"This {rate.subject.partition(':')[0]} may send {rate.most} requests a minute, and has sent them."
        super().__init__(said, retry_after=max(1.0, over.reset_seconds))
        self.states = states


class SharedRates(Protocol):
    """Counts for several servers together."""

    async def hit(self, rates: Sequence[Rate]) -> list[RateState] | None:
        """The states before a request, which is counted for each where all have something left; None where this process
        counts alone now. Raises LimitsAway."""
        ...


class RateLimiter:
    """One for the process; it imports the library when the first limited caller comes."""

    def __init__(
        self,
        quotas: Callable[[], QuotaSettings],
        clock: Callable[[], float] = time.monotonic,
        shared: SharedRates | None = None,
    ) -> None:
        """`shared`: None where this process counts alone."""
        self._quotas = quotas
        self._clock = clock
        self._shared = shared
        self._window: MovingWindowRateLimiter | None = None

    def rates(self, principal: Principal, network: str, role: Role) -> list[Rate]:
        """Every rate that a request to a route of this role counts for."""
        quotas = self._quotas()
        rates = [
            Rate(each.name, most)
            for each in subjects(principal, network, quotas)
            if (most := each.limits.get("requests_per_minute")) is not None
        ]
        of_role = quotas.routes.get(role.label)  # type: ignore[call-overload]
        if of_role is not None and (principal.key is not None or network):
            caller = principal.name if principal.key is not None else f"address:{network}"
            rates.append(Rate(f"route:{role.label}:{caller}", of_role))
        return rates

    async def hit(self, rates: list[Rate]) -> list[RateState]:
        """Counts one request for each rate, or for none. Raises RateExceeded, LimitsAway."""
        window = self._opened()
        states = await self._left(window, rates)
        if self._shared is not None:
            shared = await self._shared.hit(rates)
            # Others were counted here meanwhile, and what counts for all may have come back empty.
            states = await self._left(window, rates)
            if shared is not None:
                states = _tightest(states, _with_room(shared))
        for rate in rates:
            await window.hit(_item(rate.most), rate.subject)
        return [RateState(state.rate, state.left - 1, state.reset_seconds) for state in states]

    async def _left(self, window: MovingWindowRateLimiter, rates: Sequence[Rate]) -> list[RateState]:
        """The states of this process. Raises RateExceeded."""
        return _with_room([await self._state(window, rate) for rate in rates])

    async def _state(self, window: MovingWindowRateLimiter, rate: Rate) -> RateState:
        if rate.most == 0:
            return RateState(rate, 0, WINDOW_SECONDS)
        stats = await window.get_window_stats(_item(rate.most), rate.subject)
        return RateState(rate, stats.remaining, max(0.0, stats.reset_time - self._clock()))

    def _opened(self) -> MovingWindowRateLimiter:
        if self._window is None:
            from limits.aio.strategies import MovingWindowRateLimiter

            from stts.access.windows import MovingWindows

            self._window = MovingWindowRateLimiter(MovingWindows(self._clock))
        return self._window


def _with_room(states: list[RateState]) -> list[RateState]:
    """The states. Raises RateExceeded where one has nothing left."""
    for state in states:
        if state.left <= 0:
            raise RateExceeded(states, state)
    return states


def _tightest(here: Sequence[RateState], there: Sequence[RateState]) -> list[RateState]:
    return [min(pair, key=lambda state: state.left) for pair in zip(here, there, strict=True)]


@lru_cache(maxsize=1024)
def _item(most: int) -> RateLimitItemPerMinute:
    from limits import RateLimitItemPerMinute

    return RateLimitItemPerMinute(most)


def policy_header(states: list[RateState]) -> str:
    """The value of `RateLimit-Policy`: the rates of a caller."""
    return ", ".join(f'"{name}";q={state.rate.most};w=60' for name, state in _named(states))


def state_header(states: list[RateState]) -> str:
    """The value of `RateLimit`: what is left of each, and when there is more."""
    return ", ".join(f'"{name}";r={state.left};t={math.ceil(state.reset_seconds)}' for name, state in _named(states))


def _named(states: list[RateState]) -> Iterator[tuple[str, RateState]]:
    for state in states:
        kind, _, rest = state.rate.subject.partition(":")
        yield (f"requests-{kind}" if kind != "route" else f"requests-{rest.partition(':')[0]}"), state
