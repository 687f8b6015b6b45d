from __future__ import annotations

import pytest

from stts.text.script import decided_by_letters, has_sound, main_script, reads


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Hello", "Latin"),
        ("Größe", "Latin"),
        ("Привет", "Cyrillic"),
        ("Tell Привет to my friends", "Latin"),
        ("Привет, Bob, как дела сегодня?", "Cyrillic"),
        ("東京", "Han"),
        ("東京へ行く", "Kana"),
        ("iPhoneを買いました", "Kana"),
        ("I live in 東京", "Latin"),
        ("안녕", "Hangul"),
        ("مرحبا", "Arabic"),
        ("שלום", "Hebrew"),
        ("123 ... !", None),
        ("", None),
    ],
)
def test_the_script_is_that_of_most_letters(text: str, script: str | None) -> None:
    assert main_script(text) == script


@pytest.mark.parametrize(
    ("text", "script", "language"),
    [
        ("Привіт, друже", "Cyrillic", "uk"),
        ("мы", "Cyrillic", "ru"),
        ("Привет", "Cyrillic", None),
        ("گچ", "Arabic", "fa"),
        ("ہے", "Arabic", "ur"),
        ("Γεια", "Greek", "el"),
        ("カナ", "Kana", "ja"),
    ],
)
def test_letters_that_one_language_has(text: str, script: str, language: str | None) -> None:
    assert decided_by_letters(text, script) == language


@pytest.mark.parametrize(
    ("language", "script", "can"),
    [
        ("en-US", "Latin", True),
        ("ru", "Latin", True),
        ("en-US", "Cyrillic", False),
        ("ru", "Cyrillic", True),
        ("cmn", "Han", True),
        ("ja", "Han", True),
        ("ja", "Kana", True),
        ("zh", "Kana", False),
        ("fa", "Arabic", True),
    ],
)
def test_what_a_voice_can_read(language: str, script: str, can: bool) -> None:
    assert reads(language, script) is can


@pytest.mark.parametrize(
    ("text", "language", "has"),
    [
        ("(x)", "en", True),
        ("Ä", None, True),
        ("7", "ar", True),
        ("①", "en", False),
        ("٣", "en", False),
        ("۵", "fa", False),
        ("ʻ ꜱ ª", "en", False),
        ("да", "ru", True),
        ("да", "en", False),
        ("да", None, False),
        ("ь", "kk", False),
        ("ـ", "fa", False),
        ("っ", "ja", False),
        ("って", "ja", True),
        ("ﾊ", "ja", False),
        ("한", "ko", True),
    ],
)
def test_what_any_voice_of_a_language_has_a_sound_for(text: str, language: str | None, has: bool) -> None:
    assert has_sound(text, language) is has
