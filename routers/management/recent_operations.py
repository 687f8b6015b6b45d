"""GET /analytics/operations: single operations of late, with where the time of each went."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query

from routers.http.deferred_route import deferred_router
from routers.management.recent_schemas import OperationShape, RecentReport
from stts.access.policy import RouteKind, policy
from stts.analytics.cause import Cause
from stts.analytics.recent import FAILED, HOURS, NEWEST, SLOWEST, RecentOperation, RecentOperations
from stts.context import RequestType

MOST_ROWS = 200
Name = Annotated[str | None, Query(max_length=64)]
Order = Literal["slowest", "newest"]


class RecentRoutes:
    def __init__(self, recent: RecentOperations) -> None:
        self._recent = recent
        self.router = deferred_router("analytics")
        self.router.add_api_route(
            "/analytics/operations", self.operations, methods=["GET"], summary="Which operation was slow, and why"
        )

    @policy(RouteKind.MANAGE)
    async def operations(
        self,
        request_id: Annotated[
            str | None, Query(max_length=128, description="Only of this request: the `X-Request-ID` of its answer.")
        ] = None,
        status: Annotated[
            Literal["completed", "error", "cancelled"] | None, Query(description="Only those that ended so.")
        ] = None,
        kind: Annotated[RequestType | None, Query(description="Only these.")] = None,
        engine: Annotated[Name, Query(description="Only by this engine.")] = None,
        key: Annotated[Name, Query(description="Only with the key of this id; empty: without one.")] = None,
        listener: Annotated[Name, Query(description="Only what came by this listener.")] = None,
        cause: Annotated[Cause | None, Query(description="Only those whose time went there.")] = None,
        order: Annotated[Order, Query(description="How long somebody waited, or when it ended.")] = "slowest",
        limit: Annotated[int, Query(ge=1, le=MOST_ROWS, description="Rows, at most.")] = 20,
    ) -> RecentReport:
        """Operations of this server since its start: the newest, those that failed, and the slowest of each hour of a
        day. What was refused before there was any work, as without a key, is none."""
        wished = {
            "request_id": request_id,
            "status": status,
            "type": kind,
            "engine": engine,
            "key_id": key,
            "listener": listener,
        }
        wanted = {name: value for name, value in wished.items() if value is not None}
        found = [operation for operation in self._recent.kept() if _is_wanted(operation, wanted)]
        if order == "slowest":
            found.sort(reverse=True)
        shapes = (OperationShape.of(operation) for operation in found)
        rows = [shape for shape in shapes if cause is None or shape.cause == cause]
        return RecentReport(
            operations=rows[:limit],
            found=len(rows),
            keeps=f"The newest {NEWEST}, {FAILED} that failed, and the slowest {SLOWEST} of each of {HOURS} hours.",
        )


def _is_wanted(operation: RecentOperation, wanted: dict[str, str]) -> bool:
    record = operation.record
    labels = record.labels._asdict()
    known = {**labels, "request_id": record.request_id, "status": record.status, "key_id": record.key_id or ""}
    return all(known[name] == value for name, value in wanted.items())
