"""Makes the instances of engines that can be named; loads nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import structlog

from adapters.execution.instance import EngineInstance
from engines.registry import Registry
from stts.errors import InvalidConfiguration
from stts.settings import CurrentSettings

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


def make_instances(registry: Registry, settings: CurrentSettings) -> Iterator[tuple[str, EngineInstance[Any]]]:
    """All engines that can be named: each of the registry, and the operator's own instances of them.

    One whose module does not import costs the others nothing.
    """
    declared = settings().engines.instances
    for name in dict.fromkeys([*registry.names(), *declared]):
        if name in declared and declared[name].engine not in registry.names():
            key = f"engines.instances.{name}.engine"
            raise InvalidConfiguration(f"{key}: there is no such engine", param=key)
        try:
            # One more than may decode uploads: live streams have a slot of their own.
            capacity = settings().limits.decoders + 1 if name == settings().stt.vad else None
            yield name, EngineInstance(name, registry, settings, capacity=capacity)
        except InvalidConfiguration:
            raise
        except Exception as error:  # noqa: BLE001 - a stranger's module: whatever it raises, the others go on
            log.warning("engine_left_out", engine=name, error=type(error).__name__)


def vad_instance(instances: Mapping[str, EngineInstance[Any]], name: str) -> EngineInstance[Any]:
    """The VAD engine of this name. Raises InvalidConfiguration where there is none."""
    found = instances.get(name)
    if found is None or found.info.kind != "vad":
        known = ", ".join(each.name for each in instances.values() if each.info.kind == "vad")
        raise InvalidConfiguration(f"stt.vad must be one of: {known}", param="stt.vad")
    return found
