"""The sentences that come next in a text, whole or being written, before any of it is taken."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stts.text.growing import GrowingCutter, Unit
from stts.text.sentences import TextCutter

TALE = "Dr. Smith went to Washington, D.C. on Jan. 5. It cost $3.50; nobody paid! Is that so? Yes."
TOLD = ["Dr. Smith went to Washington, D.C. on Jan. 5.", "It cost $3.50; nobody paid!", "Is that so?", "Yes."]


def upcoming(cutter: TextCutter, longest: int = 500, shortest: int = 1) -> list[str]:
    return [sentence.text for sentence in cutter.next_sentences(longest, shortest)]


def test_they_stay_until_they_are_taken() -> None:
    cutter = TextCutter(TALE, "en")
    assert upcoming(cutter) == TOLD == upcoming(cutter)
    second = list(cutter.next_sentences(500))[1]
    assert cutter.take(second.end) == " ".join(TOLD[:2])
    assert upcoming(cutter) == TOLD[2:]


def test_one_that_does_not_fit_is_not_among_them() -> None:
    assert upcoming(TextCutter(TALE, "en"), 44) == []
    assert upcoming(TextCutter(TALE, "en"), 45) == TOLD[:1]


def test_short_ones_go_with_what_follows() -> None:
    assert upcoming(TextCutter("Yes. I do think so. No.", "en"), shortest=8) == ["Yes. I do think so. No."]
    assert upcoming(TextCutter("Yes. I do think so. Good night.", "en"), shortest=8) == [
        "Yes. I do think so.",
        "Good night.",
    ]


def test_the_number_of_an_entry_belongs_to_it() -> None:
    assert upcoming(TextCutter("1. Wash the rice. 2. Boil it.", "en")) == ["1. Wash the rice.", "2. Boil it."]


def test_a_paragraph_ends_a_sentence() -> None:
    assert upcoming(TextCutter("A title\n\nAnd a text.", "en")) == ["A title", "And a text."]


def test_of_a_text_being_written_those_that_have_ended() -> None:
    cutter = GrowingCutter("en")
    cutter.add("It rains. The river rises, and so")
    assert cutter.ready(Unit.WORDS)
    assert upcoming(cutter) == ["It rains."]
    cutter.take(len("It rains."))
    assert cutter.ready(Unit.CLAUSE)
    assert upcoming(cutter) == [], "a clause is no sentence"
    cutter.add(" does the sea.")
    cutter.close()
    assert cutter.ready(Unit.SENTENCE)
    assert upcoming(cutter) == ["The river rises, and so does the sea."]


def test_what_is_flushed_has_ended() -> None:
    cutter = GrowingCutter("en")
    cutter.add("Half a wo")
    cutter.flush()
    assert cutter.ready(Unit.SENTENCE)
    assert upcoming(cutter) == ["Half a wo"]


@given(st.text(st.sampled_from("ab .!?,\n1。"), max_size=80), st.integers(1, 60), st.integers(1, 10))
def test_all_of_a_text_is_told_once_and_in_its_order(text: str, longest: int, shortest: int) -> None:
    cutter = TextCutter(text, "en")
    told = list(cutter.next_sentences(longest, shortest))
    taken: list[str] = []
    for sentence in told:
        assert shortest <= len(sentence.text) and sentence.end <= longest
        assert next(cutter.next_sentences(longest, shortest)).text
        taken.append(sentence.text)
    if told:
        piece = cutter.take(told[-1].end)
        assert "".join(piece.split()) == "".join("".join(taken).split())
        assert cutter.remaining == 0 or cutter.remaining >= shortest
