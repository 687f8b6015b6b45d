"""Loads engines at the start, so that the first request does not wait for them.

What fails is logged and shown at /ready.
"""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from adapters.catalogue import EngineCatalogue
from stts.errors import STTSError
from stts.settings import CurrentSettings

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


async def preload(engines: EngineCatalogue, settings: CurrentSettings) -> None:
    """Loads `engines.preload`, one after the other."""
    await load_each(engines, settings().engines.preload)


async def warm_up(engines: EngineCatalogue) -> None:
    """Starts the processes of engines that `auto` takes, where that is quick and small."""
    spare = [name for name in await engines.chosen() if engines.instances[name].info.limits.spare]
    await load_each(engines, spare)


async def load_each(engines: EngineCatalogue, names: Iterable[str]) -> None:
    """Loads these, one after the other."""
    for name in names:
        try:
            await engines.load(name)
        except STTSError as error:
            log.warning("preload_failed", engine=name, code=error.code)
