from __future__ import annotations

from itertools import pairwise

import pytest

from benchmarks.conversation import _goes_on, _stale
from benchmarks.conversations import Frame, _lateness, schedule
from benchmarks.partials import _delays
from benchmarks.talker import Caller, Heard
from benchmarks.voices import burst, utterances

FRAMES = [0.04] * 20


def heard(*kinds: tuple[str, int]) -> list[Heard]:
    return [Heard(float(at), kind, {"generation": generation}) for at, (kind, generation) in enumerate(kinds)]


def test_the_first_frames_are_due_at_once_and_the_others_when_they_are_needed() -> None:
    times = schedule(FRAMES)
    assert times[:7] == pytest.approx([0.0] * 7)
    gaps = [after - before for before, after in pairwise(times[8:])]
    assert gaps == pytest.approx([0.04] * len(gaps))
    assert times == sorted(times)


def test_a_reply_is_measured_by_its_soonest_frame() -> None:
    times = schedule(FRAMES)
    reply = [Frame(5.0 + due + (0.03 if number == 7 else 0.001), 0.04) for number, due in enumerate(times)]
    late = _lateness(reply)
    assert late[7] == pytest.approx(0.029)
    assert max(late[:7] + late[8:]) == pytest.approx(0.0)


def test_frames_after_an_end_are_stale_until_a_reply_is_resumed() -> None:
    events = heard(
        ("audio", 1), ("interrupted", 1), ("audio", 1), ("resumed", 1), ("audio", 1), ("reply.done", 1), ("audio", 2)
    )
    assert _stale(events) == 1


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (("audio", "duck", "unduck", "audio"), True),
        (("audio", "interrupted"), False),
        (("audio", "interrupted", "resumed"), True),
        (("audio", "reply.done"), False),
    ],
)
def test_a_reply_goes_on_unless_it_is_over_or_held(kinds: tuple[str, ...], expected: bool) -> None:
    caller = Caller(0, {})
    caller.heard += heard(*((kind, 3) for kind in kinds), ("reply.done", 2))
    assert _goes_on(caller, 3) is expected


def test_a_word_is_read_when_all_before_it_are_right() -> None:
    words = [
        {"text": text, "start_ms": 0, "end_ms": end} for text, end in (("one", 1000), ("two", 2000), ("six", 3000))
    ]
    transcript = Heard(9.0, "transcript", {"turn": 1, "words": words})
    partials = [
        Heard(at, "partial", {"turn": 1, "stable_delta": stable, "tail": tail})
        for at, stable, tail in ((1.5, "", "on"), (2.2, "one", " too"), (2.5, "", " two"), (3.5, " two", ""))
    ]
    assert list(_delays(partials, transcript, opened=0.5)) == pytest.approx([0.7, 0.0])


def test_utterances_take_about_three_seconds() -> None:
    for utterance in utterances():
        assert 2.4 < utterance.end - utterance.start < 3.3
        assert 0.1 < utterance.start < 0.4
        assert len(burst(utterance, 0.2)) == 3200
