"""Tells how many people speak in a recording, where there is something that tells voices apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from stts.audio.decode import Decoder
from stts.audio.level import SILENT_POWER
from stts.engine_api import STT_SAMPLE_RATE, Samples

WINDOW_SECONDS = 2.0
MOST_WINDOWS = 60
"""Windows of a recording that are compared, from its beginning."""
LEAST_SHARE = 0.15
"""Share of the windows from which a voice is another speaker, and no cough."""


class SpeakerEmbedder(Protocol):
    """Turns speech into a vector that is alike for one speaker. Blocking."""

    @property
    def same_speaker(self) -> float:
        """Cosine from which two vectors are of one speaker."""
        ...

    def embed(self, samples: Samples) -> NDArray[np.float32]:
        """The vector of some seconds of speech at 16 kHz."""
        ...


def speakers_in(file: BinaryIO, embedder: SpeakerEmbedder, checkpoint: Callable[[], None] = lambda: None) -> int:
    """How many people speak in a recording. Raises UndecodableAudio."""
    decoder = Decoder(file, sample_rate=STT_SAMPLE_RATE, max_seconds=float("inf"), block_seconds=WINDOW_SECONDS)
    vectors: list[NDArray[np.float32]] = []
    for block in decoder:
        checkpoint()
        if len(block) == round(WINDOW_SECONDS * STT_SAMPLE_RATE) and float(np.square(block).mean()) > SILENT_POWER:
            vectors.append(embedder.embed(block))
        if len(vectors) == MOST_WINDOWS:
            break
    return count_speakers(vectors, embedder.same_speaker)


def count_speakers(vectors: Sequence[NDArray[np.float32]], same: float) -> int:
    """Groups of vectors that are alike: each joins the group whose mean is nearest, or begins one."""
    groups: list[list[NDArray[np.float32]]] = []
    for vector in map(_unit, vectors):
        likeness = [float(_unit(sum_of(group)) @ vector) for group in groups]
        best = int(np.argmax(likeness)) if likeness else -1
        if best >= 0 and likeness[best] >= same:
            groups[best].append(vector)
        else:
            groups.append([vector])
    return sum(len(group) >= LEAST_SHARE * len(vectors) for group in groups)


def sum_of(vectors: Iterable[NDArray[np.float32]]) -> NDArray[np.float32]:
    total: NDArray[np.float32] = np.sum(np.stack(list(vectors)), axis=0)
    return total


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    scaled: NDArray[np.float32] = vector / max(float(np.linalg.norm(vector)), 1e-9)
    return scaled
