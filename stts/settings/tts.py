"""Speaking: engines, format, markup and how texts are cut."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from stts.languages import is_known
from stts.pronunciation.fields import Entries
from stts.settings.built_in import SPEAKING_ENGINES
from stts.settings.section import Section, live
from stts.speech import AudioFormat, Markup

ALL_LANGUAGES = "*"


def _check_tags(dictionaries: dict[str, Entries]) -> dict[str, Entries]:
    for tag in dictionaries:
        if tag != ALL_LANGUAGES and not is_known(tag):
            raise ValueError('its keys are BCP 47 tags of languages (`en`, `pt-BR`), or "*" for all of them')
    return dictionaries


Dictionaries = Annotated[dict[str, Entries], AfterValidator(_check_tags)]


class TTSSettings(Section):
    order: tuple[str, ...] = live("Engines that `auto` tries, first to last.", default=SPEAKING_ENGINES)
    format: AudioFormat = live("Format where the request names none.", default="wav")
    voices: dict[str, str] = live("Default voice of an engine: engine name -> voice.", default_factory=dict)
    language_voices: dict[str, dict[str, str]] = live(
        "Default voice of an engine for a language: engine name -> language -> voice.", default_factory=dict
    )
    dictionaries: Dictionaries = live(
        "Words and how they are spoken: language, or `*` for all -> word -> respelling.", default_factory=dict
    )
    markup: Markup = live(
        "Markdown, HTML, entities and actions in texts: `speak` reads them as speech, `keep` leaves them to the voice.",
        default="speak",
    )
    whole_seconds: float = live(
        "Answers made within so many seconds of their first audio are sent whole, with their length, unless the "
        "request says `stream`; 0: never.",
        default=0.1,
        ge=0,
        le=10,
    )
    level: float | None = live(
        "Level in dBFS, pauses apart, that the voices of all engines are brought to; null leaves them as they are.",
        default=-20.0,
        ge=-40,
        le=-10,
    )
    detect_language: bool = live(
        "Find the language of texts for which the request names none, and take a voice that speaks it.", default=True
    )
    first_chunk_seconds: float = live("Speech in the first chunk of a stream.", default=0.8, gt=0, le=60)
    chunk_growth: float = live("Each next chunk is at most this many times the one before.", default=1.35, ge=1, le=4)
