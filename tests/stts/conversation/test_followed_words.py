"""Words are told as their audio goes out, whatever was made ahead of it."""

from __future__ import annotations

from stts.conversation.followed_words import FollowedWords

TEXT = "one two three four"


def told(words: FollowedWords, seconds: float, step: float = 0.04) -> list[str]:
    count = round(seconds / step)
    return [words.until(number * step) for number in range(1, count + 1)]


def test_each_word_is_told_where_it_ends() -> None:
    words = FollowedWords()
    words.made(TEXT, 1.8)
    words.finish()
    pieces = told(words, 1.8)
    assert "".join(pieces) == TEXT
    assert [piece for piece in pieces if piece] == ["one", " two", " three", " four"]
    assert pieces.index("one") == 7
    assert pieces[-1] == " four"


def test_a_piece_that_is_still_being_made_is_not_told_ahead() -> None:
    words = FollowedWords()
    words.made(TEXT, 0.2)
    assert told(words, 0.2) == [""] * 5
    words.made("", 1.6)
    words.finish()
    assert "".join(words.until(at / 10) for at in range(2, 19)) == TEXT


def test_audio_that_is_sent_again_says_nothing_again() -> None:
    words = FollowedWords()
    words.made(TEXT, 1.8)
    words.finish()
    before = "".join(words.until(at / 10) for at in range(10))
    assert words.until(0.5) == ""
    assert before + words.until(1.8) == TEXT


def test_text_without_audio_belongs_to_what_follows() -> None:
    words = FollowedWords()
    words.made("one", 0.0)
    words.made("two", 1.0)
    words.finish()
    assert words.until(1.0) == "one two"


def test_pieces_are_told_one_behind_the_other() -> None:
    words = FollowedWords()
    words.made("one two.", 0.8)
    words.made("three", 0.5)
    assert words.until(0.8) == "one two."
    words.finish()
    assert words.until(1.3) == " three"
