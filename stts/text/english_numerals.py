"""English words for numbers. Pure; American: no "and" inside a number."""

from __future__ import annotations

_SMALL = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SCALES = ("", "thousand", "million", "billion", "trillion", "quadrillion")
LONGEST = 3 * len(_SCALES)
"""Digits of the longest number that has a name here; longer ones are read digit by digit."""

_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip


def cardinal(number: int) -> str:
    """`forty-eight`; digit by digit what is too long for a name."""
    if number < 0:
        return f"minus {cardinal(-number)}"
    if number >= 10**LONGEST:
        return digits(str(number))
    if number < 1000:
        return _below_thousand(number)
    words = []
    for scale in reversed(range(len(_SCALES))):
        if part := number // 1000**scale % 1000:
            words += [_below_thousand(part), *_SCALES[scale].split()]
    return " ".join(words)


def _below_thousand(number: int) -> str:
    if number < 20:
        return _SMALL[number]
    if number < 100:
        tens, rest = divmod(number, 10)
        return _TENS[tens] + (f"-{_SMALL[rest]}" if rest else "")
    hundreds, rest = divmod(number, 100)
    return f"{_SMALL[hundreds]} hundred" + (f" {_below_thousand(rest)}" if rest else "")


def ordinal(number: int) -> str:
    """`forty-eighth`."""
    words = cardinal(number)
    at = max(words.rfind(" "), words.rfind("-")) + 1
    start, last = words[:at], words[at:]
    if last in _ORDINALS:
        return start + _ORDINALS[last]
    return f"{start}{last[:-1]}ieth" if last.endswith("y") else f"{start}{last}th"


def year(number: int) -> str:
    """`nineteen oh five`, `two thousand one`, `twenty twenty-six`."""
    century, rest = divmod(number, 100)
    if not 11 <= century <= 99 or (century % 10 == 0 and rest < 10):
        return cardinal(number)
    if rest == 0:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"


def plural(words: str) -> str:
    """`nineties` of `ninety`, `two thousands` of `two thousand`."""
    return f"{words[:-1]}ies" if words.endswith("y") else f"{words}s" if not words.endswith("x") else f"{words}es"


def digits(text: str) -> str:
    """`five five five`."""
    return " ".join(_SMALL[int(each)] for each in text)


def written(number: str) -> str:
    """The words of a number as it is written: `1,234.50`, `007`, `.5`."""
    whole, point, fraction = number.replace(",", "").partition(".")
    if not whole:
        words = "" if fraction else digits("0")
    elif len(whole) > 1 and whole.startswith("0"):
        words = digits(whole)
    else:
        words = cardinal(int(whole))
    return f"{words} point {digits(fraction)}".strip() if point and fraction else words
