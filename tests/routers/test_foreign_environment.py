from __future__ import annotations

from collections.abc import Callable

import pytest

from routers.foreign_environment import ForeignEnvironment
from stts.errors import InvalidConfiguration


def test_names_are_read_in_any_case_and_what_nobody_asks_for_is_unknown() -> None:
    read = ForeignEnvironment({"port": "5001", "HOST": " 127.0.0.1 ", "Colour": "blue", "EMPTY": ""})
    assert read.whole_number("PORT") == 5001 and read.text("HOST") == "127.0.0.1"
    assert read.text("EMPTY") is None and read.text("MISSING") is None
    assert read.unknown == ("Colour",)


def test_the_first_name_that_has_a_value_counts() -> None:
    read = ForeignEnvironment({"OLD": "1", "NEW": ""})
    assert read.text("NEW", "OLD") == "1" and read.unknown == ()


def test_lists_are_arrays_or_words_between_commas() -> None:
    read = ForeignEnvironment({"A": '["one", "two"]', "B": "one, two,", "C": "*"})
    assert read.texts("A") == read.texts("B") == ["one", "two"]
    assert read.texts("C") == ["*"] and read.texts("D") is None


def test_flags() -> None:
    read = ForeignEnvironment({"A": "True", "B": "off", "C": "0"})
    assert (read.flag("A"), read.flag("B"), read.flag("C"), read.flag("D")) == (True, False, False, None)


@pytest.mark.parametrize(
    "ask",
    [
        lambda read: read.number("WRONG"),
        lambda read: read.whole_number("HALF"),
        lambda read: read.number("NEGATIVE"),
        lambda read: read.number("ENDLESS"),
        lambda read: read.flag("WRONG"),
        lambda read: read.texts("ARRAY"),
    ],
)
def test_wrong_values_are_refused_without_repeating_them(ask: Callable[[ForeignEnvironment], object]) -> None:
    values = {"Wrong": "secret", "HALF": "1.5", "NEGATIVE": "-1", "ENDLESS": "inf", "ARRAY": "[1]"}
    with pytest.raises(InvalidConfiguration) as raised:
        ask(ForeignEnvironment(values))
    assert "wanted" in raised.value.message and "secret" not in raised.value.message
