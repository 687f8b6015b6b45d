"""Engines as the server wires them: a catalogue, a selection, and the operations behind the planning stage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from adapters.catalogue import EngineCatalogue
from adapters.execution.instance import EngineInstance
from adapters.operations import EngineOperations
from adapters.selection import EngineSelection
from engines.registry import Registry
from middleware.pipeline import compose
from middleware.stages.planning import PlanningStage
from stts.access.viewer import Viewer
from stts.engine_api import Voice
from stts.protocols import LibraryVoice, SentenceCache
from stts.settings import CurrentSettings


class Library:
    """Stored reference recordings, found by a function."""

    def __init__(self, find: Callable[[str], Voice | None] = lambda name: None) -> None:
        self._find = find

    async def find(self, name: str, viewer: Viewer, seconds: tuple[float, float] | None = None) -> LibraryVoice | None:
        voice = self._find(name)
        return None if voice is None else LibraryVoice(voice)

    async def voices(self, viewer: Viewer) -> Sequence[Voice]:
        return []

    async def blends(self, viewer: Viewer) -> Sequence[LibraryVoice]:
        return []


class Engines:
    def __init__(
        self,
        registry: Registry,
        settings: CurrentSettings,
        library: Library | None = None,
        sentences: SentenceCache | None = None,
    ) -> None:
        self.catalogue = EngineCatalogue(registry, settings, library or Library(), sentences)
        self.selection = EngineSelection(self.catalogue, settings)
        self.operations = EngineOperations(self.catalogue, self.selection, settings)
        planned = [PlanningStage(self.selection)]
        self.speak = compose(planned, self.operations.speak)
        self.listen = compose(planned, self.operations.listen)
        self.hear, self.session = self.operations.hear, self.operations.session

    def instance(self, name: str) -> EngineInstance[Any]:
        return self.catalogue.instance(name)

    async def load(self, name: str) -> None:
        await self.catalogue.load(name)

    async def close(self) -> None:
        await self.operations.stop()
        await self.catalogue.close()
        await self.operations.close()
