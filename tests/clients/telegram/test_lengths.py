"""Texts as long as Telegram takes them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from clients.telegram.lengths import clean, clipped, cut, units


@given(st.text(st.sampled_from("ab \n\U0001f600"), max_size=300), st.integers(5, 50))
def test_parts_are_short_and_lose_nothing(text: str, most: int) -> None:
    parts = cut(text, most)
    assert all(0 < units(part) <= most for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_a_text_is_cut_between_words() -> None:
    assert cut("one two three four", 10) == ["one two", "three four"]
    assert cut("short") == ["short"] and cut(" \n ") == []


def test_what_is_left_out_is_shown() -> None:
    assert clipped("short", 5) == "short"
    assert clipped("\U0001f600" * 4, 7) == "\U0001f600" * 3 + "…"


def test_half_a_character_is_none() -> None:
    assert clean("a\ud83d") == "a?" and units("\U0001f600a") == 3
