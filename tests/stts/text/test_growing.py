from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stts.text.growing import LONGEST_UNIT, GrowingCutter, Unit
from stts.text.sentences import LOOKAHEAD

MANY = 1000


def take(cutter: GrowingCutter, unit: Unit, longest: int = MANY) -> list[str]:
    pieces = []
    while cutter.ready(unit):
        piece = cutter.next_piece(longest)
        assert piece
        pieces.append(piece)
    return pieces


def first(text: str, unit: Unit, language: str | None = "en") -> tuple[str, str]:
    """The text, character by character, up to the one at which a piece is ready; and that piece."""
    cutter = GrowingCutter(language)
    for count, character in enumerate(text, 1):
        cutter.add(character)
        if cutter.ready(unit):
            return text[:count], cutter.next_piece(MANY) or ""
    return text, ""


@pytest.mark.parametrize(
    ("unit", "text", "written", "piece"),
    [
        (Unit.CLAUSE, "Well, I see", "Well, I", "Well,"),
        (Unit.SENTENCE, "Well, I see. Then go", "Well, I see. T", "Well, I see."),
        (Unit.WORDS, "Well, I see", "Well, I", "Well,"),
        (Unit.WORDS, "it is what it was said to be", "it is what it w", "it is what it"),
        (Unit.CLAUSE, "it is what it was said to be", "it is what it was said to be", ""),
        (Unit.CLAUSE, "A heading\nand", "A heading\na", "A heading"),
        (Unit.CLAUSE, "He said: go", "He said: g", "He said:"),
    ],
)
def test_as_soon_as_it_is_complete_and_something_follows(unit: Unit, text: str, written: str, piece: str) -> None:
    assert first(text, unit) == (written, piece)


@pytest.mark.parametrize(
    "text",
    [
        "It is 3.5 and 1,000,000 at 10:30:00",
        "With Dr. Smith",
        "On Jan. 5",
        "e.g. this",
        "1. Wash it",
        "12) Dry it",
    ],
)
def test_what_belongs_together_is_not_parted(text: str) -> None:
    assert first(text, Unit.CLAUSE) == (text, "")


@pytest.mark.parametrize(
    ("language", "text", "piece"),
    [
        ("zh", "你好，今天", "你好，"),
        ("ja", "はい！！そう", "はい！！"),
        ("hi", "यह एक है। यह", "यह एक है।"),
        ("ar", "نعم، هذا", "نعم،"),
    ],
)
def test_languages(language: str, text: str, piece: str) -> None:
    assert first(text, Unit.CLAUSE, language)[1] == piece


def test_all_sentences_that_are_there_and_no_part_of_the_next() -> None:
    cutter = GrowingCutter("en")
    cutter.add("One thing. Another thing. And if so, th")
    assert take(cutter, Unit.SENTENCE) == ["One thing. Another thing."]
    assert take(cutter, Unit.CLAUSE) == ["And if so,"]
    assert not cutter.done


def test_a_piece_is_no_longer_than_its_moment_allows() -> None:
    cutter = GrowingCutter("en")
    cutter.add("When it rains in the hills, the river rises by noon. Then")
    assert take(cutter, Unit.SENTENCE, 30) == ["When it rains in the hills,", "the river rises by noon."]


def test_a_flush_waits_for_nothing() -> None:
    cutter = GrowingCutter("en")
    cutter.add("Hel")
    assert not cutter.ready(Unit.WORDS)
    cutter.flush()
    cutter.add("lo again")
    assert take(cutter, Unit.WORDS) == ["Hel"]
    cutter.flush()
    assert take(cutter, Unit.SENTENCE) == ["lo again"]
    assert not cutter.done


def test_the_end_gives_the_rest() -> None:
    cutter = GrowingCutter("en")
    cutter.add(" the rest \n")
    assert not cutter.ready(Unit.WORDS)
    cutter.close()
    assert not cutter.done
    assert take(cutter, Unit.SENTENCE) == ["the rest"]
    assert cutter.done
    assert cutter.next_piece(MANY) is None


@pytest.mark.parametrize("text", ["", " ", " \n \n "])
def test_nothing(text: str) -> None:
    cutter = GrowingCutter(None)
    cutter.add(text)
    cutter.flush()
    assert not cutter.ready(Unit.WORDS)
    cutter.close()
    assert not cutter.ready(Unit.WORDS)
    assert cutter.done


@pytest.mark.parametrize("text", ["word " * 200, "x" * 1000, "字" * 1000])
def test_text_without_an_end_is_not_waited_for_for_ever(text: str) -> None:
    cutter = GrowingCutter(None)
    cutter.add(text)
    pieces = take(cutter, Unit.SENTENCE)
    assert pieces
    assert all(len(piece) <= LONGEST_UNIT for piece in pieces)
    assert len("".join(pieces)) >= len(text.replace(" ", "")) - LONGEST_UNIT - LOOKAHEAD


def test_short_pieces_wait_where_an_engine_needs_more() -> None:
    cutter = GrowingCutter("en")
    cutter.add("Well, I think so, but")
    assert cutter.ready(Unit.CLAUSE, 10)
    assert cutter.next_piece(MANY, 10) == "Well, I think so,"


TOKENS = st.lists(
    st.text(st.sampled_from(list('ab. ,!?"()\n-—。，字あ\u0301\U0001f600\u200d5')), max_size=12), max_size=60
)
BUDGETS = st.lists(st.tuples(st.sampled_from(Unit), st.integers(1, 80), st.integers(1, 12)), min_size=1)


@given(TOKENS, BUDGETS, st.sets(st.integers(0, 60)))
def test_nothing_is_lost_or_said_twice(
    tokens: list[str], budgets: list[tuple[Unit, int, int]], flushes: set[int]
) -> None:
    cutter = GrowingCutter("en")
    pieces: list[str] = []

    def drain() -> None:
        while True:
            unit, longest, shortest = budgets[len(pieces) % len(budgets)]
            if not cutter.ready(unit, shortest):
                return
            piece = cutter.next_piece(longest, shortest)
            assert piece and piece == piece.strip() and len(piece) <= longest
            pieces.append(piece)

    for number, token in enumerate(tokens):
        cutter.add(token)
        if number in flushes:
            cutter.flush()
        drain()
    cutter.close()
    drain()
    assert cutter.done
    assert "".join("".join(pieces).split()) == "".join("".join(tokens).split())
