"""Resources of a server: of its one process, or of all of its workers together."""

from __future__ import annotations

from collections.abc import Iterable

from routers.management.analytics_schemas import ResourceUsage
from stts.analytics.resources import Resources
from stts.peers.link import Peers

TOPIC = "resources"
ANSWER_SECONDS = 1.0
"""Longest wait for the other workers."""


class AllResources:
    def __init__(self, resources: Resources, peers: Peers | None = None) -> None:
        """`peers`: the other workers of this server."""
        self._resources = resources
        self._peers = peers
        if peers is not None:
            peers.on(TOPIC, lambda _: self._own().model_dump(mode="json"))

    async def usage(self) -> ResourceUsage:
        """Sums of all workers; of lags the longest, since that is what somebody meets."""
        own = self._own()
        if self._peers is None:
            return own
        found = await self._peers.ask_others(TOPIC, None, ANSWER_SECONDS)
        every = [own, *(ResourceUsage.model_validate(each) for each in found if each is not None)]
        return ResourceUsage(
            cpu=sum(each.cpu for each in every),
            memory=sum(each.memory for each in every),
            open_files=sum(each.open_files for each in every),
            threads=sum(each.threads for each in every),
            loop_lag_p50=_longest(each.loop_lag_p50 for each in every),
            loop_lag_p99=_longest(each.loop_lag_p99 for each in every),
            gpus=own.gpus,
        )

    def _own(self) -> ResourceUsage:
        return ResourceUsage.of(self._resources.usage())


def _longest(lags: Iterable[float | None]) -> float | None:
    return max((lag for lag in lags if lag is not None), default=None)
