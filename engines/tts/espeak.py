"""eSpeak NG: small, instant and at home in more than a hundred languages; sounds like a machine.

The library speaks inside one blocking call and hands blocks to a callback. Where a listener waits for the first one, a
thread makes the rest while it is sent. The text is plain text: no SSML, no phoneme input, no embedded commands.
"""

from __future__ import annotations

import importlib.util
import re
import threading
import unicodedata
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from engines.tts import espeak_library
from engines.tts.espeak_blocks import Blocks
from engines.tts.espeak_library import LIBRARY, Utterance
from engines.tts.espeak_voices import HOSTED, Catalogue, catalogue
from engines.tts.espeak_words import EspeakWords
from stts.engine_api import (
    Abilities,
    EngineInfo,
    EngineLimits,
    Progress,
    Samples,
    SpeechParams,
    TimedSamples,
    TTSEngine,
    Voice,
)
from stts.errors import EngineError, EngineLoadFailed, UnknownVoice
from stts.languages import UNSPACED_LANGUAGES, primary

PACKAGE = "espeakng_loader"
SAMPLE_RATE = 22_050
WORDS_PER_MINUTE = 175
"""At speed 1. The library does 80 to 450."""
AT_ONCE_CHARACTERS = 120
"""Spoken in 4 ms. To have the first sound before takes a thread, whose changes cost a fifth of that."""
LEVEL = -20.0
"""Mean level in dBFS at the usual amplitude over 27 languages and variants, which lie within 2.5 dB of it."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class EspeakParameters(BaseModel):
    """In eSpeak's own units, as its command line has them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_pitch: int = Field(default=50, ge=0, le=99, description="Height of the voice.")
    pitch_range: int = Field(default=50, ge=0, le=99, description="How lively the melody is; 0 is monotone.")
    word_gap: int = Field(default=0, ge=0, le=500, description="Extra pause between words, in 10 ms at speed 1.")
    amplitude: int = Field(default=100, ge=0, le=200, description="Loudness.")
    say_punctuation: bool = Field(default=False, description="Name the punctuation marks.")


class EspeakOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    processes: int = Field(default=2, ge=1, le=64, description="Texts spoken at once, each in a process; 40 MB each.")


class EspeakEngine(TTSEngine):
    """Runs in child processes: some texts corrupt memory inside the library, and the process dies."""

    Parameters = EspeakParameters
    Options = EspeakOptions
    options: EspeakOptions

    @cached_property
    def info(self) -> EngineInfo:
        voices = self._catalogue.voices if self._catalogue else ()
        return EngineInfo(
            name="espeak",
            kind="tts",
            description="eSpeak NG: instant, small, over 100 languages, sounds like a machine",
            languages=tuple(sorted({tag for voice in voices for tag in voice.languages})),
            voices=voices,
            default_voice="en-us",
            hosted_voices=HOSTED,
            sample_rate=SAMPLE_RATE,
            abilities=Abilities(streaming=True, phonemes=True, speed=(0.46, 2.57), word_times=True),
            limits=EngineLimits(
                max_characters=1000,
                at_once_characters=AT_ONCE_CHARACTERS,
                concurrency=self.options.processes,
                spare=True,
            ),
            real_time_factor=0.003,
            level=LEVEL,
            runs_in="process",
            packages=(PACKAGE,),
            install="pip install espeakng-loader",
            licence="GPL-3.0-or-later",
            maker="eSpeak NG",
            homepage="https://github.com/espeak-ng/espeak-ng",
        )

    def find_voice(self, voice_id: str) -> Voice | None:
        """Also `base+variant` (`en-us+f3`) and language tags."""
        return self._catalogue.find(voice_id) if self._catalogue else None

    def of_gender(self, voice: Voice, gender: str) -> Voice:
        """The same base voice with the usual variant of a gender."""
        return self._catalogue.of_gender(voice, gender) if self._catalogue else voice

    @cached_property
    def _catalogue(self) -> Catalogue | None:
        spec = importlib.util.find_spec(PACKAGE)
        if spec is None or not spec.submodule_search_locations:
            return None
        return catalogue(Path(spec.submodule_search_locations[0]) / "espeak-ng-data")

    _loaded = False

    def load(self, progress: Progress) -> None:
        if self._loaded:
            return
        self.require_installed()
        import espeakng_loader

        rate = LIBRARY.open(Path(espeakng_loader.get_library_path()), Path(espeakng_loader.get_data_path()))
        self._loaded = True
        LIBRARY.speak(Utterance("a", "gmw/en-US"), deliver=lambda _: False)
        if rate != SAMPLE_RATE:
            self.unload()
            raise EngineLoadFailed(f"eSpeak NG speaks at {rate} Hz; {SAMPLE_RATE} Hz was expected.")
        progress("ready", 1.0)

    def unload(self) -> None:
        if self._loaded:
            self._loaded = False
            LIBRARY.close()

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        return self._spoken(self._utterance(text, voice, params), hurried=params.hurried)

    def synthesize_timed(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[TimedSamples]:
        """Without words in languages that put no space between them: a reader could not tell which is meant."""
        utterance = self._utterance(text, voice, params)
        spaced = primary(params.language or voice.languages[0]) not in UNSPACED_LANGUAGES
        words = EspeakWords(utterance.text, SAMPLE_RATE) if spaced else None
        whole, samples = _CONTROLS.sub(" ", text), 0
        before = len(whole) - len(whole.lstrip())
        with closing(self._spoken(replace(utterance, words=words), hurried=params.hurried)) as blocks:
            for block in blocks:
                samples += len(block)
                if words is not None and not params.hurried:
                    words.end(samples)  # it is all of the text
                yield TimedSamples(block, words.take(before) if words is not None else ())
        if words is not None:
            words.end(samples)
            if last := words.take(before):
                yield TimedSamples(np.zeros(0, np.float32), last)

    def _spoken(self, utterance: Utterance, *, hurried: bool) -> Generator[Samples, None, None]:
        if not hurried:
            yield from _whole(utterance)
            return
        blocks = Blocks(hurried=True)
        threading.Thread(target=_speak, args=(utterance, blocks), name="espeak", daemon=True).start()
        try:
            for block in blocks:
                yield _samples(block)
        finally:
            blocks.leave()

    def phonemes(self, text: str, voice: Voice) -> str:
        """In IPA; where a clause ends, a comma."""
        path = self._catalogue.path(voice) if self._catalogue else None
        if path is None:
            raise UnknownVoice("eSpeak NG has no such voice.", param="voice")
        clauses = LIBRARY.phonemes(_CONTROLS.sub(" ", text), path).split("\n")
        return ", ".join(clause.strip() for clause in clauses if clause.strip())

    def _utterance(self, text: str, voice: Voice, params: SpeechParams) -> Utterance:
        path = self._catalogue.path(voice) if self._catalogue else None
        if path is None:
            raise UnknownVoice("eSpeak NG has no such voice.", param="voice")
        extra = params.extra if isinstance(params.extra, EspeakParameters) else EspeakParameters()
        text = _CONTROLS.sub(" ", text).strip()
        return Utterance(
            text,
            path,
            end_pause=unicodedata.category(text[-1]).startswith("P") if text else False,
            parameters={
                espeak_library.RATE: round(params.speed * WORDS_PER_MINUTE),
                espeak_library.VOLUME: extra.amplitude,
                espeak_library.PITCH: extra.base_pitch,
                espeak_library.RANGE: extra.pitch_range,
                espeak_library.PUNCTUATION: int(extra.say_punctuation),
                espeak_library.WORD_GAP: extra.word_gap,
            },
        )


def _whole(utterance: Utterance) -> Iterator[Samples]:
    """All of it at once, where nobody waits for its beginning: a thread and its changes cost as much as two words."""
    blocks: list[bytes] = []

    def keep(block: bytes) -> bool:
        blocks.append(block)
        return True

    LIBRARY.speak(utterance, keep)
    if blocks:
        yield _samples(b"".join(blocks))


def _samples(block: bytes) -> Samples:
    samples = np.frombuffer(block, np.int16).astype(np.float32)
    samples /= 32768.0
    return samples


def _speak(utterance: Utterance, blocks: Blocks) -> None:
    error: EngineError | None = None
    try:
        LIBRARY.speak(utterance, blocks.put)
    except EngineError as caught:
        error = caught
    finally:
        blocks.end(error)
