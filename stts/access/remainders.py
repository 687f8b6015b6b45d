"""The remainders of a caller's quotas, as the heads of answers tell them: as far as that is known without the store."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache

from stts.access.allowances import Allowance, Period, Standing, Unit
from stts.access.limits import MOST_KNOWN, Subject, allowances, subjects
from stts.access.principal import Principal
from stts.access.quotas import QuotaBook
from stts.settings.quotas import QuotaSettings

Wanted = tuple[Allowance, ...]


class Remainders:
    """One for the process."""

    def __init__(self, book: QuotaBook, quotas: Callable[[], QuotaSettings]) -> None:
        self._book = book
        self._quotas = quotas
        self._known: dict[int, tuple[tuple[Subject, ...], Wanted]] = {}
        """By the identity of a caller's subjects, which are kept as long as they stay the same."""

    def of(self, principal: Principal, network: str) -> Wanted:
        """The allowances of a caller; empty where no amount is limited."""
        who = subjects(principal, network, self._quotas())
        if not who:
            return ()
        known = self._known.get(id(who))
        if known is None or known[0] is not who:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            known = self._known[id(who)] = who, tuple(each for unit in Unit for each in allowances(who, unit))
        return known[1]

    def policies(self, wanted: Wanted) -> str:
        """Their part of `RateLimit-Policy`."""
        return _policies(wanted, self._book.length(Period.MONTH))

    def standings(self, wanted: Wanted) -> list[Standing]:
        return self._book.standings(wanted)


@lru_cache(maxsize=1024)
def _policies(wanted: Wanted, month: int) -> str:
    lengths = {Period.DAY: 86_400, Period.MONTH: month}
    return ", ".join(f'"{_name(each)}";q={each.most:.0f};w={lengths[each.period]}' for each in wanted)


def states(standings: Sequence[Standing]) -> str:
    """Their part of `RateLimit`."""
    return ", ".join(
        f'"{_name(each.allowance)}";r={math.floor(each.left)};t={math.ceil(each.reset_seconds)}' for each in standings
    )


def tokens(standings: Sequence[Standing]) -> Standing | None:
    """The tightest in characters, which are the tokens of OpenAI's clients."""
    characters = (each for each in standings if each.allowance.unit is Unit.CHARACTERS)
    return min(characters, key=lambda each: each.left, default=None)


@lru_cache(maxsize=1024)
def _name(allowance: Allowance) -> str:
    """As `characters-month-key`."""
    unit = allowance.unit.replace("_", "-")
    return f"{unit}-{allowance.period}-{allowance.subject.partition(':')[0]}"
