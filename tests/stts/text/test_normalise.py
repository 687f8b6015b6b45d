from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stts.errors import InvalidText, TextTooLong
from stts.text.normalise import MAX_MARKS, TextIntake, clean_piece, clean_text, has_words, speakable


@pytest.mark.parametrize(
    ("sent", "cleaned"),
    [
        ("Hello, world.", "Hello, world."),
        ("  two \t words\u00a0here\u3000now ", "two words here now"),
        ("one\r\ntwo\rthree\u2028four\x0bfive", "one\ntwo\nthree\nfour\nfive"),
        ("one \n  \n\n \r\n two", "one\n\ntwo"),
        ("bell\x07 and\x00 null\x7f", "bell and null"),
        ("zero\u200bwidth so\u00adft \ufeffmark \u202eturned\u202c", "zerowidth soft mark turned"),
        ("e\u0301 and e\u200b\u0301", "\u00e9 and \u00e9"),
        ("\ue000private\U000e0041 \ufffd\uffff use", "private use"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        (
            "\U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f",
            "\U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f",
        ),
        ("1 + 1 = 2 €", "1 + 1 = 2 €"),
        ("\U0001f600", "\U0001f600"),
        ("€", "€"),
    ],
)
def test_cleans(sent: str, cleaned: str) -> None:
    assert clean_text(sent, 100) == cleaned


@pytest.mark.parametrize("text", ["", " ", "\n\t\r", "\x00\x01", "\u200b\ufeff", "\ue000"])
def test_an_empty_text_is_none(text: str) -> None:
    with pytest.raises(InvalidText, match="empty") as error:
        clean_text(text, 100)
    assert error.value.param == "text"


@pytest.mark.parametrize(
    "text",
    [
        "...",
        "…",
        "?!",
        "-",
        "—",
        "*",
        "***",
        "#",
        "\u0301",
        "“”",
        "_",
        "。",
        "¿",
        "؟",
        "॥",
        "· · ·",
        "→",
        "|",
        "───",
        "~",
    ],
)
def test_marks_alone_are_a_text_of_which_nothing_is_spoken(text: str) -> None:
    assert clean_text(text, 100) == text
    assert not speakable(text) and not has_words(text)
    assert clean_piece(text) == ""


@pytest.mark.parametrize(
    "text", ["7", "½", "Ⅳ", "٣", "五", "é", "\u0e01", "€", "+", "=", "%", "&", "@", "§", "\U0001f600", "...a"]
)
def test_letters_numbers_and_named_symbols_are_spoken(text: str) -> None:
    assert speakable(text) and clean_piece(text) == text


@pytest.mark.parametrize("text", ["a\ud800b", "\udfff", "\udc00\ud800"])
def test_lone_surrogates(text: str) -> None:
    with pytest.raises(InvalidText, match="surrogate") as error:
        clean_text(text, 100)
    str(error.value).encode()


def test_too_long_names_the_limit_and_not_the_text() -> None:
    assert clean_text("x" * 50, 50) == "x" * 50
    with pytest.raises(TextTooLong, match="50 characters") as error:
        clean_text("secret" * 10, 50)
    assert "secret" not in str(error.value)


def test_marks_without_end_are_cut_short() -> None:
    """Put in order one by one, ten million of them would take days."""
    cleaned = clean_text("a" + "\u0300\u0327" * 5_000_000 + "b", 20_000_000)
    assert len(cleaned) <= MAX_MARKS + 2 and cleaned.endswith("b")


@pytest.mark.parametrize("part", ["Hello there. ", " \n", "あ。", "\u200b", "e\u0301"])
def test_ten_million_characters(part: str) -> None:
    text = "x" + part * (10_000_000 // len(part) - 1)
    assert clean_text(text, 10_000_000).startswith("x")


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    try:
        cleaned = clean_text(text, 200)
    except InvalidText:
        return
    assert unicodedata.is_normalized("NFC", cleaned)
    assert cleaned == cleaned.strip()
    assert not re.search(r"[^\S\n]{2,}|\n{3,}| \n|\n |[^\S \n]", cleaned)
    assert not {"Cc", "Cs"} & {unicodedata.category(each) for each in cleaned if each != "\n"}
    assert clean_text(cleaned, 600) == cleaned, "clean text stays as it is"


@given(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=50))
def test_no_letter_is_lost(text: str) -> None:
    assert clean_text(text, 50) == unicodedata.normalize("NFC", text)


def test_a_text_in_parts_is_counted_as_one() -> None:
    intake = TextIntake(5)
    assert intake.push("abc") == "abc"
    assert intake.push("de") == "de"
    with pytest.raises(TextTooLong):
        intake.push("f")
    assert intake.characters == 6


def test_halves_of_a_character_find_each_other() -> None:
    intake = TextIntake(10)
    assert intake.push("a\ud83d") == "a"
    assert intake.push("") == ""
    assert intake.push("\ude00b\ud83d") == "\U0001f600b"
    assert intake.push("\ude01") == "\U0001f601"
    assert intake.finish() == ""


@pytest.mark.parametrize("parts", [["\ude00"], ["\ud83d", "a"], ["a\ude00b"], ["\ud83d"], ["\ud83d", "\ud83d"]])
def test_a_half_alone_is_no_text(parts: list[str]) -> None:
    intake = TextIntake(10)
    with pytest.raises(InvalidText):
        for part in parts:
            intake.push(part)
        intake.finish()


def test_a_piece_that_cannot_be_spoken_is_empty() -> None:
    assert clean_piece(" one\r\ntwo\x07 ") == "one\ntwo"
    assert clean_piece(" --- \u200b") == ""
