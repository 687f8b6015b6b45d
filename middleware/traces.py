"""Opens tracing where the settings want it. Off, nothing of it is imported, and no operation passes a stage more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stts.settings import TelemetrySettings

if TYPE_CHECKING:
    from middleware.pipeline import Stage
    from stts.telemetry.tracer import Tracer


def open_tracing(settings: TelemetrySettings) -> tuple[Tracer | None, list[Stage]]:
    """The tracer, and the outermost stages of all pipelines. Whoever opens it closes the tracer."""
    if not settings.enabled:
        return None, []
    from middleware.stages.tracing import TracingStage
    from stts.telemetry.opening import open_tracer

    tracer = open_tracer(settings)
    return tracer, [TracingStage(tracer)]
