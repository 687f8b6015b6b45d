"""Routes of usage: sums by key, user, engine, voice, language, kind and day, one's own, and the forecast."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse

from routers.http.deferred_route import deferred_router
from routers.http.operation import principal_of
from routers.management.analytics import Duration, seconds
from routers.management.usage_schemas import (
    COLUMNS,
    ForecastShape,
    Measure,
    MyUsage,
    Periods,
    UsageReport,
    as_csv,
    as_json,
    periods,
)
from stts.access.policy import RouteKind, policy
from stts.access.roles import Role
from stts.analytics.forecast import forecast
from stts.analytics.long_history import UsageOpener
from stts.analytics.usage import DAY, UsageQuery, UsageStore
from stts.context import RequestType
from stts.errors import InvalidParameter, NotFound

MOST_ROWS = 20_000
"""Rows of one answer."""
MY_DAYS = 31
MY_MONTHS = 12
UNITS = {"seconds_in": "seconds heard", "seconds_out": "seconds spoken"}
NOT_KEPT: dict[int | str, dict[str, Any]] = {404: {"description": "Usage is not kept here."}}
CSV: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "JSON, or CSV where asked for."}
}

Id = Annotated[str | None, Query(max_length=64)]


class UsageRoutes:
    """`usage` is None where it is not kept."""

    def __init__(self, usage: UsageOpener | None, now: Callable[[], float] = time.time) -> None:
        self._usage = usage
        self._now = now
        self.router = deferred_router("analytics")
        add = self.router.add_api_route
        report: dict[int | str, dict[str, Any]] = {**CSV, **NOT_KEPT}
        add("/analytics/usage", self.usage, methods=["GET"], responses=report, response_model=UsageReport)
        add("/analytics/forecast", self.forecast, methods=["GET"], responses=NOT_KEPT)
        add("/me/usage", self.mine, methods=["GET"], responses=NOT_KEPT, summary="What I used")

    @policy(RouteKind.MANAGE)
    async def usage(
        self,
        request: Request,
        window: Duration = "30d",
        group: Annotated[str, Query(max_length=100, description=f"Any of {', '.join(COLUMNS)}, with commas.")] = "day",
        key: Annotated[Id, Query(description="Only this key; empty: callers without one.")] = None,
        user: Annotated[Id, Query(description="Only keys of this user.")] = None,
        listener: Annotated[Id, Query(description="Only what came by this listener.")] = None,
        format: Annotated[
            Literal["json", "csv"] | None, Query(description="Else by `Accept`: `text/csv` gives CSV.")
        ] = None,
    ) -> Response:
        """Sums of whole days (UTC): all that the window touches, today included."""
        names = _names(group)
        store = await self._store()
        now = self._now()
        first, last = int((now - seconds(window)) // DAY), int(now // DAY)
        query = UsageQuery(max(0, first), key_id=key, user_id=user, listener=listener)
        groups = await store.sums(query, [COLUMNS[name] for name in names], most=MOST_ROWS + 1)
        if len(groups) > MOST_ROWS:
            raise InvalidParameter(f"That would be more than {MOST_ROWS} rows; use a shorter window.", param="window")
        if format == "csv" or (format is None and "text/csv" in request.headers.get("accept", "")):
            return StreamingResponse(
                as_csv(names, groups),
                media_type="text/csv",
                headers={"content-disposition": 'attachment; filename="usage.csv"'},
            )
        return StreamingResponse(as_json(query.first_day, last, names, groups), media_type="application/json")

    @policy(RouteKind.MANAGE)
    async def forecast(
        self,
        measure: Measure = "operations",
        kind: RequestType | None = None,
        weeks: Annotated[int, Query(ge=4, le=52, description="Weeks of history that it rests on, at most.")] = 12,
        listener: Annotated[str | None, Query(max_length=64, description="Only what came by this listener.")] = None,
    ) -> ForecastShape:
        """Usual values of each hour of the week with a band, the busiest hours, and days out of the usual. UTC."""
        store = await self._store()
        now = self._now()
        first_day = int(now // DAY) - weeks * 7
        first, kept_from = first_day * 24, await store.first_day()
        hours = await store.hours(first, kind=kind, listener=listener)
        values = {first + number: float(getattr(sums, measure)) for number, sums in hours.items()}
        if kept_from is not None and kept_from < first_day:
            # The history does not begin with the first use that is looked at.
            values.setdefault(first, 0.0)
        return ForecastShape.of(measure, await asyncio.to_thread(forecast, values, now, UNITS.get(measure, measure)))

    @policy(RouteKind.USE, role=Role.READ)
    async def mine(self, request: Request) -> MyUsage:
        """Use of the caller's key and of all keys of its owner, by day and month (UTC), a few seconds old."""
        store = await self._store()
        key = principal_of(request).key
        if key is None:
            return MyUsage(key_id=None, user_id=None, key=None, user=None)
        first = self._first_day_of_months()
        return MyUsage(
            key_id=key.id,
            user_id=key.user_id,
            key=await self._periods(store, UsageQuery(first, key_id=key.id)),
            user=await self._periods(store, UsageQuery(first, user_id=key.user_id)),
        )

    async def _periods(self, store: UsageStore, query: UsageQuery) -> Periods:
        groups = await store.sums(query, ["day"], most=MY_MONTHS * MY_DAYS)
        return periods(((int(each.by[0]), each.sums) for each in groups), int(self._now() // DAY) - MY_DAYS + 1)

    def _first_day_of_months(self) -> int:
        """The first day of the month eleven months ago."""
        today = datetime.fromtimestamp(self._now(), UTC)
        month = today.year * 12 + today.month - MY_MONTHS
        return int(datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp() // DAY)

    async def _store(self) -> UsageStore:
        """Raises NotFound where usage is not kept, and DatabaseAway."""
        if self._usage is None:
            raise NotFound("Usage is not kept here: set usage.enabled or security.keys.")
        return await self._usage()


def _names(group: str) -> list[str]:
    """Raises InvalidParameter."""
    names = list(dict.fromkeys(name.strip() for name in group.split(",") if name.strip()))
    if unknown := [name for name in names if name not in COLUMNS]:
        raise InvalidParameter(f"{len(unknown)} of these are unknown; there are {', '.join(COLUMNS)}.", param="group")
    return names
