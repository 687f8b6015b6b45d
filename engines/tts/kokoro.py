"""Kokoro: a natural voice of 82 million parameters, in nine languages, run by onnxruntime through `kokoro-onnx`.

The library packs as many sentences as fit into one run, so that nothing is heard before all of them are made, and reads
no numbers. So texts are cut into sentences and numbers are written out here, and the library is given one at a time.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from engines.base_onnx import open_session
from engines.tts.kokoro_voices import ESPEAK, HOSTED, VoiceNames
from stts.engine_api import Abilities, EngineInfo, EngineLimits, Progress, Samples, SpeechParams, TTSEngine, Voice
from stts.errors import EngineError, EngineWeightsMissing, UnknownVoice
from stts.languages import best_match, primary
from stts.text.english import spoken_english
from stts.text.plain_sentences import plain_sentences
from stts.voices.blend import read_blend

SAMPLE_RATE = 24_000
MODEL = "kokoro-v1.0-int8"
"""The model of the catalogue that is used where no other is named."""
SPEED = (0.5, 2.0)
"""Range that the library takes."""
HEADROOM = np.float32(0.8)
"""Factor of what the model makes: single sounds of some voices reach 1.2."""
LEVEL = -20.8
"""Mean level in dBFS of what is yielded; its voices lie within 1 dB."""
PAUSE_SECONDS = 0.25
"""Silence after a sentence: the library cuts off the model's own."""
_VOICES = (".npz", ".bin")


class KokoroParameters(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    phonemes: bool = Field(default=False, description="The text is phonemes, as Kokoro's own are written.")
    trim: bool = Field(default=True, description="Cut off the silence that the model makes around a sentence.")


class KokoroOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(default=MODEL, description="A model of the catalogue, or the path of an ONNX file.")
    voices: str | None = Field(default=None, description="Path of its voices (.bin, .npz), where `model` is a path.")
    processes: int = Field(
        default=2, ge=1, le=64, description="Texts spoken at once, each in a process of 200 to 400 MB."
    )
    threads: int = Field(default=1, ge=1, le=64, description="Threads of a process.")

    @model_validator(mode="after")
    def _voices_of_a_file(self) -> KokoroOptions:
        if self.model.endswith(".onnx") != (self.voices is not None):
            raise ValueError("`model` as a path and `voices` belong together.")
        return self


class KokoroEngine(TTSEngine):
    """Runs in child processes: the library holds eSpeak, which crashes on some texts."""

    Parameters = KokoroParameters
    Options = KokoroOptions
    options: KokoroOptions

    _kokoro: Any = None
    _info: EngineInfo | None = None
    _names: tuple[tuple[Path, int], VoiceNames] | None = None

    @property
    def info(self) -> EngineInfo:
        voices = self.voices()
        if self._info is None or self._info.voices is not voices:
            self._info = self._described(voices)
        return self._info

    def _described(self, voices: tuple[Voice, ...]) -> EngineInfo:
        names = self._voice_names()
        return EngineInfo(
            name="kokoro",
            kind="tts",
            description="Kokoro 82M: a natural voice for nine languages; as slow as speech on a small processor",
            languages=tuple(ESPEAK),
            voices=voices,
            default_voice=names.default if names else None,
            hosted_voices=HOSTED,
            sample_rate=SAMPLE_RATE,
            level=LEVEL,
            abilities=Abilities(streaming=False, blending=True, phonemes=True, speed=SPEED),
            limits=EngineLimits(max_characters=400, min_characters=12, concurrency=self.options.processes),
            real_time_factor=0.7,
            by_sentence=True,
            runs_in="process",
            packages=("kokoro_onnx", "onnxruntime"),
            install="pip install -r requirements/kokoro.txt",
            licence="Apache-2.0; kokoro-onnx MIT, with eSpeak NG and phonemizer under GPL-3.0-or-later",
            maker="hexgrad",
            homepage="https://github.com/thewh1teagle/kokoro-onnx",
        )

    def voices(self) -> tuple[Voice, ...]:
        names = self._voice_names()
        return names.voices if names else ()

    def find_voice(self, voice_id: str) -> Voice | None:
        """Also blends: `af_bella+af_sky`, `af_bella(2)+af_sky`, `af_bella-af_sky(0.3)`."""
        names = self._voice_names()
        return names.find(voice_id) if names else None

    def weights_present(self) -> bool:
        return self._files() is not None

    def _voice_names(self) -> VoiceNames | None:
        files = self._files()
        if files is None:
            return None
        try:
            key = files[1], files[1].stat().st_mtime_ns
            if self._names is None or self._names[0] != key:
                self._names = key, VoiceNames(files[1])
        except (OSError, zipfile.BadZipFile):
            return None
        return self._names[1]

    def _files(self) -> tuple[Path, Path] | None:
        """The model and its voices, where both are on this disk."""
        if self.options.voices is not None:
            files = Path(self.options.model).expanduser(), Path(self.options.voices).expanduser()
            return files if all(file.is_file() for file in files) else None
        folder = self.find_model(self.options.model)
        return None if folder is None else _in(folder)

    def load(self, progress: Progress) -> None:
        self.require_installed()
        if self.options.voices is None:
            progress("checking the model", None)
            self.require_model(self.options.model)
        if (files := self._files()) is None:
            raise EngineWeightsMissing(
                f"{self.option('model')} and {self.option('voices')} name no ONNX file and no file of voices."
            )
        from kokoro_onnx import Kokoro

        progress("loading the model", None)
        self._kokoro = Kokoro.from_session(open_session(str(files[0]), self.options.threads), str(files[1]))
        progress("ready", 1.0)

    def unload(self) -> None:
        self._kokoro = None

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        if self._kokoro is None:
            raise EngineError("Kokoro is not loaded.")
        extra = params.extra if isinstance(params.extra, KokoroParameters) else KokoroParameters()
        language = best_match(params.language or voice.languages[0], ESPEAK) or voice.languages[0]
        style = self._style(voice)
        for phonemes in [text] if extra.phonemes else self._read(text, language):
            if any(each.isalpha() for each in phonemes):
                audio, _ = self._kokoro.create(phonemes, style, params.speed, is_phonemes=True, trim=extra.trim)
                yield np.clip(np.asarray(audio, np.float32) * HEADROOM, -1.0, 1.0)
                if extra.trim:
                    yield np.zeros(round(PAUSE_SECONDS * SAMPLE_RATE / params.speed), np.float32)

    def phonemes(self, text: str, voice: Voice) -> str:
        if self._kokoro is None:
            raise EngineError("Kokoro is not loaded.")
        return " ".join(self._read(text, voice.languages[0]))

    def _read(self, text: str, language: str) -> Iterator[str]:
        """The phonemes of each sentence."""
        for sentence in plain_sentences(text, language):
            if primary(language) == "en":
                sentence = spoken_english(sentence)
            yield self._kokoro.tokenizer.phonemize(sentence, ESPEAK[language])

    def _style(self, voice: Voice) -> Samples:
        """The array of a voice, or the sum of several by their shares."""
        known = self._kokoro.voices
        parts = read_blend(voice.id)
        if not parts or any(part.name not in known for part in parts):
            raise UnknownVoice("Kokoro has no such voice any more.", param="voice")
        arrays = [np.asarray(known[part.name], np.float32) * np.float32(part.weight) for part in parts]
        style: Samples = np.sum(arrays, axis=0)
        return style


def _in(folder: Path) -> tuple[Path, Path] | None:
    """The model and the voices in the folder of a model of the catalogue."""
    model = next(folder.glob("*.onnx"), None)
    voices = next((path for path in sorted(folder.iterdir()) if path.suffix in _VOICES), None)
    return None if model is None or voices is None else (model, voices)
