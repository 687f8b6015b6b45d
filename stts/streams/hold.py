"""A hold on an answer: until it is released, what was given of it may be taken back and made anew.

Who makes the answer and who collects it share one. A retraction is announced here and told within the stream, where
stages between the two may delay it: so nothing is released while one is on its way.
"""

from __future__ import annotations


class Hold:
    """One for each answer that is collected, or may be."""

    def __init__(self) -> None:
        self._kept = True
        self._announced = 0
        """Retractions that stand in the stream, or will at once."""

    @property
    def kept(self) -> bool:
        """Nothing has been sent so far."""
        return self._kept

    def take_back(self) -> bool:
        """Announces a retraction of all that was given. False: it may have been sent."""
        self._announced += self._kept
        return self._kept

    def release(self, seen: int) -> bool:
        """Lets the answer be sent, where so many retractions have come. False: another is on its way; wait for it."""
        if seen == self._announced:
            self._kept = False
        return not self._kept
