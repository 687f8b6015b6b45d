"""Looks for the watermark in a recording of any container, window by window, so that a marked part of it is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from stts.audio.decode import Decoder
from stts.audio.watermark.network import WatermarkNetwork
from stts.audio.watermark.spectrum import RATE, levels, whole_spectra
from stts.engine_api import Samples
from stts.errors import EngineLoadFailed

WINDOW_SECONDS = 3.0
LEAST_SECONDS = 0.5
"""A shorter recording tells nothing."""
DETECTED = 0.5
"""Confidence from which a window is marked; what is marked is near 1, what is not near 0."""
MOST_SPANS = 1000


@dataclass(frozen=True, slots=True)
class MarkedSpan:
    start: float
    """Seconds."""
    end: float


@dataclass(frozen=True, slots=True)
class WatermarkFinding:
    seconds: float
    """Length of the recording."""
    confidence: float | None
    """The highest of all windows; None where too little could be heard."""
    spans: tuple[MarkedSpan, ...]
    """Windows that are marked, those that touch as one."""

    @property
    def is_marked(self) -> bool:
        return bool(self.spans)

    @property
    def marked_seconds(self) -> float:
        return sum(each.end - each.start for each in self.spans)


def find_watermark(
    file: BinaryIO, network: WatermarkNetwork, *, max_seconds: float, checkpoint: Callable[[], None] = lambda: None
) -> WatermarkFinding:
    """Raises UndecodableAudio, AudioTooLong, and EngineLoadFailed where the weights cannot be read.

    `checkpoint` is called between windows; what it raises ends the work.
    """
    decoder = Decoder(file, sample_rate=RATE, max_seconds=max_seconds, block_seconds=WINDOW_SECONDS)
    best: float | None = None
    spans: list[MarkedSpan] = []
    seconds = 0.0
    for start, window in _windows(decoder):
        checkpoint()
        seconds = start + len(window) / RATE
        found = _confidence(network, window)
        if found is None:
            continue
        best = max(best or 0.0, found)
        if found >= DETECTED:
            _join(spans, MarkedSpan(start, seconds))
    return WatermarkFinding(seconds, best, tuple(spans))


def _windows(blocks: Iterator[Samples] | Decoder) -> Iterator[tuple[float, Samples]]:
    """Windows with their starts in seconds; a short last one reaches back over the end of the one before."""
    size = round(WINDOW_SECONDS * RATE)
    start = 0
    before: Samples | None = None
    for block in blocks:
        if before is not None and len(block) < size:
            whole = np.concatenate([before, block])[-size:]
            yield (start + len(block) - len(whole)) / RATE, whole
        else:
            yield start / RATE, block
        before = block
        start += len(block)


def _confidence(network: WatermarkNetwork, window: Samples) -> float | None:
    if len(window) < LEAST_SECONDS * RATE:
        return None
    try:
        return network.confidence(levels(whole_spectra(window)))
    except (OSError, ValueError) as error:
        raise EngineLoadFailed("The weights of the watermark cannot be read.") from error


def _join(spans: list[MarkedSpan], span: MarkedSpan) -> None:
    if spans and (span.start <= spans[-1].end or len(spans) == MOST_SPANS):
        spans[-1] = MarkedSpan(spans[-1].start, span.end)
    else:
        spans.append(span)
