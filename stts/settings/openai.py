"""Mapping of hosted model and voice names on /v1."""

from __future__ import annotations

from stts.settings.built_in import HOSTED_MODELS, HOSTED_VOICES
from stts.settings.section import Section, live


class OpenAISettings(Section):
    models: dict[str, str] = live(
        "Hosted model name -> engine here.",
        default_factory=lambda: dict(HOSTED_MODELS),
    )
    voices: dict[str, dict[str, str]] = live(
        "Engine -> hosted voice name -> voice here; others speak with the engine's default of their gender.",
        default_factory=lambda: {engine: dict(names) for engine, names in HOSTED_VOICES.items()},
    )
    input_characters: int = live("Longest `input` on /v1 (hosted: 4096).", default=100_000, ge=1)
