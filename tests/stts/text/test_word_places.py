"""Words that are spoken belong to words that are written."""

from __future__ import annotations

from stts.spoken_words import SpokenWord
from stts.text.word_places import WordPlaces, matched


def words_of(text: str) -> list[SpokenWord]:
    """The words of a text, one a second."""
    words: list[SpokenWord] = []
    at = 0
    for number, word in enumerate(text.split()):
        at = text.index(word, at)
        words.append(SpokenWord(at, len(word), float(number), number + 0.5))
        at += len(word)
    return words


def found(written: str, *parts: str) -> list[tuple[str, float, float]]:
    places = WordPlaces(written, parts)
    told = [word for number, part in enumerate(parts) for word in places.found(number, words_of(part))]
    return [(written[word.place : word.end], word.begins, word.ends) for word in told]


def test_a_text_that_is_spoken_as_it_is_written() -> None:
    assert found("Good day. Oh, hello.", "Good day.", "Oh, hello.") == [
        ("Good", 0.0, 0.5), ("day.", 1.0, 1.5), ("Oh,", 0.0, 0.5), ("hello.", 1.0, 1.5),
    ]  # fmt: skip


def test_several_spoken_words_are_one_that_is_written() -> None:
    assert found("It costs $48.50 now.", "It costs forty eight dollars fifty now.") == [
        ("It", 0.0, 0.5), ("costs", 1.0, 1.5), ("$48.50", 2.0, 5.5), ("now.", 6.0, 6.5),
    ]  # fmt: skip


def test_a_word_that_is_spoken_otherwise() -> None:
    assert [word for word, _, _ in found("Dr. Smith is in.", "Doctor Smith is in.")] == ["Dr.", "Smith", "is", "in."]


def test_a_word_that_nobody_speaks_is_not_told() -> None:
    assert [word for word, _, _ in found("one * two", "one two")] == ["one", "two"]


def test_what_is_written_nowhere_belongs_to_its_neighbour() -> None:
    assert matched(["take", "#5", "now"], ["take", "number", "5", "now"]) == [0, 1, 1, 2]
    assert matched(["now"], ["now", "then"]) == [0, 0]
    assert matched([], ["now"]) == []


def test_a_word_is_told_once() -> None:
    places = WordPlaces("one two", ["one two"])
    assert places.found(0, words_of("one")) and not places.found(0, words_of("one"))
    assert [word.place for word in places.found(0, words_of("one two"))] == [4]
