"""Analytics: counts every operation once, in the history and in the metrics. Around the timing stage."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

from middleware.pipeline import Item, Operation, Request
from stts.analytics.history import History, Outcome
from stts.analytics.metrics import Metrics
from stts.context import RequestContext
from stts.errors import STTSError


class AnalyticsStage:
    """An operation inside another (`metadata["parent_id"]`) passes uncounted: its outer one is counted."""

    def __init__(self, history: History, metrics: Metrics) -> None:
        self._history = history
        self._metrics = metrics

    def __call__(
        self, context: RequestContext, request: Request, call_next: Operation[Request, Item]
    ) -> AsyncIterator[Item]:
        if context.metadata.get("parent_id") is not None:
            return call_next(context, request)
        return self._counted(context, request, call_next)

    async def _counted(
        self, context: RequestContext, request: Request, call_next: Operation[Request, Item]
    ) -> AsyncGenerator[Item, None]:
        code: str | None = STTSError.code
        with self._metrics.in_progress(context.request_type):
            try:
                async for item in call_next(context, request):
                    yield item
                code = None
            except (GeneratorExit, asyncio.CancelledError):
                code = None
                raise
            except STTSError as error:
                code = error.code
                raise
            finally:
                outcome = Outcome.of(context, code)
                self._history.add(outcome)
                self._metrics.add(outcome)
