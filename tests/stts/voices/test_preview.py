from __future__ import annotations

from stts.voices.preview import preview_text


def test_the_words_are_in_the_language_of_the_voice_else_in_english() -> None:
    assert preview_text("de-AT").startswith("Hallo")
    assert preview_text(None) == preview_text("en-US") == preview_text("tlh")
