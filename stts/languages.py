"""Language tags: reading what clients write for one, and matching BCP 47 tags to choose a voice or an engine."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from stts.language_names import CODES, ENGLISH, NAMES, REGIONS

NOT_GIVEN = frozenset(
    {"", "auto", "automatic", "autodetect", "auto-detect", "detect", "default", "none", "null", "undefined", "any"}
    | {"und", "mul", "unknown", "multi", "multilingual"}
)
"""Values that mean no language, in any case; `und` and `mul` are BCP 47's own words for it."""

NEAREST = 5
"""Known names suggested in place of an unknown one."""

REMEMBERED_TAGS = 2048
"""Tags whose language is worked out once: the same few hundred of all voices are compared with each request's."""

_MACRO = {"nb": "no", "fil": "tl", "hbs": "sr", "sh": "sr"}
"""Languages for which engines use either tag."""
_SIBLINGS = {"nn": "no", "hyw": "hy"}
"""Languages whose speakers are served by another rather than by none."""

_LOCALE_TAIL = re.compile(r"[.@].*$")
"""The encoding and modifier of a POSIX locale, as in `de_DE.UTF-8@euro`."""
_IN_BRACKETS = re.compile(r"(?P<name>[^()]+?)\s*\((?P<region>[^()]+)\)")
_TAG = re.compile(r"[a-z]{2,8}(?:-[a-z0-9]{1,8})*", re.IGNORECASE)
UNSPACED_LANGUAGES = frozenset({"zh", "yue", "ja", "th", "lo", "km", "my"})
"""Languages written without spaces between words."""


def read_language(value: object) -> object:
    """The BCP 47 tag that a client means, None where it names no language; what is no text is returned as it came.

    Understands any case, underscores, POSIX locales, ISO 639-2/3 codes, English and native names, Kokoro's letters, and
    a list of one. A text that is none of these is returned without the space around it: whoever needs the language
    refuses it and says what it may be.
    """
    if isinstance(value, Sequence) and not isinstance(value, str | bytes) and len(value) <= 1:
        value = value[0] if value else None
    if not isinstance(value, str):
        return value
    written = _LOCALE_TAIL.sub("", value.strip())
    name = " ".join(written.lower().replace("_", " ").split())
    if name in NOT_GIVEN:
        return None
    return NAMES.get(name) or _with_region(name) or _canonical(written.replace("_", "-")) or value.strip()


def primary(tag: str) -> str:
    """The primary subtag as this server writes it: `de` of `de-AT`, `he` of `iw`, `zh` of `cmn-Hans`."""
    subtag, _, rest = _lower(tag).partition("-")
    if subtag == "zh" and rest.split("-")[0] == "yue":
        return "yue"
    return CODES.get(subtag, subtag)


def is_known(tag: str) -> bool:
    """True for a well-formed BCP 47 tag of a language that the table has."""
    return _TAG.fullmatch(tag) is not None and primary(tag) in ENGLISH


def same_language(one: str, other: str) -> bool:
    """True if two tags are of one language, whatever the region and whichever code stands for it."""
    return _family(one) == _family(other)


def best_match(wanted: str, offered: Iterable[str]) -> str | None:
    """The offered tag that fits best: the same, else the first of the same language, else of a near one, else None."""
    offered = list(offered)
    for fits in (_lower, _family_and_rest, _family):
        if (found := next((tag for tag in offered if fits(tag) == fits(wanted)), None)) is not None:
            return found
    sibling = _SIBLINGS.get(primary(wanted))
    return next((tag for tag in offered if _family(tag) == sibling), None)


def english_name(tag: str | None) -> str:
    """`german` of `de-AT`; the subtag itself where the table has no name, nothing where the language is not known."""
    if tag is None:
        return ""
    return ENGLISH.get(primary(tag), primary(tag))


def nearest(name: str, known: Iterable[str], most: int = NEAREST) -> list[str]:
    """The known names that are written most like this one, best first; none where nothing is near."""
    by_lower: dict[str, str] = {}
    for each in known:
        by_lower.setdefault(each.lower(), each)
    matches = difflib.get_close_matches(name.strip().lower()[:100], by_lower, n=most, cutoff=0.6)
    return [by_lower[match] for match in matches]


def _lower(tag: str) -> str:
    return tag.replace("_", "-").lower()


@lru_cache(REMEMBERED_TAGS)
def _family(tag: str) -> str:
    subtag = primary(tag)
    return _MACRO.get(subtag, subtag)


@lru_cache(REMEMBERED_TAGS)
def _family_and_rest(tag: str) -> tuple[str, str]:
    return _family(tag), _lower(tag).partition("-")[2]


def _with_region(name: str) -> str | None:
    """`pt-BR` of `portuguese (brazil)`."""
    match = _IN_BRACKETS.fullmatch(name)
    if match is None or (tag := NAMES.get(match["name"])) is None:
        return None
    region = REGIONS.get(match["region"].strip())
    return f"{primary(tag)}-{region}" if region else tag


def _canonical(tag: str) -> str | None:
    """A well-formed tag in the usual letter case, its language as this server writes it; None for what is none."""
    if not _TAG.fullmatch(tag):
        return None
    first, *rest = tag.lower().split("-")
    if first == "zh" and rest and rest[0] in ("yue", "cmn"):
        first = rest.pop(0)
    return "-".join([CODES.get(first, first), *_usual_case(rest)])


def _usual_case(subtags: Sequence[str]) -> list[str]:
    """`US`, `Hant`; what follows a single letter is private or an extension, and in lower case."""
    private = next((index for index, subtag in enumerate(subtags) if len(subtag) == 1), len(subtags))
    cases = {2: str.upper, 4: str.title}
    return [
        cases[len(subtag)](subtag) if index < private and len(subtag) in cases else subtag
        for index, subtag in enumerate(subtags)
    ]
