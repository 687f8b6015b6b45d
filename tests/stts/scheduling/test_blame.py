"""An engine that fails alone is charged with it, and nobody where all fail together."""

from __future__ import annotations

import pytest

from stts.errors import (
    Busy,
    EngineCrashed,
    EngineError,
    EngineLoadFailed,
    EngineNotInstalled,
    EngineOutOfMemory,
    EngineTimeout,
    InvalidText,
    ShuttingDown,
    STTSError,
    UndecodableAudio,
    UnknownVoice,
)
from stts.scheduling.blame import Outcomes, is_chargeable


@pytest.mark.parametrize("kind", [EngineError, EngineCrashed, EngineLoadFailed, EngineOutOfMemory, EngineTimeout])
def test_engines_are_charged_with_their_own_errors(kind: type[STTSError]) -> None:
    assert is_chargeable(kind("it broke"))


@pytest.mark.parametrize("kind", [InvalidText, UnknownVoice, UndecodableAudio, Busy, ShuttingDown, EngineNotInstalled])
def test_nobody_is_charged_with_anything_else(kind: type[STTSError]) -> None:
    assert not is_chargeable(kind("not the engine"))


def test_one_that_fails_alone_is_charged() -> None:
    outcomes = Outcomes()
    assert not outcomes.failed("a", 1.0)
    outcomes.succeeded("b", 2.0)
    assert not outcomes.failed("a", 3.0)


def test_all_that_fail_at_the_same_time_have_one_cause() -> None:
    outcomes = Outcomes()
    outcomes.succeeded("b", 1.0)
    assert not outcomes.failed("a", 2.0)
    assert outcomes.failed("b", 4.0) == {"a", "b"}


def test_failures_far_apart_are_each_one_s_own() -> None:
    outcomes = Outcomes()
    outcomes.failed("a", 0.0)
    assert not outcomes.failed("b", 30.0)


def test_an_engine_that_nobody_calls_says_nothing() -> None:
    outcomes = Outcomes()
    outcomes.succeeded("idle", 0.0)
    outcomes.failed("a", 100.0)
    assert outcomes.failed("b", 101.0) == {"a", "b"}
