from __future__ import annotations

import unicodedata

import pytest
import sentencex
from hypothesis import given
from hypothesis import strategies as st

from stts.text.sentences import LOOKAHEAD, TextCutter

TALE = (
    "Dr. Smith went to Washington, D.C. on Jan. 5. He said he would be back by ten - or so, i.e. never. "
    "It cost $3.50; nobody paid! Is that so? Yes."
)


def cut(text: str, longest: int, shortest: int = 1, language: str | None = "en") -> list[str]:
    cutter = TextCutter(text, language)
    pieces = []
    while (piece := cutter.next_piece(longest, shortest)) is not None:
        pieces.append(piece)
    assert cutter.done and cutter.remaining == 0
    return pieces


def test_whole_sentences_where_they_fit() -> None:
    assert cut(TALE, 60) == [
        "Dr. Smith went to Washington, D.C. on Jan. 5.",
        "He said he would be back by ten - or so, i.e. never.",
        "It cost $3.50; nobody paid! Is that so? Yes.",
    ]


def test_as_many_sentences_as_fit() -> None:
    assert cut(TALE, 100) == [
        "Dr. Smith went to Washington, D.C. on Jan. 5. He said he would be back by ten - or so, i.e. never.",
        "It cost $3.50; nobody paid! Is that so? Yes.",
    ]


def test_all_at_once_where_it_fits() -> None:
    assert cut(TALE, len(TALE)) == [TALE]


def test_then_clauses_then_words() -> None:
    assert cut("When it rains in the hills, the river rises by noon", 40) == [
        "When it rains in the hills,",
        "the river rises by noon",
    ]
    assert cut("the river rises in the hills by noon", 20) == ["the river rises in", "the hills by noon"]


def test_a_sentence_end_beats_a_later_clause_mark() -> None:
    assert cut("It rains. The river, the hills, the road and the town wait.", 35)[0] == "It rains."


def test_paragraphs_end_sentences_and_lines_end_clauses() -> None:
    assert cut("A heading\n\nThe text below it goes on for long", 40)[0] == "A heading"
    assert cut("A heading\nThe text below it goes on for long", 40)[0] == "A heading"


@pytest.mark.parametrize("text", ["It is 1,000,000", "at 10:30:00", "a well-known-man", "e.g.example.com"])
def test_marks_inside_words_and_numbers_are_no_clauses(text: str) -> None:
    assert text.split()[-1] in cut(f"{text} and some more words", len(text) + 4)[0]


@pytest.mark.parametrize(
    ("language", "text", "first"),
    [
        ("zh", "你好。今天天气很好！你怎么样？", "你好。今天天气很好！"),
        ("ja", "はい、そうです、わかりました、またあした", "はい、そうです、"),
        ("hi", "यह एक है। यह दूसरा वाक्य है।", "यह एक है।"),
        ("ar", "نعم، هذا صحيح، شكرا جزيلا", "نعم،"),
        ("cmn", "你好。今天天气很好！你怎么样？", "你好。今天天气很好！"),
        (None, "你好。今天天气很好！你怎么样？", "你好。今天天气很好！"),
        ("tlh", "One thing. Another thing.", "One thing."),
    ],
)
def test_languages(language: str | None, text: str, first: str) -> None:
    assert cut(text, 12, language=language)[0] == first


def test_no_piece_begins_with_a_closing_mark() -> None:
    assert cut("字" * 24 + "。好", 12) == ["字" * 12, "字" * 11, "字。好"]
    assert cut("Bonjour tous ! Comment ça va ?", 13)[:2] == ["Bonjour", "tous !"]


@pytest.mark.parametrize(
    ("unit", "count"),
    [
        ("e\u0323\u0301", 8),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467", 8),
        ("\U0001f1e9\U0001f1ea", 8),
        ("\U0001f44d\U0001f3fd", 8),
        ("\u1112\u1161\u11ab", 8),
        ("क्ष", 8),
    ],
)
def test_what_is_written_as_one_stays_one(unit: str, count: int) -> None:
    for longest in range(len(unit), 3 * len(unit)):
        for piece in cut(unit * count, longest):
            assert piece == unit * (len(piece) // len(unit))


def test_a_word_without_end_is_cut_anywhere() -> None:
    assert cut("x" * 5000, 300) == ["x" * 300] * 16 + ["x" * 200]


def test_no_short_pieces_where_there_is_a_choice() -> None:
    assert cut("Hi. " + "word " * 20, 40, 10)[0] == "Hi. word word word word word word word"
    assert cut("one two three four five six seven", 30, 8) == ["one two three four five", "six seven"]


def test_budgets_may_vary() -> None:
    cutter = TextCutter(TALE, "en")
    assert cutter.next_piece(12) == "Dr. Smith"
    assert cutter.remaining == len(TALE) - len("Dr. Smith ")
    assert cutter.next_piece(200) == TALE[len("Dr. Smith ") :]
    assert cutter.next_piece(200) is None


@pytest.mark.parametrize("text", ["", " ", "\n\n"])
def test_nothing(text: str) -> None:
    cutter = TextCutter(text, None)
    assert cutter.done and cutter.remaining == 0 and cutter.next_piece(10) is None


MARKS = st.text(
    st.sampled_from(list("ab. ,!?\"'()\n-—…»”。、！字あ한ๅ्क،؟\U0001f600\u200d\u0301\u00a0\t\r\u0085\u2028")),
    max_size=300,
)
LANGUAGES = st.sampled_from([None, "en", "en-US", "de", "zh", "ja", "hi", "ar", "ru", "th", "xx"])
BUDGETS = st.lists(st.tuples(st.integers(-1, 60), st.integers(-1, 30)), min_size=1, max_size=10)


@given(MARKS | st.text(max_size=300), LANGUAGES, BUDGETS)
def test_nothing_is_lost_or_said_twice(text: str, language: str | None, budgets: list[tuple[int, int]]) -> None:
    cutter = TextCutter(text, language)
    pieces: list[str] = []
    while not cutter.done:
        longest, shortest = budgets[len(pieces) % len(budgets)]
        before = cutter.remaining
        piece = cutter.next_piece(longest, shortest)
        assert piece and piece == piece.strip() and len(piece) <= max(longest, 1)
        assert cutter.remaining < before
        pieces.append(piece)
    assert _letters("".join(pieces)) == _letters(text)


@given(st.text(st.characters(categories=["L", "M"]), min_size=20, max_size=100))
def test_no_mark_is_parted_from_its_letter(text: str) -> None:
    for piece in cut(text, 80)[1:]:
        assert not unicodedata.category(piece[0]).startswith("M") or len(piece) == 80


def _letters(text: str) -> str:
    return "".join(text.split())


def test_looks_no_further_than_it_must(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cost of a piece does not depend on how much text is left."""
    seen: list[int] = []
    segment = sentencex.segment

    def watched(language: str, text: str) -> list[str]:
        seen.append(len(text))
        return list(segment(language, text))

    monkeypatch.setattr(sentencex, "segment", watched)
    cutter = TextCutter(TALE * 5000, "en")
    cutter.next_piece(50)
    cutter.next_piece(200)
    assert seen == [50 + LOOKAHEAD, 200 + LOOKAHEAD]
