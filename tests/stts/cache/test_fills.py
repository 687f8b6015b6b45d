"""Which answers in the making a request may join."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from stts.access.permission import Permission
from stts.cache.filling import Fill
from stts.cache.fills import Fills, wishes_of
from stts.cache.room import Bounds
from stts.context import CacheNote, Priority, RequestContext
from stts.engine_api import SpeechParams, Voice
from stts.plans import SpeechPlan
from stts.speech import AudioChunk, AudioOutput, SynthesisConfig

KEY = "a" * 64
PLAN = SpeechPlan(
    SynthesisConfig(),
    "tone",
    Voice("low", "Low"),
    SpeechParams(language="en"),
    16_000,
    AudioOutput("wav", "audio/wav", 16_000, 1),
    alternatives=("piper",),
)
NAMED = replace(PLAN, asked=SynthesisConfig(engine="tone"), alternatives=())
MAY_FALL_BACK = replace(PLAN, asked=SynthesisConfig(engine="tone"))
RESTRICTED = replace(PLAN, asked=SynthesisConfig(permission=Permission(engines=("tone", "piper"))))
OWN_VOICE = replace(PLAN, asked=SynthesisConfig(voice="anna"))
ELSEWHERE = replace(PLAN, alternatives=("kokoro",))


def fill_of(fills: Fills) -> Fill:
    async def make(fill: Fill) -> AsyncGenerator[AudioChunk, None]:
        yield AudioChunk(b"a", 1.0, "a")

    bounds = Bounds(1000, 0, fills.room)
    return Fill(RequestContext("tts"), make, CacheNote("MISS", '"a"'), bounds, lambda fill: fills.leave(KEY, fill))


@pytest.mark.parametrize("other", [NAMED, MAY_FALL_BACK, RESTRICTED, OWN_VOICE, ELSEWHERE])
def test_only_those_share_who_would_go_on_alike(other: SpeechPlan) -> None:
    assert PLAN.key("Hello.") == other.key("Hello."), "they hear the same where nothing fails"
    fills = Fills(1000)
    ours, theirs = fill_of(fills), fill_of(fills)
    fills.add(KEY, wishes_of(PLAN), ours, renews=False)
    assert fills.joinable(KEY, wishes_of(other), Priority.STREAM) is None
    fills.add(KEY, wishes_of(other), theirs, renews=False)
    assert fills.joinable(KEY, wishes_of(PLAN), Priority.STREAM) is ours
    assert fills.joinable(KEY, wishes_of(other), Priority.STREAM) is theirs


def test_rights_do_not_matter_where_nobody_would_go_on() -> None:
    fills = Fills(1000)
    fill = fill_of(fills)
    fills.add(KEY, wishes_of(NAMED), fill, renews=False)
    other = replace(NAMED, asked=replace(NAMED.asked, permission=Permission(engines=("tone",))))
    assert fills.joinable(KEY, wishes_of(other), Priority.STREAM) is fill


def test_a_renewal_puts_away_what_was_begun_before() -> None:
    fills = Fills(1000)
    older, newer = fill_of(fills), fill_of(fills)
    fills.add(KEY, wishes_of(PLAN), older, renews=False)
    fills.add(KEY, wishes_of(NAMED), newer, renews=True)
    assert fills.joinable(KEY, wishes_of(PLAN), Priority.STREAM) is None
    assert not fills.has(KEY, older) and fills.has(KEY, newer)
    fills.leave(KEY, older)
    assert len(fills) == 1
    fills.leave(KEY, newer)
    assert len(fills) == 0 and not fills.has(KEY, newer)
