"""Calls that may be made together with those of other requests, and which of them are."""

from __future__ import annotations

from collections.abc import Sequence
from queue import SimpleQueue
from typing import Literal

from adapters.execution.backends.backend import OwnWork
from adapters.execution.values import Value

TOGETHER = {"transcribe": "transcribe_many"}
"""Methods whose calls are made together, and what is called for them."""

Answer = tuple[Literal["item"], Value] | tuple[Literal["error"], BaseException] | tuple[Literal["end"], None]


class Call:
    """One call of one seat."""

    def __init__(
        self, method: str, values: Sequence[Value], *, alone: bool = False, traces: Sequence[str] = ()
    ) -> None:
        self.method = method
        self.values = values
        self.alone = alone
        """It has cost a child already: whoever runs with it might pay for it again."""
        self.traces = traces
        """The spans that it works for."""
        self.answers: SimpleQueue[Answer] = SimpleQueue()
        self.left = False
        """Nobody wants its answer any more."""
        self.ended = False
        self.own_work: OwnWork | None = None
        """Times of it in the engine's own process."""

    @property
    def samples(self) -> int:
        """Samples of its audio, for calls that may be made together."""
        return len(self.values[0])  # type: ignore[arg-type]

    def end(self, error: BaseException | None = None) -> None:
        if not self.ended:
            self.ended = True
            self.answers.put(("end", None) if error is None else ("error", error))


def chosen(waiting: Sequence[Call], most: int, most_samples: float) -> list[Call]:
    """Which of the calls that wait are made together: the oldest, and the shortest that fit beside it."""
    if not waiting or waiting[0].method not in TOGETHER or waiting[0].alone:
        return list(waiting[:1])
    taken, left = [waiting[0]], most_samples - waiting[0].samples
    others = [call for call in waiting[1:] if call.method == waiting[0].method and not call.alone]
    for call in sorted(others, key=lambda each: each.samples):
        if len(taken) == most or call.samples > left:
            break
        taken.append(call)
        left -= call.samples
    return taken
