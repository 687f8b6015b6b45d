"""The history of all workers of a server: minutes of the others, as plain values."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import cast

from stts.analytics.cause import Cause
from stts.analytics.histogram import Histogram
from stts.analytics.history import History, Slow, Tally
from stts.analytics.record import Labels
from stts.peers.line import Plain
from stts.peers.link import Peers

MINUTES_AT_ONCE = 30
"""Minutes of one question, so that no answer keeps an event loop for long."""
ANSWER_SECONDS = 2.0
TIMES = ("queue", "load", "first_item", "total")
SUMS = ("operations", "completed", "cancelled", "audio_seconds", "characters", "bytes", "background")


class SharedHistory:
    """One for a worker: tells the others its minutes, and asks for theirs."""

    def __init__(self, peers: Peers, history: History) -> None:
        self._peers = peers
        self._history = history
        history.others = self.minutes
        peers.on("history", self._tell)

    async def minutes(self, first: int, last: int) -> AsyncIterator[tuple[int, Labels, Tally]]:
        """Gives what the others have of these minutes; of those that do not answer, nothing."""
        for start in range(first, last + 1, MINUTES_AT_ONCE):
            asked = [start, min(last, start + MINUTES_AT_ONCE - 1)]
            for minutes in await self._peers.ask_others("history", asked, ANSWER_SECONDS):
                for number, labels, tally in minutes or ():
                    yield number, Labels(*labels), from_plain(tally)

    def _tell(self, value: Plain) -> Plain:
        first, last = value
        return [
            [minute.number, labels, to_plain(tally)]
            for minute in self._history.kept(first, last)
            for labels, tally in minute.series.items()
        ]


def to_plain(tally: Tally) -> Plain:
    """A tally as plain values."""
    return {
        **{name: getattr(tally, name) for name in SUMS},
        **{name: list(getattr(tally, name).counts.items()) for name in TIMES},
        "errors": tally.errors,
        "slow": {why: [slow.count, slow.longest] for why, slow in tally.slow.items()},
    }


def from_plain(value: Plain) -> Tally:
    """The tally that `to_plain` has written."""
    tally = Tally(**{name: value[name] for name in SUMS}, errors=dict(value["errors"]))
    tally.slow = {cast(Cause, why): Slow(count, longest) for why, (count, longest) in value["slow"].items()}
    for name in TIMES:
        histogram: Histogram = getattr(tally, name)
        histogram.counts = dict(value[name])
    return tally
