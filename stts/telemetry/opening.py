"""Opens a tracer as the settings say. Imported only where traces are kept."""

from __future__ import annotations

from stts import __version__
from stts.settings import TelemetrySettings
from stts.telemetry.delivery import SpanDelivery
from stts.telemetry.tracer import Tracer


def open_tracer(settings: TelemetrySettings) -> Tracer:
    """Starts the thread that delivers. Raises ImportError where requirements/telemetry.txt is not installed."""
    resource = {"service.name": settings.service_name, "service.version": __version__}
    return Tracer(SpanDelivery(settings.endpoint, settings.pairs(), resource), settings.sample)
