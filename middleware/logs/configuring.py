"""Set-up of the log: one renderer for our lines and everybody else's, for the whole process.

Queries, keys and most messages of exceptions, which like to quote users' words, are kept out.
"""

from __future__ import annotations

import logging
import re
import sys
from typing import TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from middleware.logs.console import ConsoleRenderer
from middleware.logs.json_lines import UTCTimes, render_json
from middleware.logs.stream import LogStream
from stts.settings import CurrentSettings
from stts.tracebacks import describe

OURS = ("adapters", "engines", "middleware", "routers", "server_v2", "stts")
"""Packages whose stdlib loggers follow `logging.level`; libraries stay at info: at debug some log keys and texts."""
QUERY = re.compile(r"\?[^\s\"']+")


def configure_logging(settings: CurrentSettings, stream: TextIO | None = None, *, worker: int | None = None) -> None:
    """Sets up structlog and the standard library's logging for the whole process; calling it again replaces that.

    `worker`: its number, which each line tells, where there are several.
    Run uvicorn with `log_config=None`. The level is read with each line, the format only here.
    """
    stream = stream if stream is not None else sys.stderr
    lines = LogStream(stream)
    structlog.configure(
        processors=[
            _level_filter(settings),
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            UTCTimes(),
            *(() if worker is None else (_of_worker(worker),)),
            _exceptions(settings),
            lines.add_lost,
            _renderer(settings, stream),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, lines)),
        cache_logger_on_first_use=False,
    )
    _take_over_stdlib()


def _level_filter(settings: CurrentSettings) -> Processor:
    order = {"debug": 0, "info": 1, "warning": 2, "warn": 2, "error": 3, "exception": 3, "critical": 4}

    def check(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        if order[method] < order[settings().logging.level]:
            raise structlog.DropEvent
        return event

    return check


def _of_worker(number: int) -> Processor:
    def add(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        # The parent's lines about a worker have its number already.
        event.setdefault("worker", number)
        return event

    return add


def _exceptions(settings: CurrentSettings) -> Processor:
    def render(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        found = event.pop("exc_info", None)
        error = found[1] if isinstance(found, tuple) else sys.exc_info()[1] if found is True else found
        if isinstance(error, BaseException):
            event["exception"] = describe(error, with_messages=settings().privacy.keeps_texts)
        return event

    return render


def _renderer(settings: CurrentSettings, stream: TextIO) -> Processor:
    chosen = settings().logging.format
    if chosen == "console" or (chosen == "auto" and stream.isatty()):
        return ConsoleRenderer(colours=stream.isatty())
    return render_json


def _take_over_stdlib() -> None:
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, StandardLibraryHandler)]:
        root.removeHandler(handler)
    root.addHandler(StandardLibraryHandler())
    root.setLevel(logging.INFO)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.DEBUG)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    # Our line for each operation says more, and leaves the query out.
    logging.getLogger("uvicorn.access").disabled = True
    # A damaged form is told to its client, and in our line of the refusal.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)


class StandardLibraryHandler(logging.Handler):
    """Hands records of the standard library's loggers to structlog, without the queries of addresses."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = QUERY.sub("?...", record.getMessage())
        except (TypeError, ValueError):
            self.handleError(record)
            return
        level = min(max(record.levelno // 10 * 10, logging.DEBUG), logging.CRITICAL)
        structlog.get_logger().log(level, message, logger=record.name, exc_info=record.exc_info)
