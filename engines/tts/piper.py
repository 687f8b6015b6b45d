"""Piper: small neural voices for some forty languages, each a file of its own, fast on any processor.

Piper's library reads the text; how it is cut into sentences, run and put together is ours (`piper_model`): the library
ends a sentence at "Dr.", swallows ellipses, makes each sentence equally loud and nothing before a whole one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from engines.tts.piper_model import PiperModel, Scales
from engines.tts.piper_voices import HOSTED, VoiceFile, VoiceFolders
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
from stts.errors import EngineWeightsMissing, UnknownVoice
from stts.languages import primary
from stts.spoken_words import moved
from stts.text.english import spoken_english
from stts.text.plain_sentences import plain_sentences
from stts.text.word_places import WordPlaces

SAMPLE_RATE = 22_050
"""Rate of most voices, in Hz; each says its own."""
SPEED = (0.4, 2.5)
ROUNDED_SHARE = 0.22
"""Part of the length of speech at speed 1 that comes of each sound's being rounded up to whole frames, and so does not
shrink or grow with the slowness that Piper is told."""
_BLOCKS = ("[[", "]]")
"""Marks between which Piper reads phonemes."""


class PiperParameters(BaseModel):
    """Piper's own names and units."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    length_scale: float | None = Field(
        default=None, ge=0.25, le=4, description="Slowness at speed 1; none: as the voice says, mostly 1."
    )
    noise_scale: float | None = Field(
        default=None, ge=0, le=2, description="How much the sound varies; none: as the voice says, mostly 0.667."
    )
    noise_w_scale: float | None = Field(
        default=None,
        ge=0,
        le=2,
        description="How much the lengths of sounds vary; none: as the voice says, mostly 0.8. With both at 0 the same "
        "text is the same audio.",
    )
    volume: float = Field(default=1.0, ge=0, le=4, description="Factor of loudness.")
    sentence_silence: float = Field(default=0.0, ge=0, le=5, description="Extra seconds of silence after a sentence.")
    phonemes: bool = Field(default=False, description="Read what stands in [[ ]] as phonemes (IPA).")


class PiperOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    voices: tuple[str, ...] = Field(
        default=(),
        description="Folders of voices, `NAME.onnx` with `NAME.onnx.json`; they come before the catalogue's.",
    )
    processes: int = Field(
        default=2, ge=1, le=64, description="Texts spoken at once, each in a process of about 150 MB and more a voice."
    )
    threads: int = Field(
        default=1, ge=1, le=64, description="Threads of a process. Two processes of one do more than one of two."
    )
    loaded_voices: int = Field(default=3, ge=1, le=64, description="Voices that each process keeps loaded.")


class PiperEngine(TTSEngine):
    """Runs in child processes: eSpeak, which Piper reads with, crashes on some texts."""

    Parameters = PiperParameters
    Options = PiperOptions
    options: PiperOptions

    @property
    def info(self) -> EngineInfo:
        voices = self.voices()
        if self._info is None or self._info.voices is not voices:
            self._info = self._described(voices)
        return self._info

    _info: EngineInfo | None = None

    def _described(self, voices: tuple[Voice, ...]) -> EngineInfo:
        english = (voice.id for voice in voices if any(primary(tag) == "en" for tag in voice.languages))
        return EngineInfo(
            name="piper",
            kind="tts",
            description="Piper: small, fast neural voices for some forty languages, a file each",
            languages=tuple(sorted({tag for voice in voices for tag in voice.languages})),
            voices=voices,
            default_voice=next(english, voices[0].id if voices else None),
            hosted_voices=HOSTED,
            sample_rate=SAMPLE_RATE,
            abilities=Abilities(streaming=True, speed=SPEED, word_times=True),
            limits=EngineLimits(max_characters=1000, min_characters=2, concurrency=self.options.processes),
            real_time_factor=0.08,
            by_sentence=True,
            runs_in="process",
            packages=("piper", "onnxruntime"),
            install="pip install -r requirements/piper.txt",
            licence="GPL-3.0-or-later; each voice has its own, most are free to use, some for research only",
            maker="Open Home Foundation",
            homepage="https://github.com/OHF-Voice/piper1-gpl",
        )

    def voices(self) -> tuple[Voice, ...]:
        return self._folders.voices

    def find_voice(self, voice_id: str) -> Voice | None:
        """Also `NAME#SPEAKER`, by a speaker's name or number."""
        return self._folders.find(voice_id)

    def voice_card(self, voice: Voice) -> str | None:
        return self._folders.card(voice.id)

    def weights_present(self) -> bool:
        return bool(self.voices())

    @cached_property
    def _folders(self) -> VoiceFolders:
        return VoiceFolders(self._places)

    def _places(self) -> Iterator[tuple[Path, str | None]]:
        yield from ((Path(folder).expanduser(), None) for folder in self.options.voices)
        for model_id in self.known_models:
            if (folder := self.find_model(model_id)) is not None:
                yield folder, model_id

    def load(self, progress: Progress) -> None:
        self.require_installed()
        default = self.info.default_voice
        if default is None:
            raise EngineWeightsMissing(
                f"Piper has no voice: put NAME.onnx and NAME.onnx.json into a folder that {self.option('voices')} "
                "names, or run `stts models pull piper-en_US-joe-medium`."
            )
        progress(f"loading {default}", None)
        self._model(default)
        progress("ready", 1.0)

    def unload(self) -> None:
        self._models.clear()

    @cached_property
    def _models(self) -> OrderedDict[tuple[Path, str], PiperModel]:
        """Loaded voices by path and revision, the one used last at the end."""
        return OrderedDict()

    def _model(self, voice_id: str) -> tuple[PiperModel, int | None]:
        """The loaded voice, and its speaker's number."""
        file, speaker = self._folders.file(voice_id)
        if file is None:
            raise UnknownVoice("Piper has no such voice any more.", param="voice")
        key = file.path, file.voices[0].revision
        if key not in self._models:
            self._models[key] = self._read(file)
        self._models.move_to_end(key)
        return self._models[key], file.speakers.get(speaker)

    def _read(self, file: VoiceFile) -> PiperModel:
        if file.model_id is not None:
            self.require_model(file.model_id)
        while len(self._models) >= self.options.loaded_voices:
            self._models.popitem(last=False)
        return PiperModel(file.path, self.options.threads)

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        for block in self.synthesize_timed(text, voice, params):
            if len(block.samples):
                yield block.samples

    def synthesize_timed(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[TimedSamples]:
        model, speaker = self._model(voice.id)
        extra = params.extra if isinstance(params.extra, PiperParameters) else PiperParameters()
        slowness = model.length(extra.length_scale) * (1 / params.speed - ROUNDED_SHARE) / (1 - ROUNDED_SHARE)
        scales = Scales(slowness, extra.noise_scale, extra.noise_w_scale)
        hurried = params.hurried
        silence = np.zeros(round(extra.sentence_silence * model.sample_rate), np.float32)
        language = next(iter(voice.languages), None)
        at, seconds = 0, 0.0
        for sentence in plain_sentences(self._read_aloud(text, extra), language):
            spoken = sentence
            if not extra.phonemes and primary(language or "") == "en":
                spoken = spoken_english(sentence)
            place = text.find(sentence, at)
            at, begun, places = max(at, place), seconds, WordPlaces(sentence, [spoken])
            for block in model.speak_timed(spoken, speaker, scales, hurried=hurried):
                samples = block.samples
                seconds += len(samples) / model.sample_rate
                if extra.volume != 1.0:
                    samples = np.clip(samples * np.float32(extra.volume), -1.0, 1.0)
                words = places.found(0, block.words) if block.words and place >= 0 else ()
                yield TimedSamples(samples, moved(words, seconds=begun, characters=place))
            if len(silence):
                yield TimedSamples(silence)
                seconds += len(silence) / model.sample_rate
            hurried = False

    def _read_aloud(self, text: str, extra: PiperParameters) -> str:
        """The text without the marks of phonemes, unless they were asked for."""
        if not extra.phonemes:
            for mark in _BLOCKS:
                text = text.replace(mark, mark[0])
        return text
