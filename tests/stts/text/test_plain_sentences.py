from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stts.text.normalise import has_words
from stts.text.plain_sentences import plain_marks, plain_sentences
from stts.text.sentences import sentences


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Dr. Smith met Mrs. Lee. The U.S. Army left.", ["Dr. Smith met Mrs. Lee.", "The U.S. Army left."]),
        ("1. First this. 2. Then that.", ["1. First this.", "2. Then that."]),
        ("One line\nand the next.\n\nA paragraph", ["One line and the next.", "A paragraph"]),
        ("We meet at 5 p.m. in No. 7. Come!", ["We meet at 5 p.m. in No. 7.", "Come!"]),
        ("", []),
        ("3.", ["3."]),
    ],
)
def test_sentences(text: str, found: list[str]) -> None:
    assert sentences(text, "en") == found


@given(st.text())
def test_no_character_of_a_text_is_lost_between_sentences(text: str) -> None:
    assert "".join("".join(sentences(text, "en")).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("sentence", "plain"),
    [
        ("Wait... what?", "Wait, what?"),
        ("I see… yes", "I see, yes"),
        ("...and then?!", "and then?"),
        ("Well . . . no!!!", "Well, no!"),
        ("Fine - really — yes—no.", "Fine, really, yes, no."),
        ("I thought...", "I thought."),
        ("Really...?", "Really?"),
        ("Hello,", "Hello,"),
        ("-5 degrees", "-5 degrees"),
        ("a well-known 3.5", "a well-known 3.5"),
    ],
)
def test_marks_become_plain(sentence: str, plain: str) -> None:
    assert plain_marks(sentence) == plain


def test_marks_that_stand_alone_are_not_spoken() -> None:
    assert list(plain_sentences("... ! ?! He came. …", "en")) == ["He came."]


@given(st.text(alphabet="ab .,;:!?…—-\n\"'", max_size=60))
def test_words_survive_and_plain_marks_stay_as_they_are(text: str) -> None:
    spoken = " ".join(plain_sentences(text, "en"))
    assert has_words(spoken) == has_words(text)
    assert [c for c in spoken if c.isalpha()] == [c for c in text if c.isalpha()]
    for sentence in plain_sentences(text, "en"):
        assert plain_marks(sentence) == sentence
