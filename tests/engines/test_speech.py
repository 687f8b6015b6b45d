"""The measures that the tests of recognisers rest on."""

import pytest

from tests.engines.speech import DATA, WORDS, read, share_heard, word_error_rate


@pytest.mark.parametrize(
    ("said", "heard", "rate"),
    [
        ("a b c", "a b c", 0.0),
        ("a b c d", "a x c d", 0.25),
        ("a b", "a b c", 0.5),
        ("a b", "", 1.0),
        ("A, b.", "a b", 0.0),
    ],
)
def test_word_error_rate(said: str, heard: str, rate: float) -> None:
    assert word_error_rate(said, heard) == rate


@pytest.mark.parametrize(
    ("said", "heard", "share"),
    [("a b", "x a y b z", 1.0), ("a b", "b a", 0.5), ("a a", "a", 0.5), ("a b", "", 0.0)],
)
def test_share_heard(said: str, heard: str, share: float) -> None:
    assert share_heard(said, heard) == share


@pytest.mark.parametrize("name", WORDS)
def test_recordings_are_what_the_readme_says(name: str) -> None:
    spoken_in_readme = (DATA / "README.md").read_text().lower().replace(",", "")
    assert WORDS[name] in spoken_in_readme
    assert 2 < len(read(DATA / name)) / 16_000 < 8
