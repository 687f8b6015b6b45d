"""Client secrets of all workers: whichever makes one, all of them know it before its client does.

They are hashes, with the session and the issuer as plain values; the process that started the workers keeps them for
workers that come later.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping

from stts.peers.line import Line, Plain

TOLD_SECONDS = 5.0
"""Longest wait until all workers know a secret."""
MOST_KEPT = 100_000
"""Secrets of all workers; each worker has a bound of its own, which is that of the settings."""

AskAll = Callable[[str, Plain, float, Line], Awaitable[list[Plain]]]


class SecretsOfAll:
    """One for a server; answers the questions that begin with `secrets.`."""

    def __init__(self, ask_all: AskAll) -> None:
        self._ask_all = ask_all
        self._kept: dict[str, Plain] = {}
        self.answers: Mapping[str, Callable[[Line, Plain], Plain | Awaitable[Plain]]] = {
            "secrets.issued": self._issued,
            "secrets.all": lambda line, value: list(self._alive().values()),
            "secrets.forget": self._forget,
        }

    async def _issued(self, line: Line, value: Plain) -> Plain:
        kept = self._alive()
        if len(kept) < MOST_KEPT:
            kept[value["hash"]] = value
        await self._ask_all("secrets.issued", value, TOLD_SECONDS, line)

    def _forget(self, line: Line, user_id: str) -> Plain:
        self._kept = {key: each for key, each in self._kept.items() if each["user_id"] != user_id}

    def _alive(self) -> dict[str, Plain]:
        now = time.time()
        self._kept = {key: each for key, each in self._kept.items() if each["expires_at"] > now}
        return self._kept
