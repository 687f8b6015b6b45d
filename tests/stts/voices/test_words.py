"""Words of a transcript that were heard, in order, whatever stands between them."""

from __future__ import annotations

import pytest

from stts.voices.words import MOST_WORDS, WordsFound, words_found


@pytest.mark.parametrize(
    ("transcript", "heard", "found"),
    [
        ("Please open the window!", "well please OPEN the, the window", WordsFound(4, 4)),
        ("one two three", "three two one", WordsFound(1, 3)),
        ("", "anything", WordsFound(0, 0)),
        ("It’s mine", "it's mine", WordsFound(2, 2)),
        ("你好世界", "你好", WordsFound(2, 4)),
        ("Straße", "STRASSE", WordsFound(1, 1)),
    ],
)
def test_words_are_found(transcript: str, heard: str, found: WordsFound) -> None:
    assert words_found(transcript, heard) == found


def test_english_numbers_are_words() -> None:
    assert words_found("I have 3 cats", "i have three cats", english=True) == WordsFound(4, 4)


def test_no_transcript_makes_endless_work() -> None:
    assert words_found("a " * 50_000, "a " * 50_000) == WordsFound(MOST_WORDS, MOST_WORDS)
