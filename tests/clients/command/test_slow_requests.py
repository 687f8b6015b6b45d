"""Requests that were slow, as `stts doctor` tells of them."""

from __future__ import annotations

from typing import Any, get_args

from clients.command.slow_requests import CAUSES, MOST_TOLD, NOT_SLOW, slow_requests
from stts.analytics.cause import Cause

ROW: dict[str, Any] = {
    "request_id": "4bf92f3577b34da6",
    "ended": 1_800_000_000.0,
    "type": "tts",
    "engine": "hibari",
    "audio_seconds": 3.5,
    "waited": 2.1,
    "cause": "load",
    "cause_seconds": 1.9,
}


def test_each_cause_has_a_sentence_and_what_mends_it() -> None:
    assert CAUSES.keys() | set(NOT_SLOW) == set(get_args(Cause))
    for cause in CAUSES:
        (told,) = slow_requests([{**ROW, "cause": cause}])
        assert "{" not in told.words + told.mend and told.mend
        assert told.words.startswith("2.1 s at ") and told.words.endswith("; request 4bf92f3577b34da6")


def test_those_alike_are_told_once_by_the_slowest() -> None:
    rows = [ROW, {**ROW, "request_id": "other"}, {**ROW, "cause": "queue", "engine": "espeak"}]
    told = list(slow_requests(rows))
    assert [each.request_id for each in told] == ["4bf92f3577b34da6", "4bf92f3577b34da6"]
    assert "hibari was not loaded yet, which took 1.9 s (1 more like it)" in told[0].words
    assert told[0].mend == "engines.preload: [hibari] keeps it loaded"
    assert "tts.order" in told[1].mend
    many = [{**ROW, "engine": str(number)} for number in range(2 * MOST_TOLD)]
    assert len(list(slow_requests(many))) == MOST_TOLD


def test_what_was_not_slow_is_not_told() -> None:
    assert list(slow_requests([{**ROW, "cause": cause} for cause in NOT_SLOW])) == []


def test_who_listens_is_not_told_to_speak() -> None:
    for cause in CAUSES:
        (told,) = slow_requests([{**ROW, "type": "stt", "engine": "ear", "cause": cause}])
        assert "jobs speak" not in told.mend and "sentences" not in told.mend and "{" not in told.mend
    (told,) = slow_requests([{**ROW, "type": "stt", "engine": "ear", "cause": "length"}])
    assert "smaller model" in told.mend and "stt.order" in told.mend and "/jobs/transcription" in told.mend
