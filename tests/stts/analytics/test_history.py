from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from stts.analytics import history as rooms
from stts.analytics.course import Course
from stts.analytics.history import OTHER, History, Slow, Tally
from stts.analytics.record import Labels, OperationRecord

NOON = 1_800_000_000.0
"""A whole minute."""
DONE = OperationRecord(
    Labels("tts", "tone", "low", "en", "wav"),
    "completed",
    None,
    0.1,
    0.2,
    1.0,
    audio_seconds=2.0,
    characters=9,
    bytes=8,
)


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


async def total(history: History, window: float) -> Tally:
    return (await history.group(window, lambda minute, labels: "")).get("", Tally())


async def test_sums_of_a_window() -> None:
    history = History(60, Clock())
    history.operation_finished(DONE)
    history.operation_finished(replace(DONE, status="error", code="busy", first_item=None, total=None))
    history.operation_finished(replace(DONE, status="cancelled"))
    tally = await total(history, 60)
    assert (tally.operations, tally.completed, tally.cancelled, tally.errors) == (3, 1, 1, {"busy": 1})
    assert (tally.audio_seconds, tally.characters, tally.bytes) == (6.0, 27, 24)
    assert (tally.queue.total, tally.first_item.total, tally.total.total) == (3, 2, 2)


async def test_a_window_is_whole_minutes_with_the_current_one() -> None:
    clock = Clock()
    history = History(60, clock)
    for _ in range(5):
        history.operation_finished(DONE)
        clock.now += 60
    assert [(await total(history, window)).operations for window in (1, 60, 61, 120, 121, 3600)] == [0, 0, 1, 1, 2, 5]


async def test_minutes_are_forgotten() -> None:
    clock = Clock()
    history = History(3, clock)
    for _ in range(10):
        history.operation_finished(DONE)
        clock.now += 60
    clock.now -= 60
    assert (await total(history, 3600)).operations == 3
    assert history.covered(3600) == 180


async def test_groups_by_any_key() -> None:
    clock = Clock()
    history = History(60, clock)
    history.operation_finished(DONE)
    clock.now += 60
    history.operation_finished(replace(DONE, labels=DONE.labels._replace(voice="high")))
    history.operation_finished(DONE)
    by_voice = await history.group(600, lambda minute, labels: labels.voice)
    assert {voice: tally.operations for voice, tally in by_voice.items()} == {"low": 2, "high": 1}
    by_minute = await history.group(600, lambda minute, labels: minute)
    assert [tally.operations for tally in by_minute.values()] == [1, 2]


async def test_a_minute_full_of_labels_counts_the_rest_together() -> None:
    history = History(60, Clock())
    for number in range(rooms.MINUTE_SERIES + 10):
        history.operation_finished(replace(DONE, labels=DONE.labels._replace(voice=f"voice{number}")))
    voices = await history.group(60, lambda minute, labels: labels.voice)
    assert len(voices) == rooms.MINUTE_SERIES + 1
    assert voices[OTHER].operations == 10


async def test_the_oldest_minutes_go_when_there_are_too_many_labels() -> None:
    clock = Clock()
    history = History(43_200, clock)
    minutes = rooms.HISTORY_SERIES // rooms.MINUTE_SERIES + 5
    for _ in range(minutes):
        for number in range(rooms.MINUTE_SERIES):
            history.operation_finished(replace(DONE, labels=DONE.labels._replace(voice=f"voice{number}")))
        clock.now += 60
    kept = await history.group(86_400 * 30, lambda minute, labels: minute)
    assert len(kept) * rooms.MINUTE_SERIES <= rooms.HISTORY_SERIES
    assert max(kept) == int(clock.now // 60) - 1


async def test_a_clock_that_is_set_back_loses_nothing() -> None:
    clock = Clock()
    history = History(60, clock)
    history.operation_finished(DONE)
    clock.now -= 3600
    history.operation_finished(DONE)
    clock.now += 3600
    assert (await total(history, 60)).operations == 2


@given(st.lists(st.integers(min_value=0, max_value=300), max_size=60), st.integers(min_value=1, max_value=20))
async def test_it_holds_what_lies_within_and_nothing_else(steps: list[int], minutes: int) -> None:
    clock = Clock()
    history = History(minutes, clock)
    times = []
    for step in steps:
        clock.now += step
        times.append(clock.now)
        history.operation_finished(DONE)
    first = int(clock.now // 60) - minutes + 1
    assert (await total(history, 86_400)).operations == sum(time // 60 >= first for time in times)


async def test_what_nobody_waits_for_is_counted_apart() -> None:
    history = History(60, Clock())
    waiting = Course(queue=9.0, engine=1.0)
    item = replace(DONE, urgency="background", queue=9.0, first_item=10.0, total=10.0, course=waiting)
    for record in (DONE, item, item):
        history.operation_finished(record)
    tally = await total(history, 60)
    assert (tally.operations, tally.background, tally.slow) == (3, 2, {})
    assert [times.total for times in (tally.queue, tally.first_item, tally.total)] == [1, 1, 1]


async def test_slow_ones_are_counted_by_their_cause_and_loading_is_no_waiting_for_a_place() -> None:
    history = History(60, Clock())
    cold = replace(DONE, queue=1.4, first_item=1.5, total=1.6, course=Course(load=1.4, engine=0.1))
    for record in (cold, replace(cold, course=Course(load=0.9, engine=0.1)), DONE):
        history.operation_finished(record)
    tally = await total(history, 60)
    assert tally.slow == {"load": Slow(2, 1.4)}
    assert (tally.load.total, tally.queue.total) == (2, 3)
    assert (tally.queue.quantile(0.6) or 1) < 0.6
