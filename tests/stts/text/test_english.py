from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stts.text.english import spoken_english
from stts.text.english_numerals import cardinal, ordinal, year

READINGS = [
    ("It costs $48.50 today.", "It costs forty-eight dollars and fifty cents today."),
    ("Pi is 3.14 today.", "Pi is three point one four today."),
    ("He has $5.", "He has five dollars."),
    ("£0.99, ¥500, US$5, -$5", "ninety-nine pence, five hundred yen, five US dollars, minus five dollars"),
    ("$1.5 million and 20 EUR", "one point five million dollars and twenty euros"),
    ("At 3:30 pm, or 15:45.", "At three thirty PM, or fifteen forty-five."),
    ("3:05, 12:00 and 15:00", "three oh five, twelve o'clock and fifteen hundred"),
    ("We left at 5 p.m.", "We left at five PM."),
    ("Come at 5 a.m. to us", "Come at five AM to us"),
    ("On 2024-05-06.", "On May sixth, twenty twenty-four."),
    ("25/12/2023", "December twenty-fifth, twenty twenty-three"),
    ("January 5, 2024", "January fifth, twenty twenty-four"),
    ("the 5th of May 1999", "the May fifth, nineteen ninety-nine"),
    ("Only 2 may enter at once.", "Only two may enter at once."),
    ("We will march 20 miles.", "We will march twenty miles."),
    ("Chapter 5 may surprise you.", "Chapter five may surprise you."),
    ("May 5 people come?", "May five people come?"),
    ("March 20 miles!", "March twenty miles!"),
    ("ONLY 2 MAY ENTER", "ONLY two MAY ENTER"),
    ("May 5 to 10 people come?", "May five to ten people come?"),
    ("We met on May 5 at noon.", "We met on May fifth at noon."),
    ("On 5 May we met, until March 20.", "On May fifth we met, until March twentieth."),
    ("May 5 is a Monday, as was MAY 3RD.", "May fifth is a Monday, as was May third."),
    ("Since 3 Sept. 2020, or JUNE 4.", "Since September third, twenty twenty, or June fourth."),
    ("0/5/2020 and 45/12/2020", "zero/five/twenty twenty and forty-five/twelve/twenty twenty"),
    ("50%, -4 %", "fifty percent, minus four percent"),
    ("1st, 2nd, 11th, 21st, 1,000th", "first, second, eleventh, twenty-first, one thousandth"),
    ("the 1990s and '80s", "the nineteen nineties and eighties"),
    ("Call 555-1234", "Call five five five, one two three four"),
    ("(555) 123-4567", "five five five, one two three, four five six seven"),
    ("version 1.2.3", "version one point two point three"),
    ("5 km at 60 km/h", "five kilometers at sixty kilometers per hour"),
    ("1 kg, 3.5GB, -5°F", "one kilogram, three point five gigabytes, minus five degrees Fahrenheit"),
    ("1/2, 3/4, 1 1/2, 2½, 24/7", "one half, three quarters, one and a half, two and a half, twenty-four seven"),
    ("10-20, 1990–1995", "ten to twenty, nineteen ninety to nineteen ninety-five"),
    (
        "since 1776, in 2025, 1500 men",
        "since seventeen seventy-six, in twenty twenty-five, one thousand five hundred men",
    ),
    ("007, 1,234.5, .5", "zero zero seven, one thousand two hundred thirty-four point five, point five"),
    ("Mr. Lee met Dr. Smith.", "Mister Lee met Doctor Smith."),
    ("St. Mary on Main St.", "Saint Mary on Main Street."),
    ("The U.S. Army, J. R. Tolkien", "The U S Army, J R Tolkien"),
    ("He moved to the U.S.", "He moved to the U S."),
    ("e.g. this, etc.", "for example this, et cetera."),
    ("No. 5 and #7", "number five and number seven"),
    ("2 + 2 = 4, 3×4, 2:1", "two plus two equals four, three times four, two to one"),
    ("100k, 1,2", "one hundred thousand, one,two"),
    ("mp3, H2O and B2B", "mp3, H2O and B2B"),
    ("no number here: none", "no number here: none"),
]


@pytest.mark.parametrize(("written", "spoken"), READINGS)
def test_reads(written: str, spoken: str) -> None:
    assert " ".join(spoken_english(written).split()) == spoken


@pytest.mark.parametrize(("_written", "spoken"), READINGS)
def test_what_is_spoken_is_spoken_again_as_it_is(_written: str, spoken: str) -> None:
    assert spoken_english(spoken) == spoken


def test_numerals() -> None:
    assert cardinal(1_000_000_000_000_042) == "one quadrillion forty-two"
    assert cardinal(10**18) == " ".join(["one", *["zero"] * 18])
    assert [ordinal(number) for number in (3, 12, 20, 101)] == ["third", "twelfth", "twentieth", "one hundred first"]
    assert [year(number) for number in (1905, 2000, 2005, 1900, 800)] == [
        "nineteen oh five",
        "two thousand",
        "two thousand five",
        "nineteen hundred",
        "eight hundred",
    ]


@given(st.lists(st.integers(0, 10**20), min_size=1, max_size=5))
def test_no_digit_is_left_of_numbers_between_words(numbers: list[int]) -> None:
    assert not re.search(r"\d", spoken_english(" and ".join(map(str, numbers))))


@given(st.text(alphabet="0123456789.,:/-–%$€°'() kmsth", max_size=40))
def test_anything_can_be_read(text: str) -> None:
    assert spoken_english(text).strip() or not text.strip()


@given(st.text(alphabet="abc ,!?\n", max_size=40))
def test_text_without_numbers_is_left_alone(text: str) -> None:
    assert spoken_english(text) == text


def test_a_long_text_is_read_in_time_that_grows_with_its_length() -> None:
    spoken_english("1,23 4:5-6/7.8 " * 5000)
