"""The voices of Kokoro: arrays in a file, named `af_heart` (American, female), alone or blended.

The file is a zip archive of arrays; its names are read without loading them.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from stts.engine_api import Voice
from stts.language_names import KOKORO
from stts.voices.blend import blend_id, read_blend

ESPEAK: Mapping[str, str] = {
    "en-US": "en-us",
    "en-GB": "en-gb",
    "es": "es",
    "fr-FR": "fr-fr",
    "hi": "hi",
    "it": "it",
    "ja": "ja",
    "pt-BR": "pt-br",
    "zh": "cmn",
}
"""BCP 47 -> what the library calls a language, which is what eSpeak calls it."""

_NAME = re.compile(r"(?P<letter>[a-z])(?P<gender>[fm])_\w+")
_GENDERS: Mapping[str, Literal["female", "male"]] = {"f": "female", "m": "male"}
_SPELLS = {"ja": ("Han",), "zh": ("Han",)}
"""Languages whose letters eSpeak does not read."""


class VoiceNames:
    """The voices of one file."""

    def __init__(self, path: Path) -> None:
        """Raises OSError, and BadZipFile for a file that is none."""
        with zipfile.ZipFile(path) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
        own = {name: _language(name) for name in names}
        others = tuple(language for language in ESPEAK if language not in own.values())
        self.voices = tuple(_voice(name, language, others) for name, language in own.items())
        self._by_name = {voice.id: voice for voice in self.voices}

    @property
    def default(self) -> str | None:
        """The English voice that upstream shows first, else any English one, else the first."""
        english = sorted(name for name, voice in self._by_name.items() if voice.languages[0].startswith("en-"))
        usual = [name for name in ("af_heart", "af_bella") if name in self._by_name]
        return next(iter([*usual, *english, *self._by_name]), None)

    def find(self, voice_id: str) -> Voice | None:
        """A voice or a blend of some; the heaviest says what the blend speaks."""
        parts = read_blend(voice_id)
        if not parts or any(part.name not in self._by_name for part in parts):
            return None
        heaviest = self._by_name[max(parts, key=lambda part: part.weight).name]
        if len(parts) == 1:
            return heaviest
        return Voice(
            blend_id(parts),
            " and ".join(self._by_name[part.name].name for part in parts),
            heaviest.languages,
            heaviest.gender,
            spells=heaviest.spells,
        )


def _language(name: str) -> str:
    match = _NAME.fullmatch(name)
    return KOKORO.get(match["letter"], "en-US") if match else "en-US"


def _voice(name: str, language: str, others: tuple[str, ...]) -> Voice:
    """`others`: languages that no voice of the file is made for, which each speaks with its accent."""
    match = _NAME.fullmatch(name)
    return Voice(
        id=name,
        name=(name.partition("_")[2] or name).title(),
        languages=(language, *others),
        gender=_GENDERS[match["gender"]] if match else "",
        spells=_SPELLS.get(language, ()),
    )


HOSTED = {
    "alloy": ("af_alloy", "af_heart", "af_sky"),
    "ash": ("am_michael", "am_adam"),
    "ballad": ("bm_george", "bm_lewis"),
    "cedar": ("am_fenrir", "am_adam"),
    "coral": ("af_bella", "af_sarah"),
    "echo": ("am_echo", "am_michael"),
    "fable": ("bm_fable", "bm_lewis"),
    "marin": ("af_heart", "af_bella"),
    "nova": ("af_nova", "af_sarah"),
    "onyx": ("am_onyx", "am_adam"),
    "sage": ("af_sarah",),
    "shimmer": ("af_sky", "af_bella"),
    "verse": ("am_puck", "am_michael"),
}
"""Hosted names: Kokoro has namesakes of some; the others are of all its files since the first."""
