"""Requests a minute, in moving windows: of this process (the `limits` library), and of all servers that count together.

Where servers do, a request must fit into both. So whoever is over its rate here is refused without asking, and while
what counts for all is away, or has come back and forgotten all, this process grants nothing twice.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

from stts.access.limits import MOST_KNOWN, OPERATIONS, LimitSet, Rate, limits_of
from stts.access.principal import Principal
from stts.errors import TooManyRequests
from stts.settings.quotas import QuotaSettings

if TYPE_CHECKING:
    from stts.access.windows import MovingWindows


class RateState(NamedTuple):
    rate: Rate
    left: int
    reset_seconds: float
    """Until the oldest counted request leaves the window."""


class RateExceeded(TooManyRequests):
    """A rate is reached; it knows the states of all, for the headers of the answer."""

    def __init__(self, states: list[RateState], over: RateState) -> None:
        rate = over.rate
        super().__init__(_said(rate), retry_after=max(1.0, over.reset_seconds))
        self.states = states


def _said(rate: Rate) -> str:
    kind = rate.subject.partition(":")[0]
    if kind == OPERATIONS:
        return f"A client may begin {rate.most} operations a minute here, and this one has."
    return f"This {kind} may send {rate.most} requests a minute, and has sent them."


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
        self._windows: MovingWindows | None = None

    def limits_of(self, principal: Principal, network: str) -> LimitSet:
        """The limits of a caller, its rates among them."""
        return limits_of(principal, network, self._quotas())

    def left(self, rates: Sequence[Rate]) -> list[RateState]:
        """The states of this process now, for those who ask how much they may still send. Counts nothing."""
        windows = self._opened() if rates else None
        return [] if windows is None else [RateState(rate, *windows.left(rate)) for rate in rates]

    async def hit(self, rates: Sequence[Rate]) -> list[RateState]:
        """Counts one request for each rate, or for none. Raises RateExceeded, LimitsAway."""
        windows = self._opened()
        states = _left(windows, rates)
        if self._shared is not None:
            shared = await self._shared.hit(rates)
            # Others were counted here meanwhile, and what counts for all may have come back empty.
            states = _left(windows, rates)
            if shared is not None:
                states = _tightest(states, _with_room(shared))
        for rate in rates:
            windows.add(rate)
        return [RateState(state.rate, state.left - 1, state.reset_seconds) for state in states]

    def _opened(self) -> MovingWindows:
        if self._windows is None:
            from stts.access.windows import MovingWindows

            self._windows = MovingWindows(self._clock)
        return self._windows


def _left(windows: MovingWindows, rates: Sequence[Rate]) -> list[RateState]:
    """The states of this process. Raises RateExceeded."""
    return _with_room([RateState(rate, *windows.left(rate)) for rate in rates])


def _with_room(states: list[RateState]) -> list[RateState]:
    """The states. Raises RateExceeded where one has nothing left."""
    for state in states:
        if state.left <= 0:
            raise RateExceeded(states, state)
    return states


def _tightest(here: Sequence[RateState], there: Sequence[RateState]) -> list[RateState]:
    return [min(pair, key=lambda state: state.left) for pair in zip(here, there, strict=True)]


def policy_header(states: list[RateState]) -> str:
    """The value of `RateLimit-Policy`: the rates of a caller."""
    return _policies(tuple([rate for rate, _, _ in states]))


def state_header(states: list[RateState]) -> str:
    """The value of `RateLimit`: what is left of each, and when there is more."""
    return ", ".join([f'"{_name(rate)}";r={left};t={math.ceil(seconds)}' for rate, left, seconds in states])


@lru_cache(maxsize=MOST_KNOWN)
def _policies(rates: tuple[Rate, ...]) -> str:
    return ", ".join([f'"{_name(rate)}";q={rate.most};w=60' for rate in rates])


@lru_cache(maxsize=MOST_KNOWN)
def _name(rate: Rate) -> str:
    """As `requests-key`; of routes, `requests-write`."""
    kind, _, rest = rate.subject.partition(":")
    if kind == OPERATIONS:
        return "operations-client"
    return f"requests-{kind}" if kind != "route" else f"requests-{rest.partition(':')[0]}"
