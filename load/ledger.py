"""What clients saw: answers and failures, counted on their side of the socket."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from benchmarks.client import BadAnswer
from benchmarks.result import quantile

MOST_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """One that came whole."""

    kind: str
    at: float
    """Its end, in `time.monotonic()` seconds."""
    seconds: float
    """From the request to the end."""
    characters: int = 0

    @property
    def began(self) -> float:
        return self.at - self.seconds


@dataclass(slots=True)
class Ledger:
    answers: list[Answer] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    """By kind and reason."""
    begun_characters: int = 0
    """Characters of all texts of which at least the first audio came."""
    audio_seconds: float = 0.0
    """Audio that came."""
    came: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by each answer."""

    @classmethod
    def joined(cls, ledgers: Iterable[Ledger]) -> Ledger:
        """One of all that is in several."""
        whole = cls()
        for each in ledgers:
            whole.answers += each.answers
            whole.failures += each.failures
            whole.begun_characters += each.begun_characters
            whole.audio_seconds += each.audio_seconds
        return whole

    def answered(self, kind: str, began: float, characters: int = 0) -> None:
        now = time.monotonic()
        self.answers.append(Answer(kind, now, now - began, characters))
        self.came.set()

    def failed(self, kind: str, error: Exception) -> None:
        reason = str(error) if isinstance(error, BadAnswer) else type(error).__name__
        self.failures[f"{kind}: {reason[:160]}"] += 1

    @property
    def failed_calls(self) -> int:
        return self.failures.total()

    def characters(self, until: float = float("inf")) -> int:
        """Of the texts that were answered whole before a time."""
        return sum(answer.characters for answer in self.answers if answer.at <= until)

    def take(self) -> list[Answer]:
        """The answers so far, which are forgotten."""
        taken, self.answers = self.answers, []
        return taken

    def told(self) -> str:
        """Failures in words."""
        shown = [f"{count} x {reason}" for reason, count in self.failures.most_common(MOST_SHOWN)]
        return f"{self.failed_calls}" + (f" ({'; '.join(shown)})" if shown else "")


async def all_answered(ledgers: Collection[Ledger], seconds: float) -> None:
    """Returns when each client has had another answer, or after so many seconds."""
    for ledger in ledgers:
        ledger.came.clear()
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            for ledger in ledgers:
                await ledger.came.wait()


def seconds_of(answers: Iterable[Answer], part: float) -> float:
    """The time that so large a part of answers took at most; 0 without any."""
    times = [answer.seconds for answer in answers]
    return quantile(times, part) if times else 0.0
