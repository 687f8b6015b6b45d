"""How long an attempt is waited for: silence of an engine at work counts, its queue and what it waits for do not."""

from __future__ import annotations

from typing import Any

from adapters.execution.instance import EngineInstance
from adapters.health.instance import InstanceHealth
from stts.settings.routing import RoutingSettings

SLACK = 3.0
"""An engine may take so many times as long as it usually does; one that was never heard, as is allowed."""
LOOK_SECONDS = 1.0
"""Between two looks at an engine that loads."""


class Patience:
    """One for each attempt. `owner`: what the adapter names as the owner of its calls."""

    def __init__(
        self, instance: EngineInstance[Any], health: InstanceHealth, owner: object, routing: RoutingSettings
    ) -> None:
        self._instance = instance
        self._health = health
        self._owner = owner
        self._routing = routing
        self._began = self._since = health.clock()

    def left(self, *, long: bool = False) -> float:
        """Seconds after which to look again; 0: it has lasted too long.

        `long`: what it makes may be as long as it makes anything at once, and not only the short piece of a beginning.
        """
        now = self._health.clock()
        if self._instance.state == "loading":
            self._since = now
            return min(max(self._routing.load_seconds - (now - self._began), 0.0), LOOK_SECONDS)
        silence = min(self._health.silence(self._owner), now - self._since)
        return max(self._limit(long=long) - silence, 0.0)

    def _limit(self, *, long: bool) -> float:
        """Seconds of silence that are borne: more of an engine that is slow by nature, or not known yet."""
        usual, limit = self._health.statistics.first_seconds, self._routing.first_seconds
        borne = limit * SLACK if usual is None else max(limit, usual * SLACK)
        if long and (factor := self._instance.real_time_factor) is not None:
            borne = max(borne, factor * self._instance.info.limits.max_seconds * SLACK)
        return borne
