"""Looks for the watermark in a recording of any container, window by window, so that a marked part of it is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import BinaryIO

import numpy as np

from stts.audio.decode import Decoder
from stts.audio.watermark.network import WatermarkNetwork
from stts.audio.watermark.spectrum import RATE, levels, whole_spectra
from stts.audio.watermark.steady import without_steady_tones
from stts.engine_api import Samples
from stts.errors import EngineLoadFailed

WINDOW_SECONDS = 3.0
LEAST_SECONDS = 0.5
"""Less than that, of sound or of speech, tells nothing."""
DETECTED = 0.5
"""Confidence from which a window is marked; what is marked is near 1, what is not near 0."""
MOST_SPANS = 1000
TURN_WINDOWS = 10
"""Windows that are looked at in one turn: about a second's work, after which others have theirs."""


@dataclass(frozen=True, slots=True)
class Span:
    start: float
    """Seconds."""
    end: float


class Untold(Enum):
    """Why nothing can be told of a recording."""

    LITTLE = "little"
    """Too little of it can be heard."""
    NO_SPEECH = "no_speech"
    """Nobody speaks in it: the mark is one of speech, and the network takes some tones for it."""


@dataclass(frozen=True, slots=True)
class WatermarkFinding:
    seconds: float
    """Length of the recording."""
    confidence: float | None
    """The highest of all windows; None where nothing can be told."""
    spans: tuple[Span, ...]
    """Windows that are marked, those that touch as one."""
    untold: Untold | None = None

    @property
    def is_marked(self) -> bool:
        return bool(self.spans)

    @property
    def marked_seconds(self) -> float:
        return sum(each.end - each.start for each in self.spans)


class WatermarkSearch:
    """One recording. Only windows with enough speech in them are looked at."""

    def __init__(
        self,
        file: BinaryIO,
        network: WatermarkNetwork,
        *,
        max_seconds: float,
        speech: Sequence[Span] | None = None,
    ) -> None:
        """`speech`: when somebody speaks, in order; None: all the time."""
        self._network = network
        self._windows = _windows(Decoder(file, sample_rate=RATE, max_seconds=max_seconds, block_seconds=WINDOW_SECONDS))
        self._speech = speech
        self._first = 0
        """Place of the first span of speech that has not passed."""
        self._best: float | None = None
        self._spans: list[Span] = []
        self._seconds = 0.0
        self._untold = Untold.LITTLE

    def turn(self, checkpoint: Callable[[], None]) -> WatermarkFinding | None:
        """Looks at the next windows; the finding after the last. Raises as `find_watermark`.

        `checkpoint` is called between windows; what it raises ends the work.
        """
        for looked, (start, window) in enumerate(self._windows, start=1):
            checkpoint()
            self._seconds = start + len(window) / RATE
            self._look(Span(start, self._seconds), window)
            if looked == TURN_WINDOWS:
                return None
        untold = None if self._best is not None else self._untold
        return WatermarkFinding(self._seconds, self._best, tuple(self._spans), untold)

    def _look(self, span: Span, window: Samples) -> None:
        if len(window) < LEAST_SECONDS * RATE:
            return
        if self._spoken(span) < LEAST_SECONDS:
            if np.abs(window).max() > 0.0:
                self._untold = Untold.NO_SPEECH
            return
        found = _confidence(self._network, window)
        if found is None:
            return
        self._best = max(self._best or 0.0, found)
        if found >= DETECTED:
            _join(self._spans, span)

    def _spoken(self, span: Span) -> float:
        """Seconds of speech in a window, none of which begins before the one that was asked for before it."""
        if self._speech is None:
            return span.end - span.start
        while self._first < len(self._speech) and self._speech[self._first].end <= span.start:
            self._first += 1
        total = 0.0
        for each in self._speech[self._first :]:
            if each.start >= span.end:
                break
            total += max(0.0, min(each.end, span.end) - max(each.start, span.start))
        return total


def find_watermark(
    file: BinaryIO,
    network: WatermarkNetwork,
    *,
    max_seconds: float,
    speech: Sequence[Span] | None = None,
    checkpoint: Callable[[], None] = lambda: None,
) -> WatermarkFinding:
    """Raises UndecodableAudio, AudioTooLong, and EngineLoadFailed where the weights cannot be read."""
    search = WatermarkSearch(file, network, max_seconds=max_seconds, speech=speech)
    while (found := search.turn(checkpoint)) is None:
        pass
    return found


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
    """How surely a window is marked, also without the tones that go on through it."""
    found = levels(whole_spectra(window))
    try:
        confidence = network.confidence(found)
        if confidence is None or confidence < DETECTED or (others := without_steady_tones(found)) is None:
            return confidence
        return min(confidence, network.confidence(others) or 0.0)
    except (OSError, ValueError) as error:
        raise EngineLoadFailed("The weights of the watermark cannot be read.") from error


def _join(spans: list[Span], span: Span) -> None:
    if spans and (span.start <= spans[-1].end or len(spans) == MOST_SPANS):
        spans[-1] = Span(spans[-1].start, span.end)
    else:
        spans.append(span)
