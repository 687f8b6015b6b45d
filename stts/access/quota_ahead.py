"""The share of quotas of one operation, reserved before it begins: a part of an answer that is whole or none."""

from __future__ import annotations

from collections.abc import Sequence

from stts.access.allowances import Unit
from stts.access.reservations import Reservation


class QuotaAhead:
    """Whoever reserved it gives it back, unless the operation has taken it and settles it."""

    def __init__(self, shares: Sequence[tuple[Unit, Reservation]]) -> None:
        self._shares = shares

    def take(self) -> Sequence[tuple[Unit, Reservation]]:
        shares, self._shares = self._shares, ()
        return shares

    async def give_back(self) -> None:
        for _, share in self.take():
            await share.settle(0.0)
