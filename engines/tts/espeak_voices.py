"""The voices of eSpeak NG, read from its data folder without loading the library.

`lang/<family>/<file>` describes a voice of a language, `voices/!v/<file>` a variant: another throat for any of them.
Both are a few lines of `key value`; only names, languages and genders are read here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Container, Iterator
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Literal

from stts.engine_api import Voice

Gender = Literal["female", "male", ""]
GENDERS: dict[str, Gender] = {"female": "female", "male": "male"}

SPELLS = {"ja": ("Han",)}
"""Voice -> scripts that it has no readings for: each kanji is announced as a Chinese letter."""

USUAL_VARIANTS = {"female": "f3", "male": "m3"}
"""Gender -> the variant that changes a base voice to it."""

DEFAULT_PRIORITY = 5
"""Priority of a language line without a number; eSpeak prefers the voice with the lowest."""

HOSTED = {
    "alloy": ("en-us",), "ash": ("en-us+m3",), "ballad": ("en-gb+m4",), "cedar": ("en-us+m2",), "coral": ("en-us+f2",),
    "echo": ("en-us+m1",), "fable": ("en-gb",), "marin": ("en-us+f1",), "nova": ("en-us+f3",), "onyx": ("en-us+m7",),
    "sage": ("en-us+f4",), "shimmer": ("en-us+f5",), "verse": ("en-us+m5",),
}  # fmt: skip
"""Hosted names: throats as different as there are."""

_SUBTAGS = (
    re.compile(r"[a-z]{3}", re.IGNORECASE),
    re.compile(r"[a-z]{4}", re.IGNORECASE),
    re.compile(r"[a-z]{2}|\d{3}", re.IGNORECASE),
    re.compile(r"[a-z0-9]{5,8}|\d[a-z0-9]{3}", re.IGNORECASE),
)
"""Extended language, script, region, variant: in this order, each at most once."""


class Catalogue:
    """Voice catalogue of a data folder: over 130 voices, and a hundred variants, read when one is asked for.

    A voice whose dictionary was not packed says nothing, and is left out.
    """

    def __init__(self, data: Path) -> None:
        self._data = data
        languages = str(data / "lang")
        described = [_description(path) for path in _files(languages)]
        complete = {name for name in os.listdir(data) if name.endswith("_dict")}
        found = sorted((each for each in described if each.dictionary in complete), key=lambda each: each.order)
        self._paths: dict[str, str] = {}
        self._aliases: dict[str, Voice] = {}
        for each in found:
            voice = each.voice(taken=self._paths)
            self._paths[voice.id] = os.path.relpath(each.path, languages).replace(os.sep, "/")
            self._aliases[voice.id] = voice
        self.voices = tuple(self._aliases.values())
        """Base voices; of one language, those that eSpeak prefers come first."""
        for voice, each in zip(self.voices, found, strict=True):
            for alias in (each.file_name, *each.tags, *voice.languages):
                self._aliases.setdefault(alias.lower(), voice)

    @cached_property
    def variants(self) -> tuple[Voice, ...]:
        """Variants, which may follow a base voice and a plus sign."""
        described = map(_description, sorted(_files(str(self._data / "voices" / "!v"))))
        return tuple(Voice(each.file_name, each.name, (), each.gender) for each in described)

    def find(self, voice_id: str) -> Voice | None:
        """The voice of `base` or `base+variant`, ignoring case; a language tag names its preferred voice."""
        base_id, plus, variant_id = voice_id.lower().partition("+")
        base = self._aliases.get(base_id)
        if base is None or not plus:
            return base
        variant = next((each for each in self.variants if each.id.lower() == variant_id), None)
        if variant is None:
            return None
        return replace(
            base,
            id=f"{base.id}+{variant.id}",
            name=f"{base.name}, {variant.name}",
            gender=variant.gender or base.gender,
        )

    def of_gender(self, voice: Voice, gender: str) -> Voice:
        """The base voice with the usual variant of a gender; the voice itself where it has that gender already."""
        base_id = voice.id.partition("+")[0]
        found = self.find(f"{base_id}+{USUAL_VARIANTS[gender]}") if gender in USUAL_VARIANTS else None
        return voice if found is None or voice.gender == gender else found

    def path(self, voice: Voice) -> str | None:
        """The library's name of a voice that `find` returned."""
        base_id, plus, variant_id = voice.id.partition("+")
        path = self._paths.get(base_id)
        return path and f"{path}{plus}{variant_id}"


@cache
def catalogue(data: Path) -> Catalogue:
    """The catalogue of a data folder, read once in a process."""
    return Catalogue(data)


def bcp47(tag: str) -> str:
    """A well-formed BCP 47 tag: what does not fit its grammar becomes private use (`en-us-nyc`: `en-US-x-nyc`)."""
    subtags = tag.split("-")
    parts = [subtags.pop(0).lower()]
    kinds = iter(_SUBTAGS)
    while subtags and subtags[0].lower() != "x" and any(kind.fullmatch(subtags[0]) for kind in kinds):
        parts.append(_canonical_case(subtags.pop(0)))
    if subtags and subtags[0].lower() != "x":
        parts.append("x")
    return "-".join([*parts, *(subtag.lower() for subtag in subtags)])


def _canonical_case(subtag: str) -> str:
    return {2: subtag.upper(), 4: subtag.title()}.get(len(subtag), subtag.lower())


def _files(folder: str) -> Iterator[str]:
    for parent, _, names in os.walk(folder):
        yield from (os.path.join(parent, name) for name in names)


@dataclass(frozen=True, slots=True)
class _Description:
    path: str
    name: str
    tags: tuple[str, ...]
    gender: Gender
    priority: int
    """Priority of the most general tag."""
    dictionary: str
    """Name of a file in the data folder."""

    @property
    def file_name(self) -> str:
        return os.path.basename(self.path)

    @property
    def order(self) -> tuple[str, int, str]:
        return self.tags[0].partition("-")[0], self.priority, self.tags[0]

    def voice(self, *, taken: Container[str]) -> Voice:
        tag = self.tags[0].lower()
        languages = tuple(dict.fromkeys(map(bcp47, self.tags)))
        id = tag if tag not in taken else self.file_name.lower()
        return Voice(id, self.name, languages, self.gender or "male", spells=SPELLS.get(tag, ()))


def _description(path: str) -> _Description:
    values: dict[str, list[list[str]]] = {}
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            key, *words = line.partition("//")[0].split() or [""]
            if words:
                values.setdefault(key, []).append(words)
    file_name = os.path.basename(path)
    languages = values.get("language", [[file_name]])
    general = languages[-1]
    return _Description(
        path,
        name=" ".join(values.get("name", [[file_name]])[0]),
        tags=tuple(words[0] for words in languages),
        gender=GENDERS.get(values.get("gender", [[""]])[0][0], ""),
        priority=int(general[1]) if len(general) > 1 else DEFAULT_PRIORITY,
        dictionary=values.get("dictionary", [[languages[0][0].partition("-")[0]]])[0][0] + "_dict",
    )
