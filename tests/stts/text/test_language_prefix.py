"""A language before a text, and texts that only look as if one stood there."""

from __future__ import annotations

import pytest

from stts.text.language_prefix import split_language


@pytest.mark.parametrize(
    ("text", "language", "rest"),
    [
        ("fa: سلام دنیا", "fa", "سلام دنیا"),
        ("en:Hello", "en", "Hello"),
        ("  de :  Guten Tag", "de", "Guten Tag"),
        ("pt_br: Bom dia\nBoa noite", "pt-BR", "Bom dia\nBoa noite"),
    ],
)
def test_a_language_is_taken_off(text: str, language: str, rest: str) -> None:
    assert split_language(text) == (language, rest)


@pytest.mark.parametrize(
    "text",
    ["Hello", "No: it is not", "PS: one more", "zz: nothing", "en:", "en:  ", "the: word", "12:30", "fa://x", ""],
)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert split_language(text) == (None, text)
