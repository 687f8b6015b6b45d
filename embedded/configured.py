"""The services of a program: those of the server, as its configuration says, without what only servers do."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

from adapters.configuration.adapter import ConfigAdapter, configuration_file
from adapters.configuration.checks import operator_check
from adapters.configuration.keys import key_tree
from adapters.configuration.sources import Layer
from adapters.configuration.values import EMPTIED, Assignment, assignments
from engines.registry import Registry
from routers.services import Services, build_services
from stts.errors import InvalidConfiguration
from stts.settings import Settings
from stts.tracebacks import describe

PLACE = "settings of the program"
WITHOUT_CLIENTS: Mapping[str, Mapping[str, Any]] = {
    # Nobody connects, so there is nothing to be guarded, and no database to be opened.
    "server": {"host": "127.0.0.1", "tls_certificate": None, "tls_key": None},
    "security": {"api_key": None, "keys": False},
    "wyoming": {"enabled": False},
    "limits": {"redis_url": None},
    "usage": {"enabled": False},
    "audit": {"enabled": False},
}


def services_of(
    config: str | Path | None, settings: Mapping[str, Mapping[str, Any]], registry: Registry | None
) -> Services:
    """Blocking. Raises InvalidConfiguration, with what is wrong and what is allowed."""
    known = registry or Registry()
    file = configuration_file(None if config is None else str(config))
    adapter = ConfigAdapter.load(file, check=operator_check(known), above=_layer(settings))
    _hand_over_log()
    return build_services(adapter.current(), registry=known)


@asynccontextmanager
async def at_work(services: Services) -> AsyncIterator[None]:
    """Runs what speech and transcripts need beside the requests. At the end all engines are closed."""
    services.lifecycle.phase = "ready"
    tasks = [
        asyncio.create_task(services.cache.open(), name="open cache"),
        asyncio.create_task(services.selection.prepare(), name="prepare"),
        asyncio.create_task(services.engines.residency.run(), name="residency"),
    ]
    try:
        yield
    finally:
        services.lifecycle.phase = "draining"
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await services.operations.stop()
        await services.engines.close()
        await services.operations.close()
        await services.cache.close()
        if services.tracer is not None:
            await asyncio.to_thread(services.tracer.close)


def _layer(settings: Mapping[str, Mapping[str, Any]]) -> Layer:
    values = [(("listeners",), EMPTIED), *_assigned(WITHOUT_CLIENTS), *_assigned(settings)]
    return Layer("environment", tuple(values), {path: PLACE for path, _ in values})


def _assigned(settings: Mapping[str, Mapping[str, Any]]) -> Iterator[Assignment]:
    root = key_tree(Settings)
    for section, values in settings.items():
        if section not in Settings.model_fields:
            sections = ", ".join(Settings.model_fields)
            raise InvalidConfiguration(f"settings: there is no section {section!r}; sections are {sections}")
        yield from assignments(root.child(section), values, "more", (section,))


def _hand_over_log() -> None:
    """Gives lines to the standard library's logger `stts`, whose level and handlers are the program's, unless the
    program has set up structlog for itself."""
    if not structlog.is_configured():
        structlog.configure(
            processors=[
                structlog.stdlib.filter_by_level,
                _without_words,
                structlog.processors.KeyValueRenderer(key_order=["event"]),
            ],
            wrapper_class=structlog.stdlib.BoundLogger,
            logger_factory=lambda *_: logging.getLogger("stts"),
            cache_logger_on_first_use=False,
        )


def _without_words(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Messages of exceptions like to quote what was said."""
    error = event.pop("exc_info", None)
    if isinstance(error, BaseException):
        event["exception"] = describe(error, with_messages=False)
    return event
