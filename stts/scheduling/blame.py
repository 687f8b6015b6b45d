"""Decides who is to blame for a failure: one engine, or nobody. Pure: outcomes and times in, verdicts out.

Nobody is charged with what the client sent, with a cancelled request, with a full queue, nor with what befalls all
engines at once: a full disk, a machine without memory, a text that breaks every one of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from stts.errors import EngineError, EngineNotInstalled, STTSError

TOGETHER_SECONDS = 10.0
"""Failures of all engines within so much time have one cause."""
LATELY_SECONDS = 60.0
"""Engines that nobody has called for so long say nothing about what befalls all."""


def is_chargeable(error: STTSError) -> bool:
    """True for errors of an engine. That it is not installed is no failure: it is not taken again anyway."""
    return isinstance(error, EngineError) and not isinstance(error, EngineNotInstalled)


@dataclass(frozen=True, slots=True)
class _Last:
    at: float
    failed: bool


class Outcomes:
    """The last outcome of each engine of one kind."""

    def __init__(self) -> None:
        self._last: dict[str, _Last] = {}

    def succeeded(self, name: str, now: float) -> None:
        self._last[name] = _Last(now, failed=False)

    def failed(self, name: str, now: float) -> frozenset[str]:
        """Notes a failure. Returns the engines that have all failed together with it; empty: it failed alone."""
        self._last[name] = _Last(now, failed=True)
        lately = {each: last for each, last in self._last.items() if now - last.at <= LATELY_SECONDS}
        together = len(lately) > 1 and all(
            last.failed and now - last.at <= TOGETHER_SECONDS for last in lately.values()
        )
        return frozenset(lately) if together else frozenset()
