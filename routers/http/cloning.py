"""Which engine clones a recording: the one that a dialect prefers, else any that clones here, without a network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property

from adapters.catalogue import EngineCatalogue
from adapters.descriptions import EngineDescription
from stts.access.permission import Permission
from stts.context import RequestContext
from stts.engine_state import AUTO
from stts.errors import EngineNotInstalled
from stts.settings import CurrentSettings
from stts.speech import SynthesisConfig

CLONED = "x-voice-cloned"
"""Header that says whether the voice of an answer is that of the recording."""
NOT_CLONED = "No engine here clones voices: another voice speaks."


class Cloners:
    """Names of engines, of this moment."""

    def __init__(self, engines: EngineCatalogue, settings: CurrentSettings) -> None:
        self._engines = engines
        self._settings = settings

    async def first(self, preferred: Iterable[str], permission: Permission) -> EngineDescription | None:
        """The first that works here and that the caller may use; one that rests where no other clones."""
        asked = dict.fromkeys((*preferred, *self._settings().tts.order, *self._engines.speech))
        names = [name for name in asked if name in self._cloning]
        found = permission.allowed((await self._engines.candidates("tts", names)).names)
        return self._engines.describe(found[0]) if found else None

    async def with_another_voice(
        self, config: SynthesisConfig, voice: str | None, context: RequestContext
    ) -> SynthesisConfig:
        """The speech where nothing clones: by an engine that is here, with this voice or its own, and a warning.

        Raises EngineNotInstalled.
        """
        context.warn(NOT_CLONED)
        return replace(config, engine=await self.other(config.permission), voice=voice)

    async def other(self, permission: Permission) -> str:
        """The engine to name for speech with another voice: `auto`, unless that may take one that needs a network.

        Raises EngineNotInstalled where there is no other.
        """
        found = permission.allowed((await self._engines.candidates("tts")).names)
        here = [name for name in found if not self._needs_network(name)]
        if found and not here:
            raise EngineNotInstalled("No engine that speaks without a network is here.")
        return AUTO if len(here) == len(found) else here[0]

    @cached_property
    def _cloning(self) -> frozenset[str]:
        """Those that clone without a network: an engine's abilities are the same for as long as the server runs."""
        cloning = (name for name, each in self._engines.speech.items() if each.info.abilities.cloning)
        return frozenset(name for name in cloning if not self._needs_network(name))

    def _needs_network(self, name: str) -> bool:
        return self._engines.instance(name).network
