"""Routes of analytics: what went on, resources of the process, and the page for Prometheus."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Annotated, TypeVar

from fastapi import Query, Request, Response
from fastapi.responses import PlainTextResponse

from middleware.edge.problem import problem
from routers.http.answer import Answer, event_answer
from routers.http.deferred_route import deferred_router
from routers.http.sse import event
from routers.management.all_resources import AllResources
from routers.management.analytics_schemas import (
    FormatOperations,
    Formats,
    Operations,
    Point,
    Snapshot,
    Summary,
    Timeseries,
    VoiceOperations,
    Voices,
)
from stts.access.policy import RouteKind, policy
from stts.analytics.history import History, Tally
from stts.analytics.long_history import Group, LongHistory, UsageOpener
from stts.analytics.metrics import Metrics
from stts.analytics.resources import Resources
from stts.errors import Busy
from stts.peers.link import Peers

MOST_POINTS = 1500
MOST_LIVE_CLIENTS = 16
LIVE_WINDOW = 120.0
"""Seconds: the current minute and the one before."""
Key = TypeVar("Key")
Render = Callable[[str], Awaitable[tuple[bytes, str]]]
"""The page for Prometheus and its media type, by what a scraper accepts."""
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}

Duration = Annotated[
    str, Query(pattern=r"^[1-9][0-9]{0,7}[smhd]?$", description="Seconds, or with a unit: `90s`, `15m`, `1h`, `7d`.")
]

ListenerName = Annotated[str | None, Query(max_length=64, description="Only what came by this listener.")]


class AnalyticsRoutes:
    def __init__(
        self,
        history: History,
        metrics: Metrics,
        resources: Resources,
        *,
        draining: Callable[[], bool] = lambda: False,
        usage: UsageOpener | None = None,
        render: Render | None = None,
        peers: Peers | None = None,
    ) -> None:
        """`usage` answers for windows beyond memory, where it is kept; `render` writes the page for Prometheus of all
        workers, where there are others (`peers`)."""
        self._history = history
        self._long = LongHistory(history, usage)
        self._metrics = metrics
        self._render = render
        self._resources = AllResources(resources, peers)
        self._draining = draining
        self._live_clients = 0
        self.router = deferred_router("analytics")
        self.router.add_api_route("/analytics/summary", self.summary, methods=["GET"])
        self.router.add_api_route("/analytics/timeseries", self.timeseries, methods=["GET"])
        self.router.add_api_route("/analytics/voices", self.voices, methods=["GET"])
        self.router.add_api_route("/analytics/formats", self.formats, methods=["GET"])
        self.router.add_api_route(
            "/analytics/live",
            self.live,
            methods=["GET"],
            response_class=Response,
            responses={
                200: {
                    "description": "Events `snapshot`, one at once and one each interval.",
                    "content": {"text/event-stream": {"schema": {"type": "string"}}},
                },
                503: {"description": "Too many listen already."},
            },
        )
        self.router.add_api_route("/metrics", self.metrics, methods=["GET"], response_class=PlainTextResponse)

    @policy(RouteKind.MANAGE)
    async def summary(self, window: Duration = "1h", listener: ListenerName = None) -> Summary:
        """Counts, errors, latencies, audio and characters, together and by type, engine and language."""
        found = await self._long.window(seconds(window), "language", listener)
        groups = found.groups
        return Summary(
            total=Operations.of(_sum(groups, lambda _: "").get("", Tally())),
            by_type=_operations(_sum(groups, lambda group: group.type)),
            by_engine=_operations(_sum(groups, lambda group: group.engine)),
            by_language=_operations(_sum(groups, lambda group: group.name)),
            resources=await self._resources.usage(),
            window_seconds=found.seconds,
            since=found.since,
        )

    @policy(RouteKind.MANAGE)
    async def timeseries(
        self, window: Duration = "1h", step: Duration = "1m", listener: ListenerName = None
    ) -> Timeseries:
        """The same over time, in steps of whole minutes, beyond memory of whole hours."""
        found = await self._long.steps(seconds(window), seconds(step), MOST_POINTS, listener)
        points = [
            Point(
                start=found.first + index * found.step_seconds,
                operations=Operations.of(found.tallies.get(index, Tally())),
            )
            for index in range(found.count)
        ]
        return Timeseries(
            window_seconds=found.seconds, since=found.since, step_seconds=found.step_seconds, points=points
        )

    @policy(RouteKind.MANAGE)
    async def voices(self, window: Duration = "1h", listener: ListenerName = None) -> Voices:
        """What each voice was used for."""
        found = await self._long.window(seconds(window), "voice", listener)
        voices = [
            VoiceOperations(engine=group.engine, voice=group.name, operations=Operations.of(tally))
            for group, tally in _most_used(found.groups)
            if group.type != "stt"
        ]
        return Voices(window_seconds=found.seconds, since=found.since, voices=voices)

    @policy(RouteKind.MANAGE)
    async def formats(self, window: Duration = "1h") -> Formats:
        """What each format was used for."""
        groups = await self._history.group(seconds(window), lambda _, labels: (labels.type, labels.format))
        formats = [
            FormatOperations(type=kind, format=form, operations=Operations.of(tally))
            for (kind, form), tally in _most_used(groups)
        ]
        return Formats(
            window_seconds=self._history.covered(seconds(window)), since=self._history.since, formats=formats
        )

    @policy(RouteKind.MANAGE)
    async def live(
        self,
        request: Request,
        interval: Annotated[float, Query(ge=0.1, le=60, description="Seconds between snapshots.")] = 2.0,
        count: Annotated[int | None, Query(ge=1, description="End after so many snapshots.")] = None,
    ) -> Answer:
        """Server-sent events with the last two minutes and the resources, until the client leaves or the server stops.

        A client that reads slowly gets fewer snapshots, never old ones.
        """
        request_id = request.scope.get("state", {}).get("request_id", "")
        return event_answer(
            self._snapshots(interval, count), dict, lambda error: event(problem(error, request_id), "error")
        )

    @policy(RouteKind.MANAGE)
    async def metrics(self, request: Request) -> Response:
        """The page for Prometheus."""
        accept = request.headers.get("accept", "")
        page, media_type = self._metrics.render(accept) if self._render is None else await self._render(accept)
        return Response(page, media_type=media_type)

    async def _snapshots(self, interval: float, count: int | None) -> AsyncGenerator[str, None]:
        if self._live_clients >= MOST_LIVE_CLIENTS:
            raise Busy(f"{MOST_LIVE_CLIENTS} clients listen already.", retry_after=interval)
        self._live_clients += 1
        try:
            sent = 0
            while not self._draining() and sent != count:
                yield event((await self._snapshot()).model_dump(), "snapshot")
                sent += 1
                if sent != count:
                    await self._pause(interval)
        finally:
            self._live_clients -= 1

    async def _snapshot(self) -> Snapshot:
        groups = await self._history.group(LIVE_WINDOW, lambda _, labels: "")
        return Snapshot(
            at=self._history.now(),
            last_minutes=Operations.of(groups.get("", Tally())),
            resources=await self._resources.usage(),
        )

    async def _pause(self, interval: float) -> None:
        """A stop must not wait for a long interval."""
        while interval > 0 and not self._draining():
            await asyncio.sleep(min(interval, 1.0))
            interval -= 1.0


def seconds(duration: str) -> int:
    """Seconds of a Duration that matches its pattern."""
    return int(duration[:-1]) * UNITS[duration[-1]] if duration[-1] in UNITS else int(duration)


def _sum(groups: Mapping[Group, Tally], key: Callable[[Group], str]) -> dict[str, Tally]:
    sums: dict[str, Tally] = {}
    for group, tally in groups.items():
        sums.setdefault(key(group), Tally()).merge(tally)
    return sums


def _operations(tallies: dict[str, Tally]) -> dict[str, Operations]:
    return {name: Operations.of(tally) for name, tally in sorted(tallies.items())}


def _most_used(groups: Mapping[Key, Tally]) -> list[tuple[Key, Tally]]:
    return sorted(groups.items(), key=lambda item: -item[1].operations)
