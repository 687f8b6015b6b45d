"""A logger for what logs all the time: bound once, and anew when logging is configured anew."""

from __future__ import annotations

import structlog
from structlog.typing import FilteringBoundLogger


class CurrentLogger:
    """structlog's own proxy binds a logger for each line, so that it follows each configuration."""

    def __init__(self) -> None:
        self._processors: object = None
        self._bound: FilteringBoundLogger

    def __call__(self) -> FilteringBoundLogger:
        processors = structlog.get_config()["processors"]
        if processors is not self._processors:
            self._processors, self._bound = processors, structlog.get_logger().bind()
        return self._bound
