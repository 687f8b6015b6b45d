"""Vectors of voices from an ONNX network in onnxruntime, a small one by default: who speaks, without torch.

Two kinds of networks are known by their inputs: d-vectors, which hear 0.8 s (80 columns of 40 mel bands), and those of
WeSpeaker and 3D-Speaker, which hear any time (columns of Kaldi's 80 bands, of which the mean is taken away).
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from engines.base_onnx import open_session
from engines.speaker.features import HOP, d_vector_features, filter_bank, levelled
from stts.engine_api import STT_SAMPLE_RATE, EngineInfo, EngineLimits, Progress, Samples
from stts.errors import EngineError, EngineLoadFailed
from stts.speaker_engine import SpeakerEngine

MODEL = "voicefilter-embedder"
WIDTH, STEP = 80, 40
"""Columns of one window, and from one to the next: 0.8 s and 0.4 s."""
D_VECTOR_BANDS, KALDI_BANDS = 40, 80
KINDS = {"mel_window": D_VECTOR_BANDS, "feats": KALDI_BANDS, "x": KALDI_BANDS}
"""Names of inputs -> bands."""
LIKE_D_VECTORS, LIKE_OTHERS = 0.63, 0.5
"""Cosines from which two vectors are of one person. Measured for d-vectors: of one person 0.8 on average, of two at
most 0.55."""
BATCH = 64
"""Windows that the network hears at once."""


class SpeakerEmbeddingOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(default=MODEL, description="A model of the catalogue, or the path of an ONNX file.")
    same_speaker: float | None = Field(
        default=None, gt=0, lt=1, description="Cosine from which two voices are one; None: that of the model's kind."
    )
    threads: int = Field(default=1, ge=1, le=64, description="Threads of one call.")


class SpeakerEmbeddingEngine(SpeakerEngine):
    Options = SpeakerEmbeddingOptions
    options: SpeakerEmbeddingOptions
    window_seconds = WIDTH * HOP / STT_SAMPLE_RATE
    hop_seconds = STEP * HOP / STT_SAMPLE_RATE

    _session: Any = None
    _input = ""
    _bands = D_VECTOR_BANDS

    @cached_property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name="speaker_embedding",
            kind="speaker",
            description="Tells voices apart by vectors from a small network in onnxruntime",
            limits=EngineLimits(max_seconds=60.0, concurrency=2),
            packages=("onnxruntime",),
            install="pip install onnxruntime",
            licence="that of the model",
        )

    @property
    def same_speaker(self) -> float:
        if self.options.same_speaker is not None:
            return self.options.same_speaker
        return LIKE_D_VECTORS if self._bands == D_VECTOR_BANDS else LIKE_OTHERS

    def weights_present(self) -> bool:
        return self._own_file() is not None or self.find_model(self.options.model) is not None

    def load(self, progress: Progress) -> None:
        self.require_installed()
        file = self._own_file() or self._model_file()
        try:
            session = open_session(str(file), self.options.threads)
        except Exception as error:  # its errors have no common base
            raise EngineLoadFailed(f"The file of {self.option('model')} is no ONNX model.") from error
        given = session.get_inputs()
        if len(given) != 1 or len(given[0].shape) != 3:
            raise self._none()
        # Exports that leave the number of bands open are told by the name of their input.
        bands = given[0].shape[2] if isinstance(given[0].shape[2], int) else KINDS.get(given[0].name, KALDI_BANDS)
        self._session, self._input, self._bands = session, given[0].name, bands
        try:
            self.vectors(np.zeros(STT_SAMPLE_RATE, np.float32))  # the first run is slow, and shows whether it fits
        except Exception as error:  # its errors have no common base
            self._session = None
            raise self._none() from error
        progress("ready", 1.0)

    def _none(self) -> EngineLoadFailed:
        return EngineLoadFailed(f"The file of {self.option('model')} is no model that makes vectors of voices.")

    def unload(self) -> None:
        self._session = None

    def vectors(self, samples: Samples) -> NDArray[np.float32]:
        if self._session is None:
            raise EngineError("speaker_embedding is not loaded.")
        heard = self._windows(levelled(samples))
        made = [self._session.run(None, {self._input: heard[at : at + BATCH]})[0] for at in range(0, len(heard), BATCH)]
        vectors = np.concatenate(made).reshape(len(heard), -1).astype(np.float32)
        if not np.isfinite(vectors).all():
            raise EngineError("speaker_embedding made no numbers of a voice.")
        return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9), np.float32)

    def _windows(self, samples: Samples) -> NDArray[np.float32]:
        """Each window as the network hears it; shape (n, columns, bands)."""
        columns = d_vector_features(samples) if self._bands == D_VECTOR_BANDS else filter_bank(samples)
        if len(columns) < WIDTH:
            columns = np.pad(columns, ((0, WIDTH - len(columns)), (0, 0)), mode="edge")
        starts = range(0, len(columns) - WIDTH + 1, STEP)
        windows = np.stack([columns[start : start + WIDTH] for start in starts])
        return windows if self._bands == D_VECTOR_BANDS else windows - windows.mean(axis=1, keepdims=True)

    def _model_file(self) -> Path:
        """The network of the catalogue's model; an installed package may hold others beside it."""
        folder = self.require_model(self.options.model)
        return next(
            folder / each.path for each in self.known_models[self.options.model].files if each.path.endswith(".onnx")
        )

    def _own_file(self) -> Path | None:
        """The file that the option names, if there is one."""
        file = Path(self.options.model).expanduser()
        return file if file.is_file() else None
