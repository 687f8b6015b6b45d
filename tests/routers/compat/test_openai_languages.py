from __future__ import annotations

import pytest

from routers.compat.openai_languages import NAMES, english_name


@pytest.mark.parametrize(
    ("tag", "name"),
    [("en", "english"), ("en-US", "english"), ("de_AT", "german"), ("yue", "cantonese"), ("ht", "haitian creole")],
)
def test_names_are_english_and_lower_case(tag: str, name: str) -> None:
    assert english_name(tag) == name


def test_what_the_table_does_not_know() -> None:
    assert english_name("tlh-Latn") == "tlh"
    assert english_name(None) == ""


def test_the_table_is_keyed_by_primary_subtags() -> None:
    assert all(2 <= len(code) <= 3 and code.islower() and name.islower() for code, name in NAMES.items())
