"""Entries as people write them: read into one form, or refused by their place, never by their words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from stts.pronunciation.entries import MOST_ENTRIES, SPOKEN_CHARACTERS, WORD_CHARACTERS, read_entries
from stts.pronunciation.fields import Entries


class Shape(BaseModel):
    dictionary: Entries = {}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({}, {}),
        ({"STTS": "S T T S"}, {"STTS": "S T T S"}),
        ({"  New   York ": " Nju  Jork "}, {"New York": "Nju Jork"}),
        ({"Zu\u0308rich": "Tsürich"}, {"Zürich": "Tsürich"}),
        ('{"STTS": "S T T S"}', {"STTS": "S T T S"}),
        ("", {}),
        ({"C++": "see plus plus", "♥": "love", "2": "two"}, {"C++": "see plus plus", "♥": "love", "2": "two"}),
        ({"Xai": "[Xai](/ʃaɪ/)"}, {"Xai": "[Xai](/ʃaɪ/)"}),
    ],
)
def test_they_are_read_into_one_form(written: Any, read: dict[str, str]) -> None:
    assert Shape(dictionary=written).dictionary == read


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (["a"], "must be an object"),
        (3, "must be an object"),
        ("{half", "must be an object"),
        ("[" * 100_000, "must be an object"),
        ({"secret": 1}, "entry 1: its spoken form is no text"),
        ({1: "secret"}, "entry 1: its word is no text"),
        ({"a": "b", "secret": ""}, "entry 2: its spoken form has neither"),
        ({"": "secret"}, "entry 1: its word has neither"),
        ({"secret": "..."}, "entry 1: its spoken form has neither"),
        ({"...": "secret"}, "entry 1: its word has neither"),
        ({"secret\x00": "b"}, "entry 1: its word has a control"),
        ({"a": "secret\nline"}, "entry 1: its spoken form has a control"),
        ({"a": "secret\ud800"}, "entry 1: its spoken form has a control"),
        ({"secret": "b", " secret": "c"}, "entry 2: this word is there already"),
        ({"s" * (WORD_CHARACTERS + 1): "b"}, f"entry 1: its word is longer than {WORD_CHARACTERS}"),
        ({"secret": "b" * (SPOKEN_CHARACTERS + 1)}, f"entry 1: its spoken form is longer than {SPOKEN_CHARACTERS}"),
        ({f"secret{number}": "b" for number in range(MOST_ENTRIES + 1)}, f"at most {MOST_ENTRIES} entries"),
    ],
)
def test_what_is_wrong_is_told_without_its_words(written: Any, told: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Shape(dictionary=written)
    (error,) = caught.value.errors(include_input=False, include_url=False)
    assert told in error["msg"] and error["loc"] == ("dictionary",)
    assert "secret" not in error["msg"]


def test_the_most_are_taken() -> None:
    most = {f"{number} ".ljust(WORD_CHARACTERS, "x"): "y" * SPOKEN_CHARACTERS for number in range(MOST_ENTRIES)}
    assert read_entries(most) == read_entries(json.dumps(most)) == most
