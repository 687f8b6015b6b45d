from __future__ import annotations

import pytest

from routers.compat.deepgram.words import SILENCE, UNTOLD, bare, told
from stts.transcription import Segment, Word


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Hello,", "hello"),
        ("don't", "don't"),
        ("“Twenty-one”", "twenty-one"),
        ("—", ""),
        ("$5", "5"),
        ("हिन्दी।", "हिन्दी"),
    ],
)
def test_bare(written: str, expected: str) -> None:
    assert bare(written) == expected


def test_words_have_the_times_and_the_confidence_of_the_engine() -> None:
    words = (Word(" Hello,", 0.1, 0.4, 0.9), Word(" world.", 0.5, 0.9, 0.7))
    found = told([Segment("Hello, world.", 0.0, 1.0, words)], formatted=True, offset=10.0)
    assert (found.text, found.confidence) == ("Hello, world.", 0.8)
    assert found.words == (
        {"word": "hello", "start": 10.1, "end": 10.4, "confidence": 0.9, "punctuated_word": "Hello,"},
        {"word": "world", "start": 10.5, "end": 10.9, "confidence": 0.7, "punctuated_word": "world."},
    )


def test_times_that_an_engine_does_not_tell_are_shared_out_within_the_audio() -> None:
    found = told([Segment("one two three", 0.0, 2.0)], formatted=False, offset=1.0, span=(0.0, 2.5))
    times = [(each["start"], each["end"]) for each in found.words]
    assert times == sorted(times) and times[0][0] == 1.0 and times[-1][1] == 2.5
    assert {each["confidence"] for each in found.words} == {UNTOLD}
    assert "punctuated_word" not in found.words[0]


def test_without_punctuation_the_text_is_that_of_the_words() -> None:
    segments = [Segment("It's warm, isn't it?", 0.0, 1.0), Segment("Yes – very!", 1.0, 2.0)]
    found = told(segments, formatted=False)
    assert found.text == "it's warm isn't it yes very"
    assert " ".join(each["word"] for each in found.words) == found.text


def test_scripts_without_spaces_get_none() -> None:
    assert told([Segment("今天，很好。", 0.0, 1.0, language="zh")], formatted=False).text == "今天很好"


def test_what_an_engine_says_of_a_segment_counts_for_its_words() -> None:
    assert told([Segment("yes", 0.0, 1.0, avg_logprob=0.0)], formatted=True).confidence == 1.0
    assert told([Segment("yes", 0.0, 1.0, avg_logprob=-1.0)], formatted=True).confidence == pytest.approx(
        0.368, abs=0.001
    )


def test_nothing() -> None:
    assert told([], formatted=True) == SILENCE


def test_what_was_told_before_is_left_out() -> None:
    words = (Word("Good", 0.1, 0.3), Word(" morning,", 0.3, 0.8), Word(" all.", 1.2, 1.5))
    segment = Segment("Good morning, all.", 0.0, 1.5, words)
    found = told([segment], formatted=True, span=(1.3, 9.0), skipped=len("Goodmorning,"))
    assert found.text == "all." and [(each["start"], each["end"]) for each in found.words] == [(1.3, 1.5)]
    # As one word for the engine, and as characters of its text.
    assert told([Segment("今天很好", 0.0, 1.0, language="zh")], formatted=False, skipped=2).text == "很好"
