"""Which engines are loaded, and the options of each."""

from __future__ import annotations

from typing import Any

from stts.settings.section import Section, fixed, protected


class EngineSettings(Section):
    preload: tuple[str, ...] = fixed("Engines to load at start.", default=())
    allow_network: bool = protected(
        "Let `auto` choose engines that send text or audio off this machine.", default=False
    )
    options: dict[str, dict[str, Any]] = protected(
        "Options of each engine, checked by the engine's own model.", default_factory=dict
    )
