"""Wishes of administrators that are not confirmed yet."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import Any

CODE_BYTES = 6

Action = Callable[[Any], Awaitable[None]]
"""Done with the turn of the confirmation."""


class Confirmations:
    """Keeps the last wish of each administrator, until it is confirmed or something else is asked for."""

    def __init__(self) -> None:
        self._waiting: dict[int, tuple[str, Action]] = {}

    def keep(self, person: int, action: Action) -> str:
        """Keeps a wish; returns the code by which it is confirmed."""
        code = secrets.token_hex(CODE_BYTES)
        self._waiting[person] = (code, action)
        return code

    def take(self, code: str, person: int) -> Action | None:
        """The wish of a code, once, and only for who had it."""
        kept = self._waiting.get(person)
        if kept is None or kept[0] != code:
            return None
        del self._waiting[person]
        return kept[1]
