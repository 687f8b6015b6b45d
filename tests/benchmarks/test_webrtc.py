"""The share of words that two transcripts have in common."""

from __future__ import annotations

import pytest

from benchmarks.webrtc import share


@pytest.mark.parametrize(
    ("wanted", "heard", "shared"),
    [
        ("One two three.", "one, two three", 1.0),
        ("one two three four", "one three four", 0.75),
        ("one two", "two one", 0.5),
        ("one two", "", 0.0),
        ("", "one", 0.0),
    ],
)
def test_words_count_in_their_order(wanted: str, heard: str, shared: float) -> None:
    assert share(wanted, heard) == shared
