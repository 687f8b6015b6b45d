"""The statistics of an instance at this moment."""

from __future__ import annotations

from typing import Any

from adapters.execution.instance import EngineInstance
from adapters.health.instance import InstanceHealth
from stts.analytics.engine_statistics import Reading


def reading(instance: EngineInstance[Any], health: InstanceHealth | None) -> Reading:
    """Without `health`, for engines that neither speak nor listen, only its state and speed are known."""
    here = instance.state not in ("not_installed", "failed")
    known = Reading(instance.name, instance.info.kind, here, real_time_factor=instance.real_time_factor)
    if health is None:
        return known
    measured, breaker = health.statistics, health.breaker
    return Reading(
        engine=known.engine,
        kind=known.kind,
        available=here and breaker.closed,
        breaker=breaker.state,
        probe_seconds=breaker.wait(health.clock()),
        failures_in_row=breaker.failures,
        failure_rate=measured.failure_rate,
        first_seconds=measured.first_seconds,
        real_time_factor=known.real_time_factor,
        requests=measured.requests,
        failures=measured.failures,
        underruns=measured.underruns,
        last_error=measured.last_error,
    )
