"""`rate_limits.updated`: quotas of the caller in OpenAI's words, where a token is a character."""

from __future__ import annotations

from typing import Any

from routers.sockets.socket import Socket
from stts.access.allowances import Standing, Unit
from stts.access.limits import limits_of
from stts.access.quotas import QuotaBook
from stts.settings import CurrentSettings


class CallerLimits:
    """The rest that the caller of one socket has, as far as it is known without asking the database."""

    def __init__(self, socket: Socket, quotas: QuotaBook, settings: CurrentSettings) -> None:
        self._socket = socket
        self._quotas = quotas
        self._settings = settings

    def __call__(self) -> list[dict[str, Any]]:
        limits = limits_of(self._socket.principal, self._socket.network, self._settings().quotas)
        standings = self._quotas.standings(limits.allowances.get(Unit.CHARACTERS, ()))
        tightest = min(standings, key=lambda each: each.left, default=None)
        return [] if tightest is None else [_shape(tightest)]


def _shape(standing: Standing) -> dict[str, Any]:
    return {
        "name": "tokens",
        "limit": int(standing.allowance.most),
        "remaining": int(standing.left),
        "reset_seconds": standing.reset_seconds,
    }
