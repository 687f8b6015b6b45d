"""Plans of earlier requests: how long, how many, and of which voices."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.speech.plan_memory import MOST_PLANS, REMEMBERED_SECONDS, PlanMemory, names_no_library
from stts.access.permission import Permission
from stts.context import Priority
from stts.engine_api import SpeechParams, Voice
from stts.plans import SpeechPlan
from stts.speech import AudioOutput, SynthesisConfig

CONFIG = SynthesisConfig()
PLAN = SpeechPlan(
    CONFIG, "espeak", Voice("en-us"), SpeechParams("en-US"), 22_050, AudioOutput("wav", "audio/wav", 22_050, 1)
)


def test_a_plan_is_remembered_for_a_while_and_a_state() -> None:
    now = 100.0
    memory = PlanMemory(lambda: now)
    assert memory.get(CONFIG, Priority.STREAM, 1) is None
    memory.put(PLAN, CONFIG, Priority.STREAM, 1)
    assert memory.get(CONFIG, Priority.STREAM, 1) is PLAN
    assert memory.get(CONFIG, Priority.STREAM, 2) is None
    assert memory.get(CONFIG, Priority.REALTIME, 1) is None
    assert memory.get(replace(CONFIG, permission=Permission(engines=("espeak",))), Priority.STREAM, 1) is None
    now += REMEMBERED_SECONDS
    assert memory.get(CONFIG, Priority.STREAM, 1) is None


def test_those_that_were_used_last_stay() -> None:
    memory = PlanMemory(lambda: 0.0)
    configs = [SynthesisConfig(voice=str(number)) for number in range(MOST_PLANS + 1)]
    for config in configs[:-1]:
        memory.put(PLAN, config, Priority.STREAM, 0)
    assert memory.get(configs[0], Priority.STREAM, 0) is PLAN
    memory.put(PLAN, configs[-1], Priority.STREAM, 0)
    kept = [memory.get(config, Priority.STREAM, 0) is PLAN for config in configs]
    assert kept == [True, False] + [True] * (MOST_PLANS - 1)


@pytest.mark.parametrize(
    ("voice", "change", "expected"),
    [
        (None, {}, True),
        ("en-us", {}, True),
        ("Nova", {}, True),
        ("anna", {}, False),
        (None, {"voice": Voice("en-us", reference="references/anna.wav")}, False),
        (None, {"resting": "breaker_open"}, False),
    ],
)
def test_voices_of_the_library_are_not_remembered(voice: str | None, change: dict[str, object], expected: bool) -> None:
    plan: SpeechPlan = replace(PLAN, **change)  # type: ignore[arg-type]
    assert names_no_library(plan, SynthesisConfig(voice=voice)) is expected
    limited = SynthesisConfig(voice=voice, permission=Permission(voices=("en-us",)))
    assert not names_no_library(plan, limited)
