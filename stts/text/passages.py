"""Passages of a text: who speaks which of it, how fast, and the pauses between, as tags in it say.

`[pause:1.5s]`, `[voice:af_bella]` and `[rate:1.2]`, in any letter case. A voice goes on until the next one is named,
and a rate until the voice changes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from stts.errors import InvalidText

MOST_PAUSE_SECONDS = 60.0
"""Longest pause of one tag; a longer one is cut to this."""
MOST_SILENCE_SECONDS = 300.0
"""Longest silence of all pauses of a text."""
MOST_PASSAGES = 500
RATES = (0.25, 4.0)

_PAUSE = r"\[pause:\s*(?P<pause>\d{1,4}(?:\.\d{1,4})?)s\]"
_VOICE = r"\[voice:\s*(?P<voice>[^\[\]\n]{1,200}?)\s*\]"
_RATE = r"\[rate:\s*(?P<rate>\d{1,2}(?:\.\d{1,4})?)\s*\]"
_PAUSES = re.compile(_PAUSE, re.IGNORECASE)
_ALL = re.compile(f"{_PAUSE}|{_VOICE}|{_RATE}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Alias:
    """A name of a request's own for a voice."""

    voice: str
    rate: float = 1.0


@dataclass(frozen=True, slots=True)
class Passage:
    text: str
    voice: str | None = None
    """As a tag names it; None: that of the request."""
    rate: float = 1.0
    """Factor beside the speed of the request."""
    pause: float = 0.0
    """Seconds of silence before it."""


@dataclass(frozen=True, slots=True)
class Passages:
    spoken: Sequence[Passage]
    pause: float = 0.0
    """Seconds of silence after the last."""

    @property
    def is_plain(self) -> bool:
        """True if there is nothing but the text."""
        return len(self.spoken) == 1 and self.spoken[0] == Passage(self.spoken[0].text) and not self.pause

    @property
    def characters(self) -> int:
        return sum(len(passage.text) for passage in self.spoken)


def read_passages(text: str, *, voices: bool, aliases: Mapping[str, Alias] | None = None) -> Passages:
    """`voices`: tags of voices and rates count too; else they are a part of the text.

    Raises InvalidText for silence that is too long, too many passages, and where there is nothing to say.
    """
    reading = _Reading(aliases or {})
    place = 0
    for tag in (_ALL if voices else _PAUSES).finditer(text):
        reading.say(text[place : tag.start()])
        reading.obey(tag)
        place = tag.end()
    reading.say(text[place:])
    if not reading.spoken:
        raise InvalidText("There is nothing to say in the text.", param="text")
    return Passages(reading.spoken, reading.pause)


@dataclass(slots=True)
class _Reading:
    aliases: Mapping[str, Alias]
    spoken: list[Passage] = field(default_factory=list)
    voice: str | None = None
    base: float = 1.0
    rate: float = 1.0
    pause: float = 0.0
    silence: float = 0.0

    def say(self, text: str) -> None:
        text = text.strip()
        if not text:
            return
        rate = min(max(self.base * self.rate, RATES[0]), RATES[1])
        last = self.spoken[-1] if self.spoken else None
        if last is not None and not self.pause and (last.voice, last.rate) == (self.voice, rate):
            self.spoken[-1] = Passage(f"{last.text} {text}", last.voice, last.rate, last.pause)
            return
        if len(self.spoken) == MOST_PASSAGES:
            raise InvalidText(f"At most {MOST_PASSAGES} passages are spoken in one request.", param="text")
        self.spoken.append(Passage(text, self.voice, rate, self.pause))
        self.pause = 0.0

    def obey(self, tag: re.Match[str]) -> None:
        found = tag.groupdict()
        if found["pause"] is not None:
            seconds = min(float(found["pause"]), MOST_PAUSE_SECONDS)
            self.pause += seconds
            self.silence += seconds
            if self.silence > MOST_SILENCE_SECONDS:
                raise InvalidText(f"All pauses together are longer than {MOST_SILENCE_SECONDS:g} s.", param="text")
        elif found.get("voice") is not None:
            named = found["voice"]
            alias = self.aliases.get(named, Alias(named))
            self.voice, self.base, self.rate = alias.voice, alias.rate, 1.0
        else:
            self.rate = float(found["rate"])
