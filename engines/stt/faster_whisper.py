"""Whisper in CTranslate2: the models of faster-whisper, without that package.

Small (tiny.en: 120 MB), quick (a sentence in a fifth of a second on one core) and good; regions of different requests
are heard together. The engine runs CTranslate2 itself, because short windows, batches over requests and bounded guards
need to reach below faster-whisper's interface, and because that package brings decoders that this server has already.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed, wait
from functools import cached_property
from pathlib import Path
from typing import Any

from engines.stt.faster_whisper_batches import Batch, batches
from engines.stt.faster_whisper_decoder import Decoder
from engines.stt.faster_whisper_options import AUTO, CPU, FasterWhisperOptions, FasterWhisperParameters
from engines.stt.faster_whisper_region import Heard
from engines.stt.faster_whisper_segments import segments_of
from engines.stt.faster_whisper_vocabulary import Vocabulary, english_only
from engines.stt.faster_whisper_window import LONGEST_SHORT_SECONDS, WHOLE_SECONDS, Sound, sound_of
from engines.stt.whisper_languages import ALSO, CANTONESE, LANGUAGES
from stts.engine_api import (
    Abilities,
    EngineInfo,
    EngineLimits,
    ListenParams,
    ModelInfo,
    Progress,
    Samples,
    Segment,
    STTEngine,
)
from stts.errors import EngineError, EngineLoadFailed, EngineWeightsMissing, InvalidParameter
from stts.models import CatalogueModel

MODEL_FILE = "model.bin"
BATCH = 8
"""Regions that are heard together at most."""
MULTILINGUAL, ENGLISH = "base", "tiny.en"
"""Models between which is chosen by what is on this disk: the second comes with the base install."""
MOST_WORKERS = 4
"""Regions, or groups of them, that are heard at once by default; more take memory and are a wish of few."""


class FasterWhisperEngine(STTEngine):
    Options = FasterWhisperOptions
    Parameters = FasterWhisperParameters
    options: FasterWhisperOptions

    _decoder: Decoder | None = None
    _threads: ThreadPoolExecutor | None = None

    @cached_property
    def info(self) -> EngineInfo:
        english = self._english_only
        cantonese = (CANTONESE,) if "large-v3" in self._name else ()
        return EngineInfo(
            name="faster_whisper",
            kind="stt",
            description=f"Whisper {self._name} in CTranslate2",
            languages=("en",) if english else (*LANGUAGES, *ALSO, *cantonese),
            abilities=Abilities(
                word_times=True,
                # Models whose decoder was cut down were never taught to translate.
                translation=not english and "turbo" not in self._name and "distil" not in self._name,
                language_detection=not english,
                prompt=True,
                logprobs=True,
            ),
            limits=EngineLimits(
                max_seconds=WHOLE_SECONDS,
                short_window_seconds=LONGEST_SHORT_SECONDS if self.options.short_windows else 0.0,
                batch=BATCH,
                batch_seconds=WHOLE_SECONDS * self._workers,
            ),
            runs_in="process",
            packages=("ctranslate2",),
            install="pip install 'ctranslate2>=4.8,<5'",
            licence="MIT; models: MIT",
            maker="OpenAI",
            homepage="https://github.com/OpenNMT/CTranslate2",
        )

    def models(self) -> Sequence[ModelInfo]:
        return (ModelInfo(self._name, f"Whisper {self._name}"),)

    def weights_present(self) -> bool:
        if self._folder is not None:
            return (self._folder / MODEL_FILE).is_file()
        return self.find_model(self._model_id) is not None

    def wanted_model(self) -> CatalogueModel | None:
        return self.known_models.get(self._model_id) if self._folder is None else None

    def outdated(self) -> bool:
        return self._name != self._chosen()

    def look_again(self) -> None:
        for found in ("_name", "info"):
            self.__dict__.pop(found, None)

    def load(self, progress: Progress) -> None:
        self.require_installed()
        folder = self._require_folder()
        progress(f"loading Whisper {self._name}", None)
        self._decoder = Decoder(self._make(folder), Vocabulary(folder), short_windows=self.options.short_windows)
        self._threads = ThreadPoolExecutor(self._workers, thread_name_prefix="whisper")
        progress("ready", 1.0)

    def unload(self) -> None:
        if self._threads is not None:
            self._threads.shutdown()
        self._decoder = self._threads = None

    def transcribe(self, samples: Samples, params: ListenParams) -> Iterator[Segment]:
        for _, segments in self.transcribe_many([(samples, params)]):
            yield from segments

    def transcribe_many(self, regions: Sequence[tuple[Samples, ListenParams]]) -> Iterator[tuple[int, list[Segment]]]:
        """The segments of each region with its number, as soon as they are known."""
        heard: dict[int, Heard] = {}
        for number, (samples, params) in enumerate(regions):
            sound = sound_of(samples)
            if sound is None:
                yield number, []
            else:
                heard[number] = self._heard(samples, params, sound)
        yield from self._run(heard)

    def _run(self, heard: Mapping[int, Heard]) -> Iterator[tuple[int, list[Segment]]]:
        """Whoever leaves early waits for what has begun, so that no two calls share the processors."""
        threads = self._loaded()[1]
        running = [threads.submit(self._hear, batch) for batch in batches(heard, self._workers)]
        try:
            for batch in as_completed(running):
                yield from batch.result()
        finally:
            for each in running:
                each.cancel()
            wait(running)

    def _hear(self, batch: Batch) -> list[tuple[int, list[Segment]]]:
        """In a thread of its own."""
        decoder = self._loaded()[0]
        told = [
            (batch.numbers[place], segments_of(decoder, batch.regions[place], attempt))
            for place, attempt in decoder.decode(batch.regions)
        ]
        return [(number, list(segments)) for number, segments in told]

    def _heard(self, samples: Samples, params: ListenParams, sound: Sound) -> Heard:
        decoder = self._loaded()[0]
        extra = params.extra if isinstance(params.extra, FasterWhisperParameters) else self.Parameters()
        if params.task == "translate" and not self.info.abilities.translation:
            raise InvalidParameter("This Whisper model cannot translate.", param="task", allowed=["transcribe"])
        return Heard(
            samples,
            sound,
            tuple(decoder.vocabulary.prompt(params.prompt)),
            decoder.code_of(params.language),
            params.task,
            extra.guards(params.task, interim=params.interim),
            languages=decoder.codes_of(params.languages),
            likely=decoder.likely_code(params.likely_language),
            word_times=params.word_timestamps,
            logprobs=params.logprobs,
            interim=params.interim,
            whole_window=params.whole_window,
        )

    def _loaded(self) -> tuple[Decoder, ThreadPoolExecutor]:
        if self._decoder is None or self._threads is None:
            raise EngineError(f"{self.info.name} is not loaded.")
        return self._decoder, self._threads

    def _make(self, folder: Path) -> Any:
        """The model in CTranslate2. Raises EngineLoadFailed."""
        import ctranslate2

        device, compute_type = self._place()
        kind, _, index = device.partition(":")
        try:
            model = ctranslate2.models.Whisper(
                str(folder),
                device=kind,
                device_index=int(index or 0),
                compute_type=compute_type,
                inter_threads=self._workers,
                intra_threads=self.options.threads,
            )
        except (RuntimeError, ValueError) as error:
            raise EngineLoadFailed(
                f"CTranslate2 cannot run {MODEL_FILE} of {folder.name}: the file, the device or the type."
            ) from error
        return model

    def _place(self) -> tuple[str, str]:
        """Device and number type."""
        import ctranslate2

        device, compute_type = self.options.device, self.options.compute_type
        if device == AUTO:
            device = "cuda" if ctranslate2.get_cuda_device_count() else CPU
        if compute_type == AUTO:
            compute_type = "int8" if device == CPU else "int8_float16"
        return device, compute_type

    @cached_property
    def _workers(self) -> int:
        return self.options.workers or min(MOST_WORKERS, os.cpu_count() or 1)

    @cached_property
    def _folder(self) -> Path | None:
        """The operator's own folder; None for a model of the catalogue."""
        if self.options.model == AUTO:
            return None
        path = Path(self.options.model).expanduser()
        return path if path.is_absolute() or len(path.parts) > 1 or path.is_dir() else None

    @cached_property
    def _name(self) -> str:
        return self._chosen()

    def _chosen(self) -> str:
        if self.options.model == AUTO:
            return ENGLISH if self.find_model(f"whisper-{MULTILINGUAL}") is None else MULTILINGUAL
        return self.options.model.removeprefix("whisper-") if self._folder is None else self._folder.name

    @property
    def _model_id(self) -> str:
        return f"whisper-{self._name}"

    @property
    def _english_only(self) -> bool:
        """Told by the name of a model of the catalogue, and by the number of tokens in a folder of the operator's."""
        return self._name.endswith(".en") if self._folder is None else english_only(self._folder)

    def _require_folder(self) -> Path:
        if self._folder is None:
            return self.require_model(self._model_id)
        if not (self._folder / MODEL_FILE).is_file():
            raise EngineWeightsMissing(
                f"{self.option('model')} names a folder without {MODEL_FILE}: {self._folder.name}."
            )
        return self._folder
