"""The remainders of a caller's quotas, as the heads of answers tell them: as far as that is known without the store."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from stts.access.allowances import Allowance, Period, Standing, Unit
from stts.access.limits import MOST_KNOWN
from stts.access.quotas import QuotaBook

Wanted = tuple[Allowance, ...]


class Remainders:
    """One for the process."""

    def __init__(self, book: QuotaBook) -> None:
        self._book = book

    def policies(self, wanted: Wanted) -> str:
        """Their part of `RateLimit-Policy`."""
        return _policies(wanted, self._book.length(Period.MONTH))

    def standings(self, wanted: Wanted) -> list[Standing]:
        return self._book.standings(wanted)

    def states(self, wanted: Wanted) -> str:
        """Their part of `RateLimit`."""
        return ", ".join(
            [
                f'"{_name(each)}";r={math.floor(left)};t={math.ceil(reset_seconds)}'
                for each, left, reset_seconds in self._book.standings(wanted)
            ]
        )


@lru_cache(maxsize=MOST_KNOWN)
def _policies(wanted: Wanted, month: int) -> str:
    lengths = {Period.DAY: 86_400, Period.MONTH: month}
    return ", ".join(f'"{_name(each)}";q={each.most:.0f};w={lengths[each.period]}' for each in wanted)


def tokens(standings: Sequence[Standing]) -> Standing | None:
    """The tightest in characters, which are the tokens of OpenAI's clients."""
    characters = (each for each in standings if each.allowance.unit is Unit.CHARACTERS)
    return min(characters, key=lambda each: each.left, default=None)


@lru_cache(maxsize=MOST_KNOWN)
def _name(allowance: Allowance) -> str:
    """As `characters-month-key`."""
    unit = allowance.unit.replace("_", "-")
    return f"{unit}-{allowance.period}-{allowance.subject.partition(':')[0]}"
