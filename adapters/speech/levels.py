"""Levels of voices whose engine states none: measured on the first piece that each of them speaks, and kept."""

from __future__ import annotations

from dataclasses import replace

from stts.engine_api import Voice
from stts.plans import SpeechPlan
from stts.speech import EffectSettings

MOST_VOICES = 1000
"""Levels kept of one engine; the oldest goes first."""


class MeasuredLevels:
    """Made once for each engine instance."""

    def __init__(self) -> None:
        self._levels: dict[Voice, float] = {}

    def applied(self, plan: SpeechPlan) -> EffectSettings:
        """The effects of a plan, with the level of its voice where that is known by now."""
        effects = plan.effects
        if effects.own_level is not None:
            return effects
        return replace(effects, own_level=self._levels.get(plan.voice))

    def learn(self, voice: Voice, level: float | None) -> None:
        """Keeps the first level that is measured, so that a voice stays as loud as it was."""
        if level is None or voice in self._levels:
            return
        if len(self._levels) >= MOST_VOICES:
            del self._levels[next(iter(self._levels))]
        self._levels[voice] = level
