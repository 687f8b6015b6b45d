from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stts.spoken_words import SpokenWord
from stts.text.timing import PlacedText, TimedText, timed


@given(st.text(max_size=60), st.floats(0, 100), st.floats(0, 60))
def test_times_never_fall_and_fill_the_piece(text: str, start: float, seconds: float) -> None:
    found = timed(text, start, seconds)
    assert len(found.starts) == len(found.ends) == len(text)
    assert list(found.bounds) == sorted(found.bounds)
    assert found.bounds[0] == start
    if text:
        assert found.bounds[-1] == pytest.approx(start + seconds)


def test_long_sounds_take_longer() -> None:
    found = timed("an 8!", 0.0, 1.0)
    lengths = {character: end - start for character, start, end in zip("an 8!", found.starts, found.ends, strict=True)}
    assert lengths["8"] > lengths["!"] > lengths["a"] > lengths["n"] > lengths[" "]


def test_words_end_before_the_pause_of_their_marks() -> None:
    (hello, since, until), (you, then, last) = timed("Hello, you.", 1.0, 2.0).words()
    assert (hello, you) == ("Hello,", "you.")
    assert since == 1.0 < until < then < last < 3.0


def test_a_mark_within_a_word_is_no_pause() -> None:
    (_, start, end), *_ = timed("3.5 x", 0.0, 1.0).words()
    (_, begin, stop), *_ = timed("35 x", 0.0, 1.0).words()
    assert (start, end) == pytest.approx((begin, stop))


def pieces(placed: PlacedText, *texts: str) -> list[TimedText]:
    return [placed.place(timed(text, number, 1.0)) for number, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("text", "spoken", "placed"),
    [
        ("One.  Two.", ["One.", "Two."], ["One.", "  Two."]),
        ("One\n and two.", ["One and", "two."], ["One\n and", " two."]),
        ("**One** and two.", ["One and", "two."], ["One and", "**One** and two."]),
        (None, ["One.", "Two."], ["One.", " Two."]),
    ],
)
def test_pieces_in_their_text(text: str | None, spoken: list[str], placed: list[str]) -> None:
    found = pieces(PlacedText(text), *spoken)
    assert [each.text for each in found] == placed
    assert all(len(each.bounds) == len(each.text) + 1 for each in found)
    assert [each.bounds[-1] for each in found] == [1.0, 2.0]


def test_words_that_are_known_have_their_times() -> None:
    words = (SpokenWord(0, 5, 1.1, 1.4), SpokenWord(7, 3, 1.6, 1.75))
    found = timed("Hello, you there.", 1.0, 2.0, words)
    assert found.words()[:2] == [("Hello,", 1.1, 1.4), ("you", 1.6, 1.75)]
    ((_, begin, end),) = found.words()[2:]
    assert 1.75 <= begin < end <= 3.0 and list(found.bounds) == sorted(found.bounds)


def test_words_keep_their_times_where_other_white_space_is_written() -> None:
    words = (SpokenWord(0, 3, 0.2, 0.4), SpokenWord(4, 3, 0.5, 0.9))
    placed = PlacedText("One  \n two", "").place(timed("One two", 0.0, 1.0, words))
    assert placed.words() == [("One", 0.2, 0.5), ("two", 0.5, 1.0)]
