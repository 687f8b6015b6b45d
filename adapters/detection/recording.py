"""A recording that is decoded and searched for speech, block by block, in turns of the VAD engine."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from itertools import islice

from stts.audio.decode import Decoder
from stts.engine_api import Samples, VADEngine
from stts.settings import STTSettings
from stts.timings import Timings
from stts.transcription import Chunking
from stts.vad.regions import Region, RegionFinder
from stts.vad.rules import RegionRules

TURN_BLOCKS = 120
"""Blocks of half a second in one turn of a recording: about a quarter of a second's work."""


def region_rules(settings: STTSettings, max_seconds: float, asked: Chunking | None = None) -> RegionRules:
    """Rules by the settings, but for what a request asks otherwise.

    Padding beyond the silence that ends a region would have the end of each region heard again in the next.
    """
    asked = asked or Chunking()
    silence = settings.min_silence_seconds if asked.silence is None else asked.silence
    padding = settings.padding_seconds if asked.padding is None else asked.padding
    return RegionRules(
        threshold=settings.vad_threshold if asked.threshold is None else asked.threshold,
        min_speech=settings.min_speech_seconds,
        min_silence=silence,
        padding=min(padding, silence) if asked.padding is not None or asked.silence is not None else padding,
        max_seconds=max_seconds,
    )


class Recording:
    """One recording, decoded and searched for speech in turns, each in a slot of the VAD engine."""

    def __init__(self, decoder: Decoder, rules: RegionRules, times: Timings) -> None:
        """`times` are told of the seconds decoded, block by block: what was heard counts however it ends."""
        self._blocks = _counted(decoder, times)
        self._rules = rules
        self._finder: RegionFinder | None = None
        self.done = False

    @property
    def begun(self) -> bool:
        return self._finder is not None

    def search(self, vad: VADEngine) -> Iterator[Region | None]:
        """Blocking: goes on until it has found speech, or for a turn's length.

        Yields None after each block, so that silence is no silence of the engine and leaving stops it at once.
        """
        finder = self._finder = self._finder or RegionFinder(vad, self._rules)
        for block in islice(self._blocks, TURN_BLOCKS):
            regions = list(finder.push(block))
            yield from regions
            yield None
            if regions:
                return
        last = next(self._blocks, None)
        if last is None:
            self.done = True
            yield from finder.finish()
        else:
            yield from finder.push(last)

    def close(self) -> None:
        """Closes the decoder."""
        self._blocks.close()


def _counted(decoder: Decoder, times: Timings) -> Generator[Samples, None, None]:
    blocks = iter(decoder)
    try:
        for block in blocks:
            times.audio_seconds = decoder.seconds
            yield block
        times.audio_seconds = decoder.seconds
    finally:
        close = getattr(blocks, "close", None)
        if close is not None:
            close()
