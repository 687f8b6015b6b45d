"""Frozen descriptions of engines and voices as of one moment, for routes and for dialects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from adapters.execution.instance import EngineInstance
from adapters.health.instance import InstanceHealth
from adapters.health.readings import reading
from stts.analytics.engine_statistics import Reading
from stts.engine_api import EngineInfo, ModelInfo, Voice
from stts.engine_state import EngineState, Probe
from stts.models import CatalogueModel
from stts.storage.files.names import stem


@dataclass(frozen=True, slots=True)
class EngineDescription:
    """One engine instance."""

    name: str
    """The name that requests call it by."""
    engine: str
    """The engine that it is an instance of, as the registry names it."""
    info: EngineInfo
    models: tuple[ModelInfo, ...]
    voices: tuple[Voice, ...]
    """Its own, without stored recordings."""
    parameters: type[BaseModel]
    """The engine's own fields of a request."""
    state: EngineState
    progress: tuple[str, float | None] | None
    """The step of a load, and the part done, 0..1."""
    failure: str | None
    """Why it failed, for people."""
    last_probe: Probe | None
    running: int
    """Calls at work."""
    waiting: int
    """Calls that wait for a slot or for the load."""
    memory: int
    """Bytes that it took when they were last measured."""
    crashes: int
    """Child processes that died at work since one last did what it was asked."""
    rest: float
    """Seconds that it is left alone after it has failed; 0: the next call tries again."""
    reading: Reading
    """Statistics and circuit breaker."""
    needs: CatalogueModel | None = None
    """The model that would make it work, where its state is `needs_model`; None: the operator's option names none."""
    fetches: bool = False
    """True if its weights are not here, and a load fetches them."""

    @property
    def installed(self) -> bool:
        """True if its libraries are here."""
        return self.state != "not_installed"


@dataclass(frozen=True, slots=True)
class OfferedVoice:
    """A voice and who speaks with it."""

    engine: EngineDescription
    voice: Voice
    blend: str = ""
    """The blend in words, of a stored voice that is one."""

    @property
    def name(self) -> str:
        """Name for people."""
        return self.voice.name or self.voice.id

    @property
    def id(self) -> str:
        """The name that requests call it by: of a recording without the ending of its file."""
        is_named_by_file = self.voice.reference is not None and stem(self.voice.id) == self.voice.name
        return self.voice.name if is_named_by_file else self.voice.id


def description(instance: EngineInstance[Any], health: InstanceHealth | None) -> EngineDescription:
    """The instance as it is now."""
    return EngineDescription(
        name=instance.name,
        engine=instance.engine_name,
        info=instance.info,
        models=tuple(instance.engine.models()),
        voices=tuple(instance.engine.voices()),
        parameters=instance.parameters,
        state=instance.state,
        progress=instance.progress,
        failure=str(instance.failure) if instance.failure else None,
        last_probe=instance.last_probe,
        running=instance.running,
        waiting=instance.waiting,
        memory=instance.memory,
        crashes=instance.crashes,
        rest=instance.rest,
        reading=reading(instance, health),
    )
