"""The input audio buffer: audio taken from it is what was said then, and it never grows."""

from __future__ import annotations

import itertools

import pytest

from routers.compat.realtime.input_audio_buffer import SPARE_SECONDS, InputAudioBuffer

RATE = 100
"""Bytes a second: each second is a byte value of its own."""


def second(number: int) -> bytes:
    return bytes([number]) * RATE


def record(buffer: InputAudioBuffer, seconds: int, *, hold: bool = False) -> None:
    for number in range(seconds):
        buffer.write(second(number), hold=hold)


def test_a_turn_is_taken_from_where_it_began() -> None:
    buffer = InputAudioBuffer(RATE, 60)
    record(buffer, 5)
    buffer.want(3.0)
    for number in (5, 6):
        buffer.write(second(number), hold=False)
    assert buffer.take(2.0) == second(3) + second(4)


def test_silence_is_not_kept() -> None:
    buffer = InputAudioBuffer(RATE, 60)
    record(buffer, 200)
    assert buffer.end == pytest.approx(200)
    buffer.want(200 - SPARE_SECONDS - 1)
    assert buffer.take(1.0) == b""


def test_a_long_turn_is_kept_to_its_bound() -> None:
    buffer = InputAudioBuffer(RATE, 10)
    buffer.want(0.0)
    record(buffer, 30)
    assert buffer.take(30.0) == b""


def test_a_turn_that_the_client_ends_is_all_since_the_last() -> None:
    buffer = InputAudioBuffer(RATE, 60)
    record(buffer, 20, hold=True)
    buffer.commit()
    buffer.write(second(99), hold=True)
    assert buffer.take(20.0, pushed=True) == b"".join(second(number) for number in range(20))
    buffer.write(second(98), hold=True)
    buffer.commit()
    assert buffer.take(2.0, pushed=True) == second(99) + second(98)


def test_turns_that_are_ended_in_one_breath_are_taken_one_after_the_other() -> None:
    buffer = InputAudioBuffer(RATE, 60)
    for number in range(3):
        buffer.write(second(number), hold=True)
        buffer.commit()
    buffer.write(second(9), hold=True)
    buffer.drop()
    assert [buffer.take(1.0, pushed=True) for _ in range(3)] == [second(number) for number in range(3)]


@pytest.mark.parametrize("committed", [False, True])
def test_what_follows_a_turn_that_the_server_ends_belongs_to_the_next(committed: bool) -> None:
    buffer = InputAudioBuffer(RATE, 60)
    record(buffer, 3, hold=True)
    if committed:
        buffer.commit()
    assert buffer.take(2.0) == second(0) + second(1)
    if not committed:
        buffer.write(second(3), hold=True)
        buffer.commit()
    assert buffer.take(5.0, pushed=True) == second(2) + (b"" if committed else second(3))


def test_what_is_dropped_belongs_to_no_turn() -> None:
    buffer = InputAudioBuffer(RATE, 60)
    record(buffer, 3, hold=True)
    buffer.drop()
    buffer.write(second(7), hold=True)
    buffer.commit()
    assert buffer.take(1.0, pushed=True) == second(7)


def test_another_format_begins_anew() -> None:
    buffer = InputAudioBuffer(RATE, 60)
    record(buffer, 3, hold=True)
    buffer.follow(2 * RATE)
    assert buffer.end == pytest.approx(3.0)
    buffer.want(3.0)
    buffer.write(bytes(2 * RATE), hold=False)
    assert buffer.end == pytest.approx(4.0) and buffer.take(1.0) == bytes(2 * RATE)


def test_nothing_is_kept_where_nothing_may_be() -> None:
    buffer = InputAudioBuffer(RATE, 0)
    record(buffer, 3, hold=True)
    buffer.commit()
    assert buffer.end == pytest.approx(3.0) and buffer.take(3.0, pushed=True) == b""


def test_samples_are_never_torn() -> None:
    buffer = InputAudioBuffer(48_000, 60)
    buffer.want(0.0)
    for length in itertools.islice(itertools.cycle((3, 479, 48_000)), 60):
        buffer.write(bytes(length), hold=False)
    assert len(buffer.take(2.34567)) % 2 == 0
