"""Which engine instances can be taken at this moment: their libraries and files are here, and they do not rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.execution.instance import EngineInstance
from adapters.health.registry import HealthRegistry
from adapters.weights import WeightsLookup
from stts.engine_api import EngineKind
from stts.errors import EngineCrashed
from stts.settings import CurrentSettings


@dataclass(frozen=True, slots=True)
class Candidates:
    """Names of engine instances that may do something, in the order in which they are to be asked."""

    working: tuple[str, ...]
    resting: tuple[str, ...] = ()
    """Left alone after failures; asked where no other can do it."""
    order: tuple[str, ...] = ()
    """The order that they are of."""

    @property
    def names(self) -> tuple[str, ...]:
        return self.working + self.resting


class Availability:
    """Made once, over all engine instances by name."""

    def __init__(
        self,
        instances: Mapping[str, EngineInstance[Any]],
        weights: WeightsLookup,
        health: HealthRegistry,
        settings: CurrentSettings,
    ) -> None:
        self._instances = instances
        self._weights = weights
        self._health = health
        self._settings = settings

    async def usable(self, instances: Sequence[EngineInstance[Any]]) -> list[str]:
        """Names of those that work here and now without fetching anything."""
        network = self._settings().engines.allow_network
        possible = [each for each in instances if _in_order(each) and (network or not each.network)]
        here = await self._weights.present([each for each in possible if each.state != "failed"])
        return [each.name for each in possible if each.state == "failed" or each.name in here]

    async def candidates(self, kind: EngineKind, order: Sequence[str]) -> Candidates:
        """Those of an order that work, and those that rest, because their breaker is open or they crash in a loop."""
        if (well := self._well(kind, order)) is not None:
            return Candidates(well, (), tuple(order))
        ordered = [self._instances[name] for name in order if name in self._instances]
        ordered = [each for each in ordered if each.kind == kind]
        usable = await self.usable(ordered)
        broken = {name for name in usable if not self._health.closed(name)}
        resting = [each.name for each in ordered if each.name in broken or (_crashed(each) and each.rest)]
        return Candidates(tuple(name for name in usable if name not in broken), tuple(resting), tuple(order))

    def _well(self, kind: EngineKind, order: Sequence[str]) -> tuple[str, ...] | None:
        """Those of an order that work, as each request asks that names no engine; None where that is to be looked at
        closely, because one has failed or the disk is to be asked."""
        network, names = self._settings().engines.allow_network, list[str]()
        for name in order:
            instance = self._instances.get(name)
            if instance is None or instance.kind != kind or (state := instance.state) == "not_installed":
                continue
            if state == "failed" or not self._health.closed(name):
                return None
            if instance.network and not network:
                continue
            is_here = state == "ready" or self._weights.known(name)
            if is_here is None:
                return None
            if is_here:
                names.append(name)
        return tuple(names)


def _crashed(instance: EngineInstance[Any]) -> bool:
    """True if crashes have put it to rest, after which it may work again."""
    return instance.state == "failed" and isinstance(instance.failure, EngineCrashed)


def _in_order(instance: EngineInstance[Any]) -> bool:
    if instance.state == "failed":
        return _crashed(instance) and not instance.rest
    return instance.state != "not_installed"
