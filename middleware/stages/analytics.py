"""Analytics: every operation is counted once, as a record that is given to whoever keeps records."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence

from middleware.pipeline import Item, Operation, Request
from stts.analytics.record import OperationRecord, RecordWriter
from stts.context import RequestContext


class AnalyticsStage:
    """Tells its writers of each operation's start and end. An operation inside another passes uncounted."""

    def __init__(self, writers: Sequence[RecordWriter]) -> None:
        self._writers = tuple(writers)

    def __call__(
        self, context: RequestContext, request: Request, call_next: Operation[Request, Item]
    ) -> AsyncIterator[Item]:
        if context.parent is not None:
            return call_next(context, request)
        return self._counted(context, request, call_next)

    async def _counted(
        self, context: RequestContext, request: Request, call_next: Operation[Request, Item]
    ) -> AsyncGenerator[Item, None]:
        self.begin(context)
        try:
            async for item in call_next(context, request):
                yield item
        finally:
            self.end(context)

    def begin(self, context: RequestContext) -> None:
        for writer in self._writers:
            writer.operation_started(context.request_type)

    def end(self, context: RequestContext) -> None:
        record = OperationRecord.of(context)
        for writer in self._writers:
            writer.operation_finished(record)
