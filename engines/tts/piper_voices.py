"""The voices of Piper: pairs of files, `NAME.onnx` and `NAME.onnx.json`, found in folders and read without the library.

A voice of several speakers is one voice for its first speaker, and `NAME#SPEAKER` for each.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, ValidationError

from stts.engine_api import Voice

MODEL, DESCRIPTION, CARD = ".onnx", ".onnx.json", "MODEL_CARD"
CARD_BYTES = 100_000
"""Most that is read of a card."""
SPEAKER = "#"
LEVELS: Mapping[str, float] = {"en_US-joe-medium": -24.2}
"""Mean level in dBFS of voices that were measured; others are measured when they speak."""
SPEAKERS = 1000
"""Speakers listed of one voice; more can be named."""
LOOK_AGAIN_SECONDS = 2.0
"""Seconds after which folders are looked into again."""

Gender = Literal["female", "male", ""]
_GENDERS: Mapping[str, Gender] = {"female": "female", "f": "female", "male": "male", "m": "male"}
# fmt: off
_WOMEN = frozenset((
    "alba", "amy", "cori", "eva_k", "gosia", "hfc_female", "huayan", "irina", "jenny_dioco", "kathleen", "kerstin",
    "kristin", "lada", "lessac", "lisa", "ljspeech", "nathalie", "paola", "ramona", "siwis", "southern_english_female",
))
_MEN = frozenset((
    "alan", "ald", "bryce", "cadu", "carlfm", "danny", "darkman", "davefx", "denis", "dmitri", "faber", "gilles",
    "hfc_male", "jeff", "joe", "john", "karlsson", "kusal", "norman", "northern_english_male", "pavoque", "riccardo",
    "ronnie", "ruslan", "ryan", "thorsten", "tom", "tugão",
))
# fmt: on
"""Datasets of the public voices whose speaker is known; a description may say it itself (`gender`)."""
_ALIKE = {
    "alloy": "en_US-lessac en_US-amy", "ash": "en_US-ryan en_US-joe", "ballad": "en_GB-alan",
    "cedar": "en_US-john en_US-joe", "coral": "en_US-amy en_US-lessac", "echo": "en_US-joe en_US-ryan",
    "fable": "en_GB-northern_english_male en_GB-alan",
    "marin": "en_US-kristin en_US-lessac", "nova": "en_US-hfc_female en_US-amy", "onyx": "en_US-norman en_US-joe",
    "sage": "en_US-kathleen en_US-amy", "shimmer": "en_US-ljspeech en_US-amy", "verse": "en_US-hfc_male en_US-ryan",
}  # fmt: skip
_QUALITIES = ("high", "medium", "low", "x_low")
HOSTED: Mapping[str, tuple[str, ...]] = {
    name: tuple(f"{voice}-{quality}" for voice in voices.split() for quality in _QUALITIES)
    for name, voices in _ALIKE.items()
}
"""Hosted names: public voices of their gender and accent, in the best quality that is there."""


Signature = tuple[tuple[int, int], ...]
"""Size and modification time in ns of each file of a voice."""


@dataclass(frozen=True, slots=True)
class VoiceFile:
    """A voice on this disk."""

    path: Path
    """Parameters of the network."""
    voices: tuple[Voice, ...]
    """The voice itself and, where it has several, its speakers."""
    speakers: Mapping[str, int]
    model_id: str | None = None
    """Its name in the model catalogue, where it is from there."""


class VoiceFolders:
    """The voices in some folders, the first of a name counting. Looks again when a voice is asked for a while later."""

    def __init__(
        self, folders: Callable[[], Iterable[tuple[Path, str | None]]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`folders`: each with the id of the catalogue's model that it holds, if it is one."""
        self._folders = folders
        self._clock = clock
        self._looked: float | None = None
        self._read: dict[Path, tuple[Signature, VoiceFile]] = {}
        self._files: dict[str, VoiceFile] = {}
        self._voices: tuple[Voice, ...] = ()

    @property
    def voices(self) -> tuple[Voice, ...]:
        self._look()
        return self._voices

    def find(self, voice_id: str) -> Voice | None:
        """The voice of `NAME` or `NAME#SPEAKER`, by any speaker's name or number; ignores case."""
        file, speaker = self.file(voice_id)
        if file is None:
            return None
        if not speaker:
            return file.voices[0]
        known = {name.lower(): name for name in file.speakers}
        by_number = {str(number): name for name, number in file.speakers.items()}
        name = known.get(speaker.lower()) or by_number.get(speaker)
        return None if name is None else _of_speaker(file.voices[0], name)

    def file(self, voice_id: str) -> tuple[VoiceFile | None, str]:
        """The files of a voice, and its speaker's name, which may be empty."""
        self._look()
        name, _, speaker = voice_id.partition(SPEAKER)
        return self._files.get(name.lower()), speaker

    def card(self, voice_id: str) -> str | None:
        """The `MODEL_CARD` beside a voice, where no other voice could be meant by it."""
        file, _ = self.file(voice_id)
        if file is None:
            return None
        with contextlib.suppress(OSError, UnicodeDecodeError):
            if [each.name for each in file.path.parent.glob(f"*{MODEL}")] == [file.path.name]:
                with (file.path.parent / CARD).open("rb") as card:
                    return card.read(CARD_BYTES).decode()
        return None

    def _look(self) -> None:
        now = self._clock()
        if self._looked is not None and now - self._looked < LOOK_AGAIN_SECONDS:
            return
        self._looked = now
        found: dict[str, VoiceFile] = {}
        for folder, model_id in self._folders():
            for path in _networks(folder):
                if (file := self._described(path, model_id)) is not None:
                    found.setdefault(file.voices[0].id.lower(), file)
        if found != self._files:
            self._files = found
            self._voices = tuple(voice for file in found.values() for voice in file.voices)

    def _described(self, path: Path, model_id: str | None) -> VoiceFile | None:
        """The voice of a network; None where its description is missing or is none."""
        description = path.with_name(path.name + ".json")
        try:
            signature = tuple((each.stat().st_size, each.stat().st_mtime_ns) for each in (path, description))
            before = self._read.get(path)
            if before is None or before[0] != signature:
                read = _Description.model_validate_json(description.read_bytes())
                before = self._read[path] = signature, _read(path, read, model_id, _revision(signature))
        except (OSError, ValidationError):
            return None
        return before[1]


def _networks(folder: Path) -> Iterator[Path]:
    """The networks in a folder and in those inside it, as Piper's own downloads lie."""
    for parent, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(parent, name) for name in sorted(names) if name.endswith(MODEL))


class _Audio(BaseModel):
    sample_rate: int = Field(gt=0)
    quality: str | None = None


class _Language(BaseModel):
    code: str


class _Espeak(BaseModel):
    voice: str = "en"


class _Description(BaseModel):
    """Fields that are read of `NAME.onnx.json`."""

    audio: _Audio
    espeak: _Espeak = _Espeak()
    language: _Language | None = None
    dataset: str | None = None
    gender: str = ""
    speaker_id_map: dict[str, int] | None = None

    @property
    def languages(self) -> tuple[str, ...]:
        """BCP 47, of `en_US`; of old descriptions, by the name of eSpeak's voice."""
        subtags = (self.language.code if self.language else self.espeak.voice).replace("_", "-").split("-")
        region = subtags[1].upper() if len(subtags) > 1 and len(subtags[1]) == 2 else ""
        return (f"{subtags[0].lower()}-{region}" if region else subtags[0].lower(),)


def _revision(signature: Signature) -> str:
    return "-".join(f"{size:x}.{time:x}" for size, time in signature)


def _read(path: Path, description: _Description, model_id: str | None, revision: str) -> VoiceFile:
    name = path.name.removesuffix(MODEL)
    dataset = description.dataset or name.partition("-")[2].rpartition("-")[0] or name
    title, quality = dataset.replace("_", " ").title(), description.audio.quality
    voice = Voice(
        id=name,
        name=f"{title} ({quality})" if quality else title,
        languages=description.languages,
        gender=_gender(description, dataset),
        sample_rate=description.audio.sample_rate,
        level=LEVELS.get(name),
        model=name,
        # Of the catalogue's voices the digests are known.
        revision="" if model_id is not None else revision,
    )
    speakers = description.speaker_id_map or {}
    by_number = sorted(speakers, key=speakers.__getitem__)
    listed = [_of_speaker(voice, each) for each in by_number[:SPEAKERS]] if len(speakers) > 1 else []
    return VoiceFile(path, (voice, *listed), speakers, model_id)


def _gender(description: _Description, dataset: str) -> Gender:
    if (said := description.gender.lower()) in _GENDERS:
        return _GENDERS[said]
    name = dataset.lower()
    return "female" if name in _WOMEN else "male" if name in _MEN else ""


def _of_speaker(voice: Voice, name: str) -> Voice:
    return Voice(
        id=f"{voice.id}{SPEAKER}{name}",
        name=f"{voice.name}, {name}",
        languages=voice.languages,
        sample_rate=voice.sample_rate,
        model=voice.model,
        revision=voice.revision,
    )
