"""A row of phonemes is shared among the words that it was read from."""

from __future__ import annotations

import numpy as np

from engines.tts.piper_words import starts_of, words_of

READ = {"in": "ɪn", "the": "ðə", "house": "hˈaʊs", "48": "fˈɔːɹɾi ˈeɪt", "we": "wiː", "-": ""}


def told(sentence: str, phonemes: str) -> list[tuple[str, float, float]]:
    starts = [float(place) for place in range(len(phonemes) + 1)]
    found = words_of(sentence, lambda word: list(READ[word]), list(phonemes), starts)
    return [(sentence[word.place : word.end], word.begins, word.ends) for word in found]


def test_a_word_begins_with_its_first_sound_and_ends_with_its_last() -> None:
    assert told("the house", "ðə hˈaʊs.") == [("the", 0.0, 2.0), ("house", 3.0, 8.0)]


def test_words_that_are_read_as_one_share_it() -> None:
    assert [(word, begin) for word, begin, _ in told("we in the house", "wiː ɪnðə hˈaʊs")] == [
        ("we", 0.0), ("in", 4.0), ("the", 6.0), ("house", 9.0),
    ]  # fmt: skip


def test_a_number_is_several_words() -> None:
    assert [word for word, _, _ in told("we - 48", "wiː fˈɔːɹɾi ˈeɪt")] == ["we", "48", "48"]


def test_nothing_is_told_where_more_was_read_than_is_written() -> None:
    assert told("we", "wiː ɪn ðə") == []
    assert words_of("we", lambda word: list(READ[word]), list("wiː"), []) == ()


def test_phonemes_begin_behind_the_frames_of_those_before_them() -> None:
    ids = {"^": [1], "$": [2], "_": [0], "a": [3], "b": [4]}
    frames = np.array([2, 1, 3, 1, 4, 1, 2], np.float32)
    assert starts_of(["a", "b", "?"], ids, frames, 0.5) == [1.5, 3.5, 6.0, 6.0]
    assert starts_of(["a"], ids, frames, 0.5) == []
