from __future__ import annotations

from stts.analytics.course import Course
from stts.context import SOCKET, RequestContext, RequestFacts, RequestType
from stts.timings import Timings


def context(kind: RequestType, method: str | None, times: Timings) -> RequestContext:
    facts = RequestFacts(method, arrived=97.0)
    return RequestContext(kind, start_time=100.0, input_data=facts, metrics=times)


def test_a_load_is_a_part_of_the_wait() -> None:
    times = Timings(queue=5.0, load=4.0, engine=2.0, encode=1.0, held=0.5)
    course = Course.of(context("tts", "POST", times))
    assert course == Course(received=3.0, load=4.0, queue=1.0, engine=2.0, encode=1.0, held=0.5)


def test_what_no_part_has_is_told_as_other() -> None:
    parts = Course(received=3.0, engine=2.0).parts(2.5)
    assert {name: seconds for name, seconds in parts.items() if seconds} == {
        "received": 3.0,
        "engine": 2.0,
        "other": 0.5,
    }
    assert Course(engine=2.0, held=2.0).parts(2.5)["other"] == 0.0


def test_a_socket_was_open_long_before_and_its_input_is_still_coming() -> None:
    heard = Course.of(context("stt", SOCKET, Timings(audio_seconds=4.0, total=4.5)))
    assert (heard.received, heard.input) == (0.0, 4.0)
    assert Course.of(context("stt", "POST", Timings(audio_seconds=4.0, total=4.5))).input == 0.0
    assert Course.of(context("tts", SOCKET, Timings(written=2.0))).input == 2.0
    assert Course.of(context("conversation", SOCKET, Timings(heard_seconds=3.0, total=9.0))).input == 3.0
