"""The health of all engine instances: how attempts ended, who is charged, and which breakers are open."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from adapters.health.instance import InstanceHealth
from stts.engine_api import EngineKind
from stts.errors import STTSError
from stts.scheduling.blame import TOGETHER_SECONDS, Outcomes, is_chargeable
from stts.scheduling.breaker import BreakerRules
from stts.settings import CurrentSettings

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Failure:
    """One attempt that failed."""

    instance: str
    error: STTSError
    cause: int | None = None
    """A fingerprint of what was asked; None: there is none."""


class HealthRegistry:
    """Made once. Lives on the event loop."""

    def __init__(self, settings: CurrentSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.on_open: Callable[[str], None] | None = None
        """Called with the name of an instance whose breaker has opened."""
        self._settings = settings
        self._instances: dict[str, InstanceHealth] = {}
        self._outcomes: dict[EngineKind, Outcomes] = {}

    def add(self, name: str, kind: EngineKind) -> InstanceHealth:
        self._outcomes.setdefault(kind, Outcomes())
        return self._instances.setdefault(name, InstanceHealth(name, kind, self.clock))

    def of(self, name: str) -> InstanceHealth:
        return self._instances[name]

    def get(self, name: str) -> InstanceHealth | None:
        """None for engines that neither speak nor listen."""
        return self._instances.get(name)

    def closed(self, name: str) -> bool:
        """True unless the breaker of the instance is open; engines of other kinds have none."""
        return name not in self._instances or self._instances[name].breaker.closed

    @property
    def rules(self) -> BreakerRules:
        routing = self._settings().routing
        return BreakerRules(routing.failures, routing.rest_seconds, routing.longest_rest_seconds)

    def succeeded(self, name: str, began: float) -> None:
        """An attempt that began at this time on the clock has done all it was asked."""
        health = self.of(name)
        health.statistics.succeeded()
        self._outcomes[health.kind].succeeded(name, self.clock())
        if health.breaker.succeeded(began):
            log.info("breaker_closed", engine=name)

    def judge(self, failures: Sequence[Failure], *, done_by: str | None) -> None:
        """Charges the engines that are to blame for the failures of one request.

        `done_by`: the engine that has done the same, which proves that it can be done. Without one, a request that
        several engines have failed at is nobody's fault.
        """
        if done_by is not None:
            self._outcomes[self.of(done_by).kind].succeeded(done_by, self.clock())
        charged = [failure for failure in failures if is_chargeable(failure.error)]
        if done_by is None and len({failure.instance for failure in charged}) > 1:
            log.warning("engines_fail_alike", engines=[failure.instance for failure in charged])
            return
        for failure in charged:
            self._charge(failure, None if done_by is not None else failure.cause)

    def _charge(self, failure: Failure, cause: int | None) -> None:
        now, health = self.clock(), self.of(failure.instance)
        together = self._outcomes[health.kind].failed(health.name, now)
        if together:
            for name in together:
                if self.of(name).breaker.forgive(now - TOGETHER_SECONDS):
                    log.info("breaker_closed", engine=name, reason="all_failed_together")
            log.warning("engines_fail_together", engines=sorted(together))
            return
        health.statistics.failed(failure.error.code)
        if health.breaker.failed(now, self.rules, cause):
            wait = round(health.breaker.wait(now), 1)
            log.warning("breaker_opened", engine=health.name, code=failure.error.code, probe_seconds=wait)
            if self.on_open is not None:
                self.on_open(health.name)
