"""Spans while they go on; `finished_span.py` has them as they are exported.

A span is carried by whoever works for it (`RequestContext.span`), never by a context variable: an async generator runs
in the context of its consumer, where a variable would leak into what the consumer does next.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from stts.telemetry import names
from stts.telemetry.finished_span import FinishedSpan, SpanEvent
from stts.telemetry.parts import Part, Value, new_span_id
from stts.telemetry.traceparent import RemoteSpan, write_traceparent

OwnTimes = tuple[float, float, float, int]
"""When the work of an engine's own process began and ended, its seconds of work, and the calls that it made at once."""
Sink = Callable[[FinishedSpan], None]
"""Takes a span that has ended, and returns at once."""


class Span:
    """Something that goes on. Used on the event loop; times are `time.perf_counter()` seconds, None: now.

    It is told to end, and has ended when its children have: so children lie inside their parents, but for late ones.
    """

    recorded = True
    """False in a trace that is not sampled: nothing of it is kept."""

    def __init__(
        self,
        sink: Sink,
        name: str,
        trace_id: int,
        *,
        began: float | None = None,
        parent: Span | None = None,
        remote: RemoteSpan | None = None,
        serves: bool = False,
        link: RemoteSpan | None = None,
    ) -> None:
        """`remote`: the client's span that is its parent. `link`: the client's span where that is no parent."""
        now = time.perf_counter()
        self._sink = sink
        self._name = name
        self._parent = parent
        self._parent_id = parent.span_id if parent is not None else remote.span_id if remote is not None else None
        self._serves = serves
        self._link = link
        # The same for all of a trace, so that a clock that is set meanwhile moves nothing in it.
        self._epoch: float = parent._epoch if parent is not None else time.time() - now
        self._attributes: dict[str, Value] = {}
        self._events: list[SpanEvent] = []
        self._parts: dict[tuple[str, str], Part] = {}
        """By name and owner."""
        self._children = 0
        self._last = 0.0
        """End of the child that ended last."""
        self._failed = False
        self._dropped = False
        self._exported = False
        self.trace_id = trace_id
        self.span_id: int = new_span_id()
        self.began = now if began is None else began
        self.ended: float | None = None
        """When it was told to end."""

    @property
    def trace(self) -> str:
        """The id of its trace, as logs and receivers write it."""
        return f"{self.trace_id:032x}"

    def child(self, name: str, *, began: float | None = None) -> Span:
        """A child that begins after its parent was exported cannot lie inside; it lies behind it, and says so."""
        self._children += 1
        began = None if began is None else max(began, self.began)
        child = Span(_nowhere if self._dropped else self._sink, name, self.trace_id, began=began, parent=self)
        child.set(names.LATE, self._exported or None)
        return child

    def set(self, name: str, value: Value | None) -> None:
        """Sets an attribute, unless there is nothing to say."""
        if value is not None:
            self._attributes[name] = value

    def tell(self, attributes: dict[str, Value | None]) -> None:
        """Sets those attributes of which there is something to say."""
        self._attributes.update({name: value for name, value in attributes.items() if value is not None})

    def event(self, name: str, at: float | None = None, attributes: dict[str, Value] | None = None) -> None:
        self._events.append(SpanEvent(name, self._ns(time.perf_counter() if at is None else at), attributes or {}))

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
        """Adds to the part of this name, which becomes one span, however many pieces it is done in.

        `owner`: name of the engine that did it. `busy`: seconds of work in it, where it is not all of its time.
        `inside`: the part that it lies in. None where the span has ended.
        """
        if self.ended is not None:
            return None
        if inside is not None:
            began, ended = min(max(began, inside.began), inside.ended), min(ended, inside.ended)
        began = max(began, self.began)
        ended = max(began, ended)
        part = self._part(name, owner, began, inside)
        part.add(began, ended, ended - began if busy is None else busy)
        return part

    def _part(self, name: str, owner: str, began: float, inside: Part | None = None) -> Part:
        if (part := self._parts.get((name, owner))) is None:
            part = self._parts[name, owner] = Part(name, owner, began, began, inside)
        return part

    def working(self, engine: str, began: float) -> str | None:
        """Begins a call of an engine: returns its span as `traceparent` names it, for whoever makes the call. None
        where nothing of it is kept."""
        if self.ended is not None:
            return None
        return write_traceparent(self.trace_id, self._part(names.ENGINE, engine, max(began, self.began)).span_id)

    def waited(self, began: float) -> None:
        """Adds a wait for a slot of an engine that is over now."""
        self.part(names.QUEUE, began, time.perf_counter())

    def worked(self, engine: str, began: float, own: OwnTimes | None, error: str | None = None) -> None:
        """Adds a call of an engine that is over now. `own`: times that the engine's own process tells. `error`: the
        machine code of what it failed with."""
        part = self.part(names.ENGINE, began, time.perf_counter(), owner=engine)
        if part is None:
            return
        part.error = error or part.error
        if own is not None:
            began, ended, busy, together = own
            process = self.part(names.ENGINE_PROCESS, began, ended, owner=engine, busy=busy, inside=part)
            if process is not None:
                process.together = max(process.together, together)

    def encoded(self, began: float, ended: float, busy: float) -> None:
        """Adds the encoding of an answer, with the seconds of work in it."""
        self.part(names.ENCODE, began, ended, busy=busy)

    def fell_back(self, engine: str, code: str) -> None:
        """Says that an engine went no further, by the code of its error, and that another is asked now."""
        self.event(names.FELL_BACK, attributes={names.ENGINE_NAME: engine, names.ERROR: code})

    def ran_dry(self, times: int) -> None:
        """Adds to how often a listener had nothing to hear: each engine of an answer tells its own."""
        told = self._attributes.get(names.UNDERRUNS, 0)
        assert isinstance(told, int)
        self.set(names.UNDERRUNS, told + times or None)

    def detected(self, began: float) -> None:
        """Adds a search for speech in a recording that is over now."""
        self.part(names.DETECTION, began, time.perf_counter())

    def end(self, at: float | None = None, *, failed: bool = False) -> None:
        """Ends it, once; it is exported when its children have ended too."""
        if self.ended is None:
            self.ended = time.perf_counter() if at is None else max(at, self.began)
            self._failed = failed
            self._export()

    def drop(self) -> None:
        """Ends it, and exports nothing of it unless it has had children."""
        self._dropped = not (self._children or self._last)
        self.end()

    def _export(self) -> None:
        if self.ended is None or self._children or self._exported:
            return
        self._exported = True
        self.ended = max(self.ended, self._last)
        if not self._dropped:
            self._sink(self._finished())
            for part in self._parts.values():
                self._sink(self._finished_part(part, self.ended))
        if self._parent is not None:
            self._parent._child_ended(self.ended)
            self._parent = None

    def _child_ended(self, at: float) -> None:
        self._children -= 1
        self._last = max(self._last, at)
        self._export()

    def _finished(self) -> FinishedSpan:
        assert self.ended is not None
        return FinishedSpan(
            self._name,
            self.trace_id,
            self.span_id,
            self._parent_id,
            self._ns(self.began),
            self._ns(self.ended),
            self._attributes,
            tuple(self._events),
            self._failed,
            self._serves,
            self._link,
        )

    def _finished_part(self, part: Part, latest: float) -> FinishedSpan:
        return FinishedSpan(
            part.name,
            self.trace_id,
            part.span_id,
            part.inside.span_id if part.inside is not None else self.span_id,
            self._ns(min(part.began, latest)),
            self._ns(min(part.ended, latest)),
            part.attributes(),
            (),
            part.error is not None,
        )

    def _ns(self, at: float) -> int:
        return int((self._epoch + at) * 1e9)


def _nowhere(span: FinishedSpan) -> None:
    """Takes what is not kept."""
