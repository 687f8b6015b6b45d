"""Vectors of voices, by the engine that `stt.speakers` names."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import aclosing
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adapters.execution.instance import EngineInstance
from adapters.weights import WeightsLookup
from stts.engine_api import STT_SAMPLE_RATE, Samples
from stts.errors import EngineError, InvalidParameter
from stts.settings import CurrentSettings
from stts.speaker_engine import SpeakerEngine
from stts.voices.change_points import Windows

PATIENCE_SECONDS = 30.0
"""Whoever waits for a transcript is due within this time; a live stream goes first."""


class EngineSpeakers:
    """The one way in which voices are told apart: of transcripts, and of recordings that are to be voices."""

    def __init__(
        self, instances: Mapping[str, EngineInstance[Any]], settings: CurrentSettings, weights: WeightsLookup
    ) -> None:
        self._instances = instances
        self._settings = settings
        self._weights = weights

    async def missing(self) -> str | None:
        """Says in words why nobody tells speakers apart here; None: somebody does."""
        name = self._settings().stt.speakers
        instance = self._instances.get(name)
        if instance is None or instance.info.kind != "speaker":
            return "Nothing here tells speakers apart: stt.speakers names no engine that does."
        if instance.state == "not_installed":
            return f"Nothing here tells speakers apart: {name} is not installed ({instance.info.install})."
        if not await self._weights.present([instance]):
            return (
                f"Nothing here tells speakers apart: {name} has no model. One comes by `stts models pull "
                "voicefilter-embedder`, or set its option `model` to an ONNX file."
            )
        return None

    async def require(self) -> EngineInstance[SpeakerEngine]:
        """The engine. Raises InvalidParameter where there is none that works."""
        if (why := await self.missing()) is not None:
            raise InvalidParameter(why, param="speakers")
        return self._instances[self._settings().stt.speakers]

    async def windows(self, samples: Samples, start: float = 0.0) -> Windows:
        """The vectors of a stretch of speech at 16 kHz that begins so many seconds into its recording.

        Raises InvalidParameter where nothing tells voices apart, and what the engine raises.
        """
        instance = await self.require()
        engine = instance.engine
        longest = round(instance.info.limits.max_seconds * STT_SAMPLE_RATE)
        vectors = []
        for first in range(0, max(1, len(samples)), longest):
            piece = samples[first : first + longest]
            deadline = time.monotonic() + PATIENCE_SECONDS
            async with instance.slot(deadline) as slot, aclosing(slot.run(partial(_vectors, piece))) as made:
                vectors += [each async for each in made]
        return Windows(
            start, len(samples) / STT_SAMPLE_RATE, np.concatenate(vectors), engine.window_seconds, engine.hop_seconds
        )

    def same(self) -> float:
        """Cosine from which two vectors are of one speaker."""
        engine: SpeakerEngine = self._instances[self._settings().stt.speakers].engine
        return engine.same_speaker


def _vectors(samples: Samples, engine: SpeakerEngine) -> Iterator[NDArray[np.float32]]:
    vectors = engine.vectors(samples)
    if vectors.ndim != 2 or not len(vectors):
        raise EngineError(f"{engine.info.name} told no vector of a voice.")
    yield vectors
