"""Mapping of hosted model and voice names on /v1."""

from __future__ import annotations

from stts.settings.built_in import HOSTED_MODELS
from stts.settings.section import Section, live


class OpenAISettings(Section):
    models: dict[str, str] = live(
        "Hosted model name -> engine here.",
        default_factory=lambda: dict(HOSTED_MODELS),
    )
    voices: dict[str, dict[str, str]] = live(
        "Engine -> hosted voice name -> voice here, in place of the engine's own choice (docs/engines.md).",
        default_factory=dict,
    )
    custom_voices: int = live(
        "Most voices of one owner that POST /v1/audio/voices makes (hosted: 20).", default=20, ge=0
    )
    consent_statements: dict[str, str] = live(
        "BCP 47 tag of a language -> the words that a consent in it must have, where somebody here can listen.",
        default_factory=dict,
    )
    input_characters: int = live("Longest `input` on /v1 (hosted: 4096).", default=100_000, ge=1)
