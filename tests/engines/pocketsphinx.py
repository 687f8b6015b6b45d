"""PocketSphinx for its tests: loaded, and asked for the words of a region."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from engines.stt.pocketsphinx import PocketSphinxEngine
from stts.engine_api import ListenParams, Samples, Segment
from tests.engines.contract import check_segments, no_progress


@contextmanager
def loaded() -> Iterator[PocketSphinxEngine]:
    engine = PocketSphinxEngine()
    engine.load(no_progress)
    yield engine
    engine.unload()


def listen(engine: PocketSphinxEngine, samples: Samples) -> list[Segment]:
    segments = list(engine.transcribe(samples, ListenParams(word_timestamps=True)))
    check_segments(engine, segments, len(samples) / 16_000)
    return segments
