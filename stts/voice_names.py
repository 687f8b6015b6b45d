"""Voice names of the hosted service and of other engines, and what the voices behind them are like.

Clients are written for one server and used with another, and must often name some voice. A name that is known to be
another engine's says at least a language and mostly a gender; a voice of ours that is alike speaks in its place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from stts.language_names import CODES, KOKORO, NAMES
from stts.languages import read_language

Gender = Literal["female", "male", ""]

HOSTED: Mapping[str, Gender] = {
    "alloy": "", "ash": "male", "ballad": "male", "cedar": "male", "coral": "female", "echo": "male", "fable": "",
    "marin": "female", "nova": "female", "onyx": "male", "sage": "female", "shimmer": "female", "verse": "male",
}  # fmt: skip
"""Voices of the hosted service, by gender. Each engine says which of its own are of their kind (`hosted_voices`)."""

DEFAULT_NAMES = frozenset({"default", "none", "null", "undefined"})
"""Values that mean no voice, unless a voice has that name."""

NAME_CHARACTERS = 200

_GENDERS: dict[str, Gender] = {"f": "female", "m": "male"}
_KOKORO = re.compile(r"(?P<language>[abefhijpz])(?P<gender>[fm])_[a-z0-9]+(?:\((?P<weight>\d+(?:\.\d+)?)\))?")
_PIPER = re.compile(r"(?P<language>[a-z]{2,3}_[A-Z]{2})-\w+-(?:x_low|low|medium|high)")
_NEURAL = re.compile(r"(?P<language>[a-z]{2,3}-[A-Z]{2})(?:-[A-Za-z]+)*-\w+Neural")
_TAG = re.compile(r"[a-z]{2,3}[-_][a-z]{2}|[a-z]{2}", re.IGNORECASE)
_SHORTEST_NAME = 4


@dataclass(frozen=True, slots=True)
class Likeness:
    """Language and gender of a voice that this server does not have."""

    language: str
    """BCP 47."""
    gender: Gender = ""
    is_voice: bool = True
    """False: only a language was named, so that any voice of it is what was asked for."""


def likeness(name: str) -> Likeness | None:
    """Language and gender of another engine's voice; None for a name that no other engine is known to use.

    Known are Kokoro's voices and blends (`af_heart`, `af_bella(2)+af_sky`: the heaviest counts), Piper's
    (`en_US-lessac-medium`), the neural voices of Edge and Azure (`de-DE-KatjaNeural`), and a language in place of a
    voice (`en_US`, `German`).
    """
    if len(name) > NAME_CHARACTERS:
        return None
    return _blend(name) or _by_tag(name) or _language(name)


def _blend(name: str) -> Likeness | None:
    parts = [_KOKORO.fullmatch(part.strip()) for part in name.lower().split("+")]
    voices = [part for part in parts if part is not None]
    if len(voices) < len(parts):
        return None
    heaviest = max(voices, key=lambda voice: float(voice["weight"] or 1))
    return Likeness(KOKORO[heaviest["language"]], _GENDERS[heaviest["gender"]])


def _by_tag(name: str) -> Likeness | None:
    match = _PIPER.fullmatch(name) or _NEURAL.fullmatch(name)
    language = read_language(match["language"]) if match is not None else None
    return Likeness(language) if isinstance(language, str) else None


def _language(name: str) -> Likeness | None:
    """Short names of people are codes of languages too (`Ben`), so that only full names and tags count."""
    is_name = len(name) >= _SHORTEST_NAME and name.lower().replace("_", " ") in NAMES
    if not is_name and not (_TAG.fullmatch(name) and name[:2].lower() in CODES):
        return None
    language = read_language(name)
    return Likeness(language, is_voice=False) if isinstance(language, str) else None
