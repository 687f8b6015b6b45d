"""Metrics of all workers, in the process that started them: those that are there, and what others had counted.

A page is a list of metrics, each as [name, description, type, samples], each sample as [name, labels, value].
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from stts.peers.line import Line, LineCut, Plain

PAGE_SECONDS = 2.0
"""Longest wait for the page of a worker; then the one before stands for it."""
COUNTED = ("counter", "histogram")
"""Types that may only grow, also when a worker has gone."""
MOST_SAMPLES = 200_000
"""Samples that are kept of workers that have gone."""


class MetricsOfAll:
    """One for a server; answers the questions that begin with `metrics.`."""

    def __init__(self, others: Callable[[Line], list[Line]]) -> None:
        self._others = others
        self._latest: dict[Line, Plain] = {}
        """The newest page of each worker: what it has told once never becomes less."""
        self._gone = Sums()
        self.answers: Mapping[str, Callable[[Line, Plain], Plain | Awaitable[Plain]]] = {
            "metrics.pages": self._pages,
            "metrics.last": self._last,
        }

    def leave(self, line: Line) -> None:
        """A worker has gone. What it had counted counts on."""
        page = self._latest.pop(line, None)
        if page is not None and len(self._gone.values) < MOST_SAMPLES:
            self._gone.add([metric for metric in page if metric[2] in COUNTED])

    async def _pages(self, line: Line, value: Plain) -> Plain:
        """Pages of all workers, that of the asker first, with what others had counted at the end."""
        self._latest[line] = value
        others = self._others(line)
        await asyncio.gather(*(self._look(each) for each in others))
        return [*(self._latest[each] for each in (line, *others) if each in self._latest), self._gone.page()]

    async def _look(self, line: Line) -> None:
        try:
            page = await line.ask("metrics.own", None, PAGE_SECONDS)
        except LineCut:
            return
        # It may have gone meanwhile.
        if page is not None and line.is_open:
            self._latest[line] = page

    def _last(self, line: Line, value: Plain) -> None:
        """The page of a worker that is about to go."""
        self._latest[line] = value


class Sums:
    """Samples of several pages, added up."""

    def __init__(self, merge: Callable[[str, str], Callable[[float, float], float]] | None = None) -> None:
        """`merge`: how values of a metric of this name and type become one; None: as a sum."""
        self._merge = merge
        self._metrics: dict[str, tuple[str, str]] = {}
        """Description and type by name."""
        self.values: dict[tuple[str, str, tuple[tuple[str, str], ...]], float] = {}
        """By metric, name of the sample, and labels."""

    def add(self, page: Plain) -> None:
        for name, said, kind, samples in page:
            self._metrics.setdefault(name, (said, kind))
            merge = self._merge(name, kind) if self._merge is not None else _sum
            for sample, labels, value in samples:
                key = name, sample, tuple(labels.items())
                known = self.values.get(key)
                self.values[key] = value if known is None else merge(known, value)

    def page(self) -> Plain:
        """One page of all."""
        samples: dict[str, list[Any]] = {name: [] for name in self._metrics}
        for (name, sample, labels), value in self.values.items():
            samples[name].append([sample, dict(labels), value])
        return [[name, said, kind, samples[name]] for name, (said, kind) in self._metrics.items()]


def _sum(one: float, other: float) -> float:
    return one + other
