"""English text with its numbers, amounts, times, dates, units and abbreviations written out.

For voices that read letter by letter what they are given: they stumble over "$48.50", stop at the point of "3.14" and
after "Mr.". Pure, one sentence or a whole text; text without digits, abbreviations and signs comes back as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from stts.text.english_abbreviations import without_abbreviations
from stts.text.english_measures import CURRENCIES, MONTHS, UNITS, money, unit
from stts.text.english_numerals import cardinal, digits, ordinal, plural, written, year

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]

_NUMBER = r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
_START = r"(?<![\w.,:/])"
_END = r"(?![\w]|[.,:/]\d)"
_MONTH = "|".join(
    sorted({written for name in MONTHS for written in (name.title(), name.upper())}, key=len, reverse=True)
)
"""Capitalised, for "we will march 20 miles" is no date."""
_VERBS = frozenset({"may", "march"})
"""Months that begin a sentence as something else: "May 5 people come?"."""
_DATED = re.compile(r"\b(?:on|by|until|till|since|before|after|from|to|through|this|next|last|every)\s$", re.IGNORECASE)
"""Stands before a date."""
_COUNTED = re.compile(
    r"\s(?!(?:at|on|in|and|to|until|till|through|from|for|is|was|will|by|as|with|when|after|before)\b(?!\s\d))\w",
    re.IGNORECASE,
)
"""Stands behind a number that counts what follows, or behind a verb."""
_SIGNS = "|".join(sorted(map(re.escape, CURRENCIES), key=len, reverse=True))
_UNIT = "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True))
_SCALE = r"(?:\s?(?P<scale>hundred|thousand|million|billion|trillion|bn|[kKmMBT])\b)?"
_SCALES = {"k": "thousand", "m": "million", "b": "billion", "bn": "billion", "t": "trillion"}
_FRACTIONS = {"½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅛": "1/8"}
_PARTS = {2: "half", 4: "quarter"}
_CUES = "in|since|by|until|till|from|of|year|years|before|after|during|circa|around|summer|spring|winter|autumn|fall"


def spoken_english(text: str) -> str:
    """The text as it is said."""
    text = without_abbreviations(text)
    for pattern, words in _rules():
        text = pattern.sub(words, text)
    return text


def _time(match: re.Match[str]) -> str:
    hour, minute, second, half = int(match["hour"]), match["minute"], match["second"], match["half"]
    said = cardinal(hour)
    if minute and int(minute):
        said += f" {'oh ' if int(minute) < 10 else ''}{cardinal(int(minute))}"
    elif not half:
        said += " o'clock" if 0 < hour <= 12 else " hundred"
    if second:
        said += f" and {cardinal(int(second))} seconds"
    return f"{said} {half[0].upper()}M" if half else said


def _amount(match: re.Match[str]) -> str:
    scale = match["scale"]
    return _signed(match, money(match["number"], match["sign"], scale and _SCALES.get(scale.lower(), scale)))


def _signed(match: re.Match[str], words: str) -> str:
    return f"minus {words}" if match.groupdict().get("minus") else words


def _date(day: str, month: int | str, of_year: str | None) -> str:
    name = (
        MONTHS[month.lower().rstrip(".")] if isinstance(month, str) else list(dict.fromkeys(MONTHS.values()))[month - 1]
    )
    return f"{name} {ordinal(int(day))}" + (f", {year(int(of_year))}" if of_year else "")


def _iso_date(match: re.Match[str]) -> str:
    return _date(match["day"], int(match["month"]), match["year"])


def _slash_date(match: re.Match[str]) -> str:
    first, second = int(match["first"]), int(match["second"])
    month, day = (second, first) if first > 12 >= second else (first, second)
    return _date(str(day), month, match["year"]) if 1 <= month <= 12 and 1 <= day <= 31 else match[0]


def _fraction(match: re.Match[str]) -> str:
    above, below = int(match["above"]), int(match["below"])
    if (above, below) == (24, 7):
        return "twenty-four seven"
    if not 2 <= below <= 20 or not above or above >= below:
        return f"{cardinal(above)} over {cardinal(below)}"
    part = _PARTS.get(below, ordinal(below))
    said = f"{cardinal(above)} {part if above == 1 else ('halves' if below == 2 else plural(part))}"
    return f"{cardinal(int(match['whole']))} and {'a ' + part if above == 1 else said}" if match["whole"] else said


def _range(match: re.Match[str]) -> str:
    first, second = match["first"], match["second"]
    years = all(len(each) == 4 and 1100 <= int(each) < 2100 for each in (first, second))
    return " to ".join(year(int(each)) if years else written(each) for each in (first, second))


def _phone(match: re.Match[str]) -> str:
    groups = re.findall(r"\d+", match[0])
    return ("plus " if match[0].startswith("+") else "") + ", ".join(map(digits, groups))


def _plain(match: re.Match[str]) -> str:
    number = match["number"]
    if len(number) == 4 and number.isdigit() and 1900 <= int(number) < 2100:
        return _signed(match, year(int(number)))
    return _signed(match, written(number))


@cache
def _rules() -> tuple[Rule, ...]:
    """Compiled with the first text: an idle server does without."""

    def rule(pattern: str, words: Callable[[re.Match[str]], str], *, any_case: bool = False) -> Rule:
        return re.compile(pattern, re.IGNORECASE if any_case else 0), words

    minus = r"(?P<minus>(?<!\w)(?<!\d )[-−])?"
    number = f"(?P<number>{_NUMBER})"
    clock = rf"{_START}(?P<hour>[01]?\d|2[0-4])"
    half = r"(?P<half>[ap])\.?m\b(?:\.(?=\W*\w))?"
    day = r"(?P<day>[0-2]?\d|3[01])(?P<nth>st|nd|rd|th|ST|ND|RD|TH)?"
    of_year = r"(?:,?\s(?P<year>1\d{3}|20\d\d))?"
    return (
        rule("[½⅓⅔¼¾⅛]", lambda match: f" {_FRACTIONS[match[0]]}"),
        rule(rf"{clock}:(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?(?:\s?{half})?{_END}", _time, any_case=True),
        rule(rf"{clock}(?P<minute>)(?P<second>)\s?{half}{_END}", _time, any_case=True),
        rule(rf"{minus}(?P<sign>{_SIGNS})\s?{number}{_SCALE}", _amount),
        rule(rf"{minus}{_START}{number}{_SCALE}\s?(?P<sign>{_SIGNS})(?!\w)", _amount),
        rule(rf"{minus}{_START}{number}\s?%", lambda match: _signed(match, f"{written(match['number'])} percent")),
        rule(rf"{_START}(?P<year>\d{{4}})-(?P<month>0[1-9]|1[0-2])-(?P<day>0[1-9]|[12]\d|3[01]){_END}", _iso_date),
        rule(rf"{_START}(?P<first>\d\d?)/(?P<second>[0-2]?[1-9]|[1-3]0|31)/(?P<year>\d{{4}}){_END}", _slash_date),
        rule(rf"\b(?P<month>{_MONTH})\.?\s{day}{of_year}{_END}", _named_date),
        rule(rf"{_START}{day}\s(?:(?:of|OF)\s)?(?P<month>{_MONTH})\b\.?{of_year}", _named_date),
        rule(
            r"(?<![\w.])\+?(?:\d{1,3}[ -])?\(?\d{3}\)?[ -]\d{3}[ -]\d{4}(?!\d)|(?<![\w.-])\d{3}-\d{4}(?![\d-])", _phone
        ),
        rule(
            rf"{_START}(?P<number>\d[\d,]*)(?:st|nd|rd|th)\b",
            lambda match: ordinal(int(match["number"].replace(",", ""))),
            any_case=True,
        ),
        rule(r"(?<!\w)['’]?(?P<decade>[2-9]0)s\b", lambda match: plural(cardinal(int(match["decade"])))),
        rule(rf"{_START}(?P<decade>1\d\d0|20\d0)s\b", lambda match: plural(year(int(match["decade"])))),
        rule(r"(?<![\w.])\d+(?:\.\d+){2,}(?!\w)", lambda match: " point ".join(map(written, match[0].split(".")))),
        rule(rf"{minus}{_START}{number}\s?(?P<unit>{_UNIT})(?![\w/])", _measure),
        rule(rf"{_START}(?:(?P<whole>\d+)[ -])?(?P<above>\d{{1,3}})[/⁄](?P<below>\d{{1,3}}){_END}", _fraction),
        rule(rf"{_START}(?P<first>{_NUMBER})\s?[-–]\s?(?P<second>{_NUMBER})(?![\w-])", _range),
        rule(rf"{_START}(?P<first>\d+):(?P<second>\d+){_END}", _range),
        rule(rf"\b(?P<cue>{_CUES})\s(?P<year>1[1-9]\d\d){_END}", _cued_year, any_case=True),
        rule(r"(?<=\d)\s?×\s?(?=\d)", lambda _: " times "),
        rule(r"(?<=\d)\s?\+\s?(?=\d)", lambda _: " plus "),
        rule(r"(?<=\d)\s?=\s?(?=[\d−-])", lambda _: " equals "),
        rule(r"#(?=\d)", lambda _: "number "),
        rule(rf"{_START}{number}k\b", lambda match: f"{written(match['number'])} thousand"),
        rule(rf"{minus}(?<![\w.]){number}(?!\w)", _plain),
    )


def _named_date(match: re.Match[str]) -> str:
    return _date(match["day"], match["month"], match["year"]) if int(match["day"]) and _is_date(match) else match[0]


def _is_date(match: re.Match[str]) -> bool:
    """False where the month is rather a verb, and the day a number of something."""
    if match["month"].lower() not in _VERBS or match["nth"] or match["year"]:
        return True
    before = match.string[max(0, match.start() - 10) : match.start()]
    return bool(_DATED.search(before)) or not _COUNTED.match(match.string, match.end())


def _measure(match: re.Match[str]) -> str:
    return _signed(match, f"{written(match['number'])} {unit(match['unit'], match['number'])}")


def _cued_year(match: re.Match[str]) -> str:
    return f"{match['cue']} {year(int(match['year']))}"
