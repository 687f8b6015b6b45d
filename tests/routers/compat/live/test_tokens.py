"""Limits in tokens refuse no text that a tokenizer finds short enough."""

from __future__ import annotations

import pytest

from routers.compat.live.tokens import TokenLimited, estimated_tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("word " * 7, 7), ("internationalisation", 3), ("Hello, world!", 4), ("\u4f60\u597d\u4e16\u754c", 4)],
)
def test_tokens_are_estimated(text: str, tokens: int) -> None:
    assert estimated_tokens(text) == tokens


def test_the_limit_is_sharp_for_plain_words() -> None:
    TokenLimited(500).check("word " * 500)
    with pytest.raises(ValueError, match="500 tokens"):
        TokenLimited(500).check("word " * 501)


def test_a_text_of_blanks_is_bounded_too() -> None:
    with pytest.raises(ValueError, match="10 tokens"):
        TokenLimited(10).check(" " * 161)
