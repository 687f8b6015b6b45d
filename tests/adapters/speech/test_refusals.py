from __future__ import annotations

from adapters.speech.refusals import NoSuchVoice, refusal_of_all


def test_voices_that_are_near_are_not_told_as_those_that_are_allowed() -> None:
    """Nor is a path told: each listener has its own, and programs in which the server is embedded have none."""
    told = refusal_of_all(NoSuchVoice("x", param="voice"), "aloy", ["a"], [])
    assert told.allowed is None and "/" not in told.message and "Near it are: alloy" in told.message
