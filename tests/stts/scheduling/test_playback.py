from stts.context import Priority
from stts.scheduling.playback import BATCH_GRACE_SECONDS, COLLECTED_GRACE_SECONDS, Playback


def test_a_stream_without_audio_is_due_at_its_arrival() -> None:
    listener = Playback(10.0, Priority.STREAM)
    assert listener.deadline == 10.0
    assert not listener.begun


def test_the_clock_starts_with_the_first_audio() -> None:
    listener = Playback(10.0, Priority.STREAM)
    listener.made(0.8, now=13.0)
    assert listener.deadline == 13.8
    assert listener.begun


def test_more_audio_moves_the_deadline_by_its_duration() -> None:
    listener = Playback(0.0, Priority.STREAM)
    listener.made(0.5, now=1.0)
    listener.made(0.5, now=1.2)
    assert listener.deadline == 2.0


def test_headers_alone_do_not_start_the_clock() -> None:
    listener = Playback(0.0, Priority.STREAM)
    listener.made(0.0, now=1.0)
    assert not listener.begun
    listener.made(1.0, now=5.0)
    assert listener.deadline == 6.0


def test_collected_answers_stand_behind_listeners_who_would_run_dry() -> None:
    assert Playback(10.0, Priority.COLLECTED).deadline == 10.0 + COLLECTED_GRACE_SECONDS


def test_what_nobody_waits_for_stands_behind_everything() -> None:
    priorities = [Playback(10.0, priority).deadline for priority in Priority]
    assert priorities == sorted(priorities)
    assert priorities[-1] == 10.0 + BATCH_GRACE_SECONDS


def test_a_listener_who_waited_for_words_begins_anew() -> None:
    listener = Playback(10.0, Priority.STREAM)
    listener.waited(now=12.0)
    assert listener.deadline == 12.0
    listener.made(1.0, now=12.5)
    listener.waited(now=13.0)
    assert listener.deadline == 13.5
    listener.waited(now=20.0)
    assert listener.deadline == 20.0
    listener.made(1.0, now=20.1)
    assert listener.deadline == 21.0
