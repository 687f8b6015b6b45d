"""Plans of the requests before, for those that ask alike. Whether one still holds is for the selection to say."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from stts.context import Priority
from stts.plans import SpeechPlan
from stts.speech import SynthesisConfig
from stts.voice_names import HOSTED

MOST_PLANS = 1000
REMEMBERED_SECONDS = 5.0
"""Voices that somebody else puts on the disk are seen within this time."""


class PlanMemory:
    """The least recently used go first. No text is part of it: one plan is for all texts of one language."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._plans: OrderedDict[object, tuple[SpeechPlan, object, float]] = OrderedDict()

    def get(self, config: SynthesisConfig, priority: Priority, state: object) -> SpeechPlan | None:
        """The plan that was made for a configuration like this, in the same state and not long ago.

        Only what most differs is looked at; the rest of the configuration is compared by whoever takes it.
        """
        found = self._plans.get(_key(config, priority))
        if found is None or found[1] != state or self._clock() >= found[2]:
            return None
        self._plans.move_to_end(_key(config, priority))
        return found[0]

    def put(self, plan: SpeechPlan, config: SynthesisConfig, priority: Priority, state: object) -> None:
        self._plans[_key(config, priority)] = plan, state, self._clock() + REMEMBERED_SECONDS
        if len(self._plans) > MOST_PLANS:
            self._plans.popitem(last=False)


def names_no_library(plan: SpeechPlan, config: SynthesisConfig) -> bool:
    """True where no stored voice was looked for, which may come, change or go at any moment.

    Engines that clone look for all names but their own voices'; so the caller asks this of plans of others.
    """
    if plan.voice.reference is not None or plan.owner is not None:
        return False
    if config.permission.voices or plan.resting is not None:
        return False
    return config.voice is None or config.voice == plan.voice.id or config.voice.lower() in HOSTED


def _key(config: SynthesisConfig, priority: Priority) -> object:
    asked = (config.engine, config.voice, config.language, config.detected, config.format, config.sample_rate)
    return asked, config.speed, config.permission, priority
