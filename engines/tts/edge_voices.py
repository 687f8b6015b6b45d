"""Voices of Microsoft Edge: a female and a male one of each common language, until the service has listed all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from stts.engine_api import Voice

DEFAULT = "en-US-EmmaMultilingualNeural"

_PAIRS = """
ar-EG Salma Shakir
cs-CZ Vlasta Antonin
da-DK Christel Jeppe
de-DE Katja Conrad
el-GR Athina Nestoras
en-AU Natasha William
en-GB Sonia Ryan
en-IN Neerja Prabhat
en-US Aria Guy
es-ES Elvira Alvaro
es-MX Dalia Jorge
fi-FI Noora Harri
fr-CA Sylvie Jean
fr-FR Denise Henri
he-IL Hila Avri
hi-IN Swara Madhur
hu-HU Noemi Tamas
id-ID Gadis Ardi
it-IT Elsa Diego
ja-JP Nanami Keita
ko-KR SunHi InJoon
nb-NO Pernille Finn
nl-NL Colette Maarten
pl-PL Zofia Marek
pt-BR Francisca Antonio
pt-PT Raquel Duarte
ro-RO Alina Emil
ru-RU Svetlana Dmitry
sv-SE Sofie Mattias
th-TH Premwadee Niwat
tr-TR Emel Ahmet
uk-UA Polina Ostap
vi-VN HoaiMy NamMinh
zh-CN Xiaoxiao Yunxi
zh-TW HsiaoChen YunJhe
en-GB Libby Thomas
en-US Jenny Christopher
en-US Michelle Roger
en-US Ava Andrew
en-US Emma Brian
"""
HOSTED = {
    "alloy": (DEFAULT,),
    "ash": ("en-US-GuyNeural",),
    "ballad": ("en-GB-ThomasNeural", "en-GB-RyanNeural"),
    "cedar": ("en-US-RogerNeural",),
    "coral": ("en-US-AriaNeural",),
    "echo": ("en-US-BrianNeural",),
    "fable": ("en-GB-RyanNeural",),
    "marin": ("en-US-EmmaNeural",),
    "nova": ("en-US-JennyNeural",),
    "onyx": ("en-US-ChristopherNeural",),
    "sage": ("en-US-MichelleNeural",),
    "shimmer": ("en-US-AvaNeural",),
    "verse": ("en-US-AndrewNeural",),
}
"""Hosted names, by gender, age and accent as the service describes its voices."""
_ID = re.compile(r"(?P<language>[a-z]{2,3}(?:-[A-Z][a-z]{3})?-[A-Z]{2})(?:-[a-z]+)?-(?P<name>\w+)Neural")


def listed_voice(entry: Mapping[str, Any]) -> Voice:
    """A voice as the service lists it. Raises KeyError for an entry that is none."""
    gender = str(entry.get("Gender", "")).lower()
    return Voice(
        id=str(entry["ShortName"]),
        name=str(entry.get("FriendlyName") or entry["ShortName"]),
        languages=_languages(str(entry["Locale"])),
        gender=gender if gender in ("female", "male") else "",  # type: ignore[arg-type]
    )


def unlisted_voice(voice_id: str) -> Voice | None:
    """A voice by its id alone, which says its language; None for an id of another form."""
    found = _ID.fullmatch(voice_id)
    return Voice(voice_id, found["name"], _languages(found["language"])) if found else None


def _languages(locale: str) -> tuple[str, ...]:
    """Its tag, and its language alone, so that a request without a region finds it. Dialects behind it are cut off."""
    tag = "-".join(part for part in locale.split("-")[:3] if part[:1].isupper() or part == locale.split("-")[0])
    return (tag, tag.split("-")[0])


def _pair(line: str) -> tuple[Voice, Voice]:
    language, female, male = line.split()
    return _of(language, female, "female"), _of(language, male, "male")


def _of(language: str, name: str, gender: Literal["female", "male"]) -> Voice:
    return Voice(f"{language}-{name}Neural", name, _languages(language), gender)


VOICES: tuple[Voice, ...] = (
    Voice(DEFAULT, "Emma", ("en-US", "en"), "female"),
    *(voice for line in _PAIRS.strip().splitlines() for voice in _pair(line)),
)
