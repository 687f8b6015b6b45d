"""Begins traces, and decides which are recorded."""

from __future__ import annotations

import random
from typing import Protocol

from stts.telemetry import names
from stts.telemetry.finished_span import FinishedSpan
from stts.telemetry.parts import Part, Value
from stts.telemetry.spans import Span
from stts.telemetry.traceparent import RemoteSpan
from stts.telemetry.turn import Turns, TurnSpan

SAMPLED_BITS = (1 << 64) - 1
"""Bits of a trace id that decide: those that OpenTelemetry's `traceidratio` looks at, so that other servers agree."""


class Delivery(Protocol):
    """Takes spans that have ended."""

    def __call__(self, span: FinishedSpan) -> None:
        """Returns at once."""
        ...

    def close(self) -> None:
        """Delivers what waits, within a bound. Blocks."""
        ...


class Tracer:
    """One for the server. Spans of all traces go to one delivery."""

    def __init__(self, delivery: Delivery, sample: float) -> None:
        """`sample`: share of the traces that are recorded, where no client has decided."""
        self._delivery = delivery
        self._bound = round(sample * (SAMPLED_BITS + 1))

    def begin(
        self,
        name: str,
        *,
        parent: RemoteSpan | None = None,
        link: RemoteSpan | None = None,
        serves: bool = False,
        began: float | None = None,
    ) -> Span:
        """The first span here of a trace. `parent`: the client's span, which decides whether it is recorded. `link`:
        the client's span where the trace is one of many of its connection."""
        trace_id = parent.trace_id if parent is not None else random.getrandbits(128) or 1
        sampled = parent.sampled if parent is not None else (trace_id & SAMPLED_BITS) < self._bound
        if not sampled:
            return NOT_RECORDED
        return Span(self._delivery, name, trace_id, began=began, remote=parent, serves=serves, link=link)

    def turns(self, link: RemoteSpan | None) -> Turns:
        """Begins the traces of the turns of one connection."""

        def begin(turn: int, began: float) -> TurnSpan:
            return TurnSpan(self.begin(names.TURN, link=link, serves=True, began=began), turn)

        return begin

    def close(self) -> None:
        """Delivers what waits, within a bound. Blocks."""
        self._delivery.close()


class _NotRecorded(Span):
    """All that happens in a trace that is not recorded."""

    recorded = False

    def __init__(self) -> None:
        super().__init__(lambda span: None, "", 0)

    def child(self, name: str, *, began: float | None = None) -> Span:
        return self

    def set(self, name: str, value: Value | None) -> None:
        pass

    def tell(self, attributes: dict[str, Value | None]) -> None:
        pass

    def event(self, name: str, at: float | None = None, attributes: dict[str, Value] | None = None) -> None:
        pass

    def part(
        self,
        name: str,
        began: float,
        ended: float,
        *,
        owner: str = "",
        busy: float | None = None,
        inside: Part | None = None,
    ) -> Part | None:
        return None

    def working(self, engine: str, began: float) -> str | None:
        return None

    def end(self, at: float | None = None, *, failed: bool = False) -> None:
        pass

    def drop(self) -> None:
        pass


NOT_RECORDED = _NotRecorded()
