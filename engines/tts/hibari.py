"""hibari: a natural voice for English, a hundred times faster than speech on one core; the default voice.

It speaks sentence by sentence. The package brings one voice with it; four more are offered where their files are.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from engines.tts.hibari_model import HibariModel
from engines.tts.hibari_times import SAMPLE_RATE, as_told
from engines.tts.hibari_voices import HEART, HOSTED, VOICES, HibariVoice
from stts.audio.framing import SilenceTrimmer
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
from stts.errors import UnknownVoice
from stts.scheduling.chunking import pause_after
from stts.spoken_words import moved
from stts.text.sentences import TextCutter, sentences
from stts.text.word_places import WordPlaces

PACKAGE = "hibari"
LANGUAGE = "en"
SPEEDS = (0.5, 2.0)
"""The model takes any speed, and mumbles or drawls beyond these."""
LONGEST_SENTENCE = 200
"""Characters of a sentence that is spoken as a whole: 90 ms of one core."""
LOOK_SECONDS = 1.0
"""Seconds after which it is looked again which voices are on the disk."""


class HibariOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    processes: int = Field(default=1, ge=1, le=64, description="Texts spoken at once, each in a process; 90 MB each.")


class HibariParameters(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    phonemes: bool = Field(default=False, description="The text is phonemes, in misaki's alphabet.")


class HibariEngine(TTSEngine):
    """Without a seed it speaks with seed 0: the same text is the same audio."""

    Options = HibariOptions
    Parameters = HibariParameters
    options: HibariOptions

    _model: HibariModel | None = None
    _networks: dict[str, Path]
    """The loaded voices."""
    _here: tuple[Voice, ...] = ()
    _look_again = 0.0

    @cached_property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name="hibari",
            kind="tts",
            description="hibari: a natural voice for English, a hundred times faster than speech on one core",
            languages=("en-US", "en-GB"),
            voices=(HEART.voice,),
            default_voice=HEART.voice.id,
            hosted_voices=HOSTED,
            sample_rate=SAMPLE_RATE,
            abilities=Abilities(streaming=True, phonemes=True, seed=True, speed=SPEEDS, word_times=True),
            limits=EngineLimits(
                max_characters=1000, sentence_characters=LONGEST_SENTENCE, concurrency=self.options.processes
            ),
            real_time_factor=0.01,
            by_sentence=True,
            runs_in="process",
            packages=(PACKAGE, "onnxruntime"),
            install="pip install hibari-tts==0.2.1",
            licence="Apache-2.0",
            maker="hibari",
            homepage="https://pypi.org/project/hibari-tts/",
        )

    def voices(self) -> tuple[Voice, ...]:
        """Those whose files are here, looked at again after a second."""
        now = time.monotonic()
        if now >= self._look_again:
            self._here = tuple(each.voice for each in VOICES if self.find_model(each.model) is not None)
            self._look_again = now + LOOK_SECONDS
        return self._here

    def weights_present(self) -> bool:
        return self.find_model(HEART.model) is not None

    def load(self, progress: Progress) -> None:
        if self._model is not None:
            return
        self.require_installed()
        assets = self.require_model(HEART.model)
        progress("loading", None)
        model = HibariModel(assets)
        model.prepare(assets / HEART.file, british=HEART.british)
        self._model = model
        self._networks = {HEART.voice.id: assets / HEART.file}
        progress("ready", 1.0)

    def unload(self) -> None:
        self._model = None
        self._networks = {}

    def phonemes(self, text: str, voice: Voice) -> str:
        """In misaki's alphabet."""
        chosen, _ = self._prepared(voice)
        assert self._model is not None
        spoken = (self._model.pronounced(sentence, british=chosen.british) for sentence in _sentences(text))
        return " ".join(each.phonemes for each in spoken)

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        for block in self.synthesize_timed(text, voice, params):
            yield block.samples

    def synthesize_timed(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[TimedSamples]:
        chosen, network = self._prepared(voice)
        assert self._model is not None
        yield from self._spoken(self._model, text, network, chosen.british, params)

    def _prepared(self, voice: Voice) -> tuple[HibariVoice, Path]:
        chosen = next((each for each in VOICES if each.voice.id == voice.id), None)
        if chosen is None:
            raise UnknownVoice("hibari has no such voice.", param="voice")
        assert self._model is not None
        network = self._networks.get(voice.id)
        if network is None:
            network = self.require_model(chosen.model) / chosen.file
            self._model.prepare(network, british=chosen.british)
            self._networks[voice.id] = network
        return chosen, network

    def _spoken(
        self, model: HibariModel, text: str, network: Path, british: bool, params: SpeechParams
    ) -> Iterator[TimedSamples]:
        trimmer = SilenceTrimmer(SAMPLE_RATE)
        told = isinstance(params.extra, HibariParameters) and params.extra.phonemes
        at = 0
        for sentence in [text] if told else _sentences(text):
            spoken = as_told(sentence) if told else model.pronounced(sentence, british=british)
            places, at, before = WordPlaces(sentence, [spoken.text]), text.index(sentence, at), 0.0
            for sound in model.speak(spoken.phonemes, network, speed=params.speed, seed=params.seed or 0):
                samples = trimmer.push(sound.samples)
                words = trimmer.placed(moved(spoken.spoken(sound), seconds=before))
                before += len(sound.samples) / SAMPLE_RATE
                yield TimedSamples(samples, moved(places.found(0, words), characters=at))
            yield TimedSamples(trimmer.end_piece(pause_after(sentence)))


def _sentences(text: str) -> Iterator[str]:
    """The sentences of a text, cut where they are too long."""
    for sentence in sentences(text, LANGUAGE):
        cutter = TextCutter(sentence, LANGUAGE)
        while (part := cutter.next_piece(LONGEST_SENTENCE)) is not None:
            yield part
