"""Tells engines whose model is not on this disk from those that only have to be loaded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from adapters.catalogue import EngineCatalogue
from adapters.descriptions import EngineDescription
from adapters.execution.instance import EngineInstance
from stts.engine_state import EngineKind
from stts.errors import EngineWeightsMissing


async def looked_at(engines: EngineCatalogue, *kinds: EngineKind) -> list[EngineDescription]:
    """The engines as they are now, or those of some kinds, after a look at the disk."""
    asked = [each for each in engines.instances.values() if (not kinds or each.kind in kinds) and _may_lack(each)]
    here = await engines.weights.present(asked)
    # Others may have loaded one of them while the disk was asked.
    lack = {each.name: each for each in asked if each.name not in here and _may_lack(each)}
    return [_lacking(each, lack[each.name]) if each.name in lack else each for each in engines.descriptions(*kinds)]


def _may_lack(instance: EngineInstance[Any]) -> bool:
    """True if weights may be missing, as far as its state tells."""
    wants = instance.state == "failed" and isinstance(instance.failure, EngineWeightsMissing)
    return instance.state == "cold" or wants


def _lacking(described: EngineDescription, instance: EngineInstance[Any]) -> EngineDescription:
    if instance.engine.fetches():
        return replace(described, fetches=True)
    reading = replace(described.reading, available=False)
    return replace(described, state="needs_model", needs=instance.engine.wanted_model(), reading=reading)
