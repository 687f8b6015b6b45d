"""Output that never pauses: pieces of equal length, silence where there is nothing, and every sample once."""

from __future__ import annotations

import random

from stts.conversation.continuous import ContinuousOutput, Words

RATE = 8000


def pcm(seconds: float, value: int = 1) -> bytes:
    return bytes((value, 0)) * round(seconds * RATE)


def test_silence_is_digital_and_of_the_length_asked_for() -> None:
    output = ContinuousOutput(RATE)
    mixed = output.take(100)
    assert (mixed.pcm, mixed.silent, mixed.words, mixed.ended) == (bytes(1600), True, (), ())
    assert output.idle


def test_speech_comes_out_in_order_and_silence_fills_the_rest() -> None:
    output = ContinuousOutput(RATE)
    output.add(1, pcm(0.04), "one")
    output.add(1, pcm(0.04), " two")
    output.end(1)
    first, second = output.take(50), output.take(50)
    assert (first.words, first.ended, first.silent) == ((Words(1, "one"), Words(1, " two")), (), False)
    assert first.pcm == pcm(0.05)
    assert second.pcm == pcm(0.03) + bytes(2 * round(0.02 * RATE))
    assert (second.words, second.ended) == ((), (1,))
    assert output.idle


def test_sources_follow_one_another_without_a_gap() -> None:
    output = ContinuousOutput(RATE)
    output.add(1, pcm(0.03), "one")
    output.end(1)
    output.add(2, pcm(0.03, 2), "two")
    mixed = output.take(50)
    assert mixed.pcm == pcm(0.03) + pcm(0.02, 2)
    assert (mixed.ended, mixed.words) == ((1,), (Words(1, "one"), Words(2, "two")))


def test_an_end_that_fills_a_piece_is_told_with_it() -> None:
    output = ContinuousOutput(RATE)
    output.add(1, pcm(0.05))
    output.end(1)
    assert output.take(50).ended == (1,)


def test_what_is_cleared_is_never_heard() -> None:
    output = ContinuousOutput(RATE)
    output.add(1, pcm(1.0), "one")
    output.take(50)
    output.clear()
    assert output.take(50).silent


def test_any_pieces_come_out_as_they_went_in() -> None:
    for seed in range(50):
        dice = random.Random(seed)
        output, given, taken = ContinuousOutput(RATE), b"", b""
        for _ in range(30):
            for _ in range(dice.randrange(3)):
                data = bytes((dice.randrange(1, 255), 1)) * dice.randrange(1, 900)
                given += data
                output.add(dice.randrange(3), data)
            taken += output.take(dice.choice((50, 100))).pcm
        while not output.idle:
            taken += output.take(100).pcm
        samples = [taken[at : at + 2] for at in range(0, len(taken), 2)]
        assert b"".join(sample for sample in samples if sample != b"\0\0") == given
