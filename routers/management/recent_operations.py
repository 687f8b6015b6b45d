"""GET /analytics/operations: single operations of late, with where the time of each went."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import Query

from routers.http.deferred_route import deferred_router
from routers.management.recent_schemas import OperationShape, RecentReport
from stts.access.policy import RouteKind, policy
from stts.analytics.cause import Cause
from stts.analytics.recent import FAILED, HOURS, NEWEST, SLOWEST, RecentOperation, RecentOperations
from stts.context import RequestType
from stts.peers.line import Plain
from stts.peers.link import Peers

MOST_ROWS = 200
Name = Annotated[str | None, Query(max_length=64)]
Order = Literal["slowest", "newest"]
TOPIC = "operations of late"
ANSWER_SECONDS = 2.0
"""Longest wait for the other workers."""


class RecentRoutes:
    def __init__(self, recent: RecentOperations, peers: Peers | None = None) -> None:
        """`peers`: the other workers of this server, which keep some too."""
        self._recent = recent
        self._peers = peers
        if peers is not None:
            peers.on(TOPIC, self._tell)
        self.router = deferred_router("analytics")
        self.router.add_api_route(
            "/analytics/operations", self.operations, methods=["GET"], summary="Which operation was slow, and why"
        )

    @policy(RouteKind.MANAGE)
    async def operations(
        self,
        request_id: Annotated[
            str | None,
            Query(
                max_length=128,
                description="Only of this request: the `X-Request-ID` of its answer, or of the opening of its socket.",
            ),
        ] = None,
        status: Annotated[
            Literal["completed", "error", "cancelled"] | None, Query(description="Only those that ended so.")
        ] = None,
        kind: Annotated[RequestType | None, Query(description="Only these.")] = None,
        engine: Annotated[Name, Query(description="Only by this engine.")] = None,
        key: Annotated[Name, Query(description="Only with the key of this id; empty: without one.")] = None,
        listener: Annotated[Name, Query(description="Only what came by this listener.")] = None,
        background: Annotated[
            bool | None, Query(description="Only items of jobs and batches; false: only what somebody waited for.")
        ] = None,
        cause: Annotated[Cause | None, Query(description="Only those whose time went there.")] = None,
        order: Annotated[Order, Query(description="How long somebody waited, or when it ended.")] = "slowest",
        limit: Annotated[int, Query(ge=1, le=MOST_ROWS, description="Rows, at most.")] = 20,
    ) -> RecentReport:
        """Operations of this server since its start: the newest, those that failed, and the slowest of each hour of a
        day. What was refused before there was any work, as without a key, is none."""
        wished = {
            "status": status,
            "type": kind,
            "engine": engine,
            "key_id": key,
            "listener": listener,
            "background": background,
        }
        wanted = {name: value for name, value in wished.items() if value is not None}
        asked: Plain = [wanted, request_id, cause, order, limit]
        found, rows = self._rows(*asked)
        if self._peers is not None:
            for more, others in filter(None, await self._peers.ask_others(TOPIC, asked, ANSWER_SECONDS)):
                found += more
                rows += [OperationShape.model_validate(each) for each in others]
        return RecentReport(
            operations=_sorted(rows, order)[:limit],
            found=found,
            keeps=f"The newest {NEWEST}, {FAILED} that failed, and the slowest {SLOWEST} of each of {HOURS} hours.",
        )

    def _rows(
        self,
        wanted: Mapping[str, str | bool],
        request_id: str | None,
        cause: Cause | None,
        order: Order,
        limit: int,
    ) -> tuple[int, list[OperationShape]]:
        """How many this process has, and the first of them."""
        found = [operation for operation in self._recent.kept() if _is_wanted(operation, wanted)]
        if request_id is not None:
            found = [each for each in found if request_id in (each.record.request_id, each.record.connection_id)]
        shapes = (OperationShape.of(operation) for operation in found)
        rows = [shape for shape in shapes if cause is None or shape.cause == cause]
        return len(rows), _sorted(rows, order)[:limit]

    def _tell(self, value: Plain) -> Plain:
        """Answers another worker with what this process has."""
        found, rows = self._rows(*value)
        return [found, [each.model_dump(mode="json") for each in rows]]


def _sorted(rows: list[OperationShape], order: Order) -> list[OperationShape]:
    if order == "slowest":
        return sorted(rows, key=lambda each: (each.waited, each.ended), reverse=True)
    return sorted(rows, key=lambda each: each.ended, reverse=True)


def _is_wanted(operation: RecentOperation, wanted: Mapping[str, str | bool]) -> bool:
    record = operation.record
    known: dict[str, str | bool] = {
        **record.labels._asdict(),
        "status": record.status,
        "key_id": record.key_id or "",
        "background": record.urgency == "background",
    }
    return all(known[name] == value for name, value in wanted.items())
