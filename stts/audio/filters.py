"""A chain of ffmpeg's audio filters as a stream of mono samples: blocks in, blocks out, the rest at the end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from stts.audio.ffmpeg import av
from stts.engine_api import Samples

SILENCE: Samples = np.zeros(0, np.float32)
"""No samples at all."""
LOOKED_AT_ONCE = 2048
LOUDEST = 10.0
"""Amplitude beyond which samples are a fault and not a voice: it would upset filters for long after."""


def bounded(samples: Samples, limit: float) -> Samples:
    """Returns the same array where all samples are within +-`limit`, else a clipped copy with 0 for NaN."""
    # Not by way of `abs`, which would make an array of its own for each block; what is no number fails both.
    if samples.size == 0 or (samples.max() <= limit and samples.min() >= -limit):
        return samples
    return np.clip(np.nan_to_num(samples, nan=0.0), -limit, limit)


def first_above(samples: Samples, level: float) -> int | None:
    """Where the first sample beyond +-`level` is; None: there is none, whatever is no number.

    Looks at a part at a time: most blocks have one soon, and an array of all of them is dear.
    """
    for start in range(0, len(samples), LOOKED_AT_ONCE):
        above = np.abs(samples[start : start + LOOKED_AT_ONCE]) > level
        index = int(above.argmax())
        if above[index]:
            return start + index
    return None


class FilterChain:
    """`filters` are (name, arguments) as ffmpeg writes them; what comes out is at `rate_out`, whatever they do."""

    def __init__(self, rate_in: int, rate_out: int, filters: Sequence[tuple[str, str]]) -> None:
        self._rate = rate_in
        self._time_base = Fraction(1, rate_in)
        self._pts = 0
        self._frame = av.AudioFrame
        self._graph = av.filter.Graph()
        self._graph.threads = 1  # else each graph has a pool of them, and there is one for every listener
        nodes = [
            self._graph.add_abuffer(format="fltp", sample_rate=rate_in, layout="mono", time_base=self._time_base),
            *(self._graph.add(name, arguments) for name, arguments in filters),
            self._graph.add("aformat", f"sample_fmts=fltp:sample_rates={rate_out}:channel_layouts=mono"),
            self._graph.add("abuffersink"),
        ]
        self._graph.link_nodes(*nodes).configure()
        self._blocks = math.inf if filters else 1
        """Most blocks that come of one: whoever only resamples gives one for each."""

    def push(self, samples: Samples) -> Samples:
        if len(samples) == 0:
            return SILENCE
        frame = self._frame(format="fltp", layout="mono", samples=len(samples))
        plane: Any = frame.planes[0]  # a buffer, which takes more than PyAV's types say, and gives itself
        plane.update(np.ascontiguousarray(samples, np.float32))
        frame.sample_rate = self._rate
        frame.pts = self._pts
        frame.time_base = self._time_base
        self._pts += len(samples)
        self._graph.push(frame)
        return self._pull(self._blocks)

    def finish(self) -> Samples:
        """Flushes the filters and returns the last samples. Nothing may be pushed after that."""
        self._graph.push(None)
        return self._pull()

    def _pull(self, most: float = math.inf) -> Samples:
        """`most`: blocks that there can be. To ask for one that is not there costs as much as one that is."""
        blocks: list[Samples] = []
        while len(blocks) < most:
            try:
                frame: Any = self._graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                break
            blocks.append(np.frombuffer(frame.planes[0], np.float32, frame.samples).copy())
        if len(blocks) == 1:
            return blocks[0]
        return np.concatenate(blocks) if blocks else SILENCE
