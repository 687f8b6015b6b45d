"""The interface of engines that tell voices apart."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from stts.engine_api import Engine, Samples


class SpeakerEngine(Engine):
    """Turns voices into vectors that are alike where one person speaks, whatever is said."""

    window_seconds: ClassVar[float] = 1.5
    """Audio that one vector is made of."""
    hop_seconds: ClassVar[float] = 0.5
    """Time from one window to the next."""

    @property
    @abstractmethod
    def same_speaker(self) -> float:
        """Cosine from which the vectors of two stretches of some seconds are of one person."""

    @abstractmethod
    def vectors(self, samples: Samples) -> NDArray[np.float32]:
        """The vectors, of unit length, of all windows of speech at 16 kHz; of what is shorter than one, one.

        The shape is (windows, size). At most `info.limits.max_seconds` are given.
        """
