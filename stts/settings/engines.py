"""Which engines are loaded, and the options of each."""

from __future__ import annotations

import os
from typing import Any, Literal

from stts.settings.section import Section, fixed, live, protected


class InstanceSettings(Section):
    """One engine under a name of its own, with options of its own."""

    engine: str = protected("The engine that this name stands for.")
    runs_in: Literal["inline", "process", "worker"] | None = protected(
        "Where its calls run; null: where the engine says.", default=None
    )
    copies: int | None = protected(
        "Child processes, or engines loaded in the server; null: as the engine says.", default=None, ge=1, le=64
    )
    options: dict[str, Any] = protected("Options, checked by the engine's own model.", default_factory=dict)


class EngineSettings(Section):
    preload: tuple[str, ...] = fixed("Engines to load at start.", default=())
    allow_network: bool = protected(
        "Let `auto` choose engines that send text or audio off this machine.", default=False
    )
    memory_bytes: int = live(
        "Memory that loaded engines may take; beyond it the one that was idle longest is unloaded. 0: no bound.",
        default=0,
        ge=0,
    )
    idle_seconds: float = live(
        "Time without a call after which an engine is unloaded, unless it is in `engines.preload`. 0: never.",
        default=0.0,
        ge=0,
    )
    environments: str = protected(
        "Folder of the environments of workers; the home folder is used where it is read-only.",
        default="data/environments",
    )
    python: str | None = protected(
        "Interpreter that environments of workers are made of; null: the server's own.", default=None
    )
    options: dict[str, dict[str, Any]] = protected(
        "Options of each engine, checked by the engine's own model.", default_factory=dict
    )
    instances: dict[str, InstanceSettings] = protected(
        "Engines under names of your own, each with its own options.", default_factory=dict
    )

    @property
    def environment_folders(self) -> tuple[str, ...]:
        """Folders of environments, first to last: the second is written to where the first cannot be."""
        data = os.environ.get("XDG_DATA_HOME") or os.path.join(os.path.expanduser("~"), ".local", "share")
        return (self.environments, os.path.join(data, "stts", "environments"))

    def instance(self, name: str) -> InstanceSettings:
        """An instance by the name that requests use; without an entry: the engine of this name with its options."""
        declared = self.instances.get(name)
        return declared or InstanceSettings(engine=name, options=self.options.get(name, {}))

    def options_key(self, name: str) -> str:
        """Where the operator writes the options of an instance."""
        return f"engines.instances.{name}.options" if name in self.instances else f"engines.options.{name}"
