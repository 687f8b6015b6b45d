"""How much goes on at once for one subject: operations, live sessions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

from stts.access.limits import Subject
from stts.errors import TooManyRequests

RETRY_SECONDS = 1.0
"""Seconds after which a refused client may try again."""
Kind = Literal["concurrent", "sessions"]
WORDS = {"concurrent": "operations", "sessions": "live sessions"}


class Concurrency:
    """Counts in this process."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._now: Counter[str] = Counter()

    @contextmanager
    def taken(self, who: Sequence[Subject]) -> Iterator[None]:
        """Takes a place of each subject. Raises TooManyRequests where one has all that it may have."""
        limited = [each for each in who if self._kind in each.limits]
        for each in limited:
            most = each.limits[self._kind]
            if most is not None and self._now[each.name] >= most:
                whose = each.name.partition(":")[0]
                said = f"This {whose} may have {most} {WORDS[self._kind]} at once, and has them."
                raise TooManyRequests(said, retry_after=RETRY_SECONDS)
        names = [each.name for each in limited]
        self._now.update(names)
        try:
            yield
        finally:
            self._now.subtract(names)
            for name in names:
                if self._now[name] <= 0:
                    del self._now[name]
