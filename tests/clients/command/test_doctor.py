"""`stts doctor` about engines: what has failed, what rests, what is slow and why."""

from __future__ import annotations

from typing import Any

import pytest

from clients.command import doctor
from clients.command.doctor import Finding


def engine(**changes: Any) -> dict[str, Any]:
    measured = {"requests": 0, "failures": 0, "first_seconds": None, "real_time_factor": None, "last_error": None}
    measured |= changes.pop("measured", {})
    plain = {"name": "one", "kind": "tts", "state": "ready", "failure": None, "breaker": "closed", "available": True}
    return {**plain, "abilities": {}, "measured": measured, **changes}


@pytest.mark.parametrize(
    ("changes", "verdict", "words", "mend"),
    [
        ({"state": "failed", "failure": "No weights."}, "bad", "No weights.", "stts engines load one"),
        ({"state": "failed", "failure": "Fetch it: `stts models pull m`."}, "bad", "Fetch it", "stts models pull m"),
        ({"state": "failed"}, "bad", "it failed", "stts engines load one"),
        ({"breaker": "open"}, "bad", "rests", "stts engines probe one"),
        ({"measured": {"requests": 3, "real_time_factor": 1.5}}, "advice", "1.50 s of work", "tts.order"),
        ({"measured": {"requests": 3, "first_seconds": 0.9}}, "advice", "after 900 ms", "faster engine"),
        ({"measured": {"requests": 3, "failures": 2, "last_error": "busy"}}, "advice", "2 of 3", "busy"),
    ],
)
def test_an_engine_that_is_not_well_is_told_with_what_mends_it(
    changes: dict[str, Any], verdict: str, words: str, mend: str
) -> None:
    (finding,) = doctor._engine(engine(**changes))
    assert (finding.verdict, words in finding.words, mend in finding.mend) == (verdict, True, True), finding


def test_an_engine_that_is_well_is_not_told() -> None:
    assert list(doctor._engine(engine(measured={"requests": 9, "first_seconds": 0.1, "real_time_factor": 0.2}))) == []


def test_a_server_that_cannot_speak_or_listen_is_ill() -> None:
    found = {finding.subject: finding for finding in doctor._abilities([engine(), engine(kind="stt")], frozenset())}
    assert found["What listens"].verdict == "good"
    engines = [engine(), engine(kind="stt", available=False), engine(kind="stt", name="modelless")]
    found = {finding.subject: finding for finding in doctor._abilities(engines, frozenset({"modelless"}))}
    assert found["What speaks"] == Finding("good", "What speaks", "one")
    assert found["What listens"].verdict == "bad" and "stts models pull" in found["What listens"].mend
    assert found["Translation"].verdict == "advice"
