from __future__ import annotations

from dataclasses import replace

import pytest

from stts.analytics.cause import Cause, cause, slowness
from stts.analytics.course import Course
from stts.analytics.record import OperationRecord
from tests.stts.analytics.test_history import DONE

SLOW = replace(DONE, first_item=4.0, total=4.5, audio_seconds=3.0)


@pytest.mark.parametrize(
    ("course", "expected"),
    [
        (Course(received=5.0), ("received", 5.0)),
        (Course(load=3.0, queue=0.5, engine=0.4), ("load", 3.0)),
        (Course(load=0.5, queue=3.0, engine=0.4), ("queue", 3.0)),
        (Course(engine=4.0), ("engine", 4.0)),
        (Course(encode=4.0), ("encode", 4.0)),
        (Course(held=7.0), ("held", 4.0)),
        (Course(), ("other", 4.0)),
    ],
)
def test_the_longest_part_is_the_cause(course: Course, expected: tuple[Cause, float]) -> None:
    assert cause(replace(SLOW, course=course)) == expected


def test_an_engine_that_keeps_up_had_much_to_do() -> None:
    book = replace(SLOW, urgency="collected", total=60.0, audio_seconds=600.0, course=Course(engine=59.0))
    assert cause(book) == ("length", 59.0)


def test_what_was_being_made_for_another_was_waited_for() -> None:
    assert cause(replace(SLOW, cache="JOIN"))[0] == "shared"


def test_the_time_of_an_exchange_that_no_part_has_is_its_language_model() -> None:
    assert cause(replace(SLOW, labels=SLOW.labels._replace(type="conversation")))[0] == "reply"


def test_what_failed_and_who_left() -> None:
    assert cause(replace(SLOW, status="error", code="busy", course=Course(queue=4.0)))[0] == "failed"
    gone = replace(DONE, status="cancelled", total=0.3)
    assert cause(gone)[0] == "left"
    assert cause(replace(gone, total=9.0, first_item=None, course=Course(queue=9.0)))[0] == "queue"


def test_a_quick_answer_was_not_slow() -> None:
    assert cause(DONE) == ("quick", 0.2)


def waited(**members: object) -> float:
    return slowness(replace(DONE, **members))  # type: ignore[arg-type]


def test_nobody_waits_for_the_end_of_what_is_heard_meanwhile() -> None:
    playing: OperationRecord = replace(DONE, first_item=0.2, total=60.0, audio_seconds=60.0)
    assert slowness(playing) == 0.2
    assert slowness(replace(playing, total=65.0)) == 5.0
    assert slowness(replace(playing, total=65.0, course=Course(held=5.0))) == 0.2
    assert slowness(replace(playing, urgency="collected")) == 60.0


def test_nobody_waits_while_somebody_still_speaks() -> None:
    spoken = DONE.labels._replace(type="stt")
    assert waited(labels=spoken, total=10.5, first_item=9.0, audio_seconds=10.0, course=Course(input=10.0)) == 0.5


def test_what_a_stream_makes_behind_its_first_sound_is_not_why_it_began_late() -> None:
    stream = replace(DONE, first_item=1.2, total=30.0, audio_seconds=120.0, course=Course(load=0.9, engine=28.0))
    assert cause(stream) == ("load", 0.9)
    name, seconds = cause(replace(stream, course=Course(load=0.1, engine=28.0)))
    assert (name, round(seconds, 3)) == ("first", 1.1)
    assert cause(replace(stream, audio_seconds=30.0, course=Course(engine=28.0)))[0] == "engine"


def test_words_that_come_late_after_live_speech_are_waited_for_not_all_the_work_before() -> None:
    spoken = DONE.labels._replace(type="stt")
    heard = replace(DONE, labels=spoken, total=60.8, audio_seconds=60.0, course=Course(input=60.0, engine=20.0))
    name, seconds = cause(heard)
    assert (name, round(seconds, 3)) == ("first", 0.8)


def test_a_body_that_came_in_soon_is_not_why() -> None:
    kept = replace(DONE, urgency="collected", first_item=0.54, total=0.54, course=Course(received=0.22, load=0.1))
    assert cause(kept)[0] == "other"
