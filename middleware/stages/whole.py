"""Whole answers that are there at once: what the stages do around an operation, in one step without a stream.

It has the very stages of the operation, so what is logged, counted and limited is the same.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from middleware.stages.analytics import AnalyticsStage
from middleware.stages.logging import LoggingStage
from middleware.stages.quotas import QuotaStage
from middleware.stages.timing import TimingStage
from middleware.stages.yielding import YieldingStage
from stts.access.limits import Rate
from stts.access.rates import RateLimiter, RateState
from stts.context import RequestContext
from stts.plans import SpeechRequest


@dataclass(frozen=True, slots=True)
class WholeAnswers:
    """The stages of the operation whose answers they are, and the rates that its request counts for."""

    logging: LoggingStage
    analytics: AnalyticsStage
    timing: TimingStage
    quotas: QuotaStage
    yielding: YieldingStage
    rates: RateLimiter

    async def count(
        self, context: RequestContext, request: SpeechRequest, size: int, rates: Sequence[Rate]
    ) -> list[RateState]:
        """Counts an answer of so many bytes, and gives the states of its caller's rates. Raises what a quota, a place
        or a rate refuses it with; then nothing is counted and nobody is told, so that others can be asked instead."""
        admitted = await self.quotas.admitted(context, request)
        try:
            states = await self.rates.hit(rates) if rates else []
        except BaseException:
            if admitted is not None:
                await admitted.settle(context, sent=False)
            raise
        self.analytics.begin(context)
        self.yielding.begin()
        try:
            self.timing.whole(context, size)
            if admitted is not None:
                await admitted.settle(context, sent=True)
            context.finish("completed", now=time.perf_counter())
        finally:
            self.yielding.end()
            self.analytics.end(context)
        self.logging.completed(context, request)
        return states
