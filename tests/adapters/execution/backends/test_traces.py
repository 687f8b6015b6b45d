"""The trace of a call goes to the process of its engine, and its times come back: of each call, also of those that are
made together."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from structlog.testing import capture_logs

from adapters.execution.backends.backend import Backend, OwnWork
from adapters.execution.backends.batching import BatchingBackend
from adapters.execution.backends.process import ProcessBackend
from adapters.execution.backends.trace_context import mark, read_mark
from adapters.execution.backends.wire import WorkerSpec
from adapters.execution.values import params_fields
from stts.engine_api import ListenParams
from stts.telemetry.traceparent import write_traceparent
from tests.adapters.execution.ear_script import LIMITS
from tests.patience import PATIENCE

pytestmark = pytest.mark.socket

EAR = "tests.adapters.execution.ear_script:EarScript"
FIELDS = params_fields(ListenParams())


def traceparent(number: int) -> str:
    return write_traceparent(number, number)


def trace_id(number: int) -> str:
    return f"{number:032x}"


def heard(backend: Backend, number: int, *traces: int) -> str:
    """The ear is asked for these traces what it makes of a number."""
    backend.begin_call([traceparent(each) for each in traces])
    (segment,) = backend.call("transcribe", (np.array([number], np.float32), FIELDS))
    assert isinstance(segment, dict)
    return str(segment["text"])


def quoted(lines: list[Any]) -> list[tuple[str, str | None]]:
    """The numbers in the lines of an ear, with the trace that each line carries."""
    return [(str(line["line"]).split()[3], line.get("trace_id")) for line in lines if line["event"] == "engine_output"]


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    return tmp_path / "gate"


@pytest.fixture
def process(gate: Path) -> Iterator[ProcessBackend]:
    backend = ProcessBackend("ear", lambda: WorkerSpec(Path(sys.executable), EAR, {"gate": str(gate)}))
    backend.load(lambda step, part: None)
    yield backend
    backend.unload()


def test_a_process_knows_the_trace_of_each_call_and_its_lines_carry_it(
    process: ProcessBackend, gate: Path, leaves_nothing: None
) -> None:
    gate.touch()
    with capture_logs() as lines:
        assert heard(process, 1, 0xA) == traceparent(0xA)
        assert heard(process, 2) == "none" and process.own_work is None
        assert heard(process, 3, 0xB) == heard(process, 4, 0xB) == traceparent(0xB)
        process.unload()
    assert quoted(lines) == [("1", trace_id(0xA)), ("2", None), ("3", trace_id(0xB)), ("4", trace_id(0xB))]
    assert not any("\x1e" in str(line) for line in lines)


class Asking:
    """One seat, and a thread that waits for its answer."""

    def __init__(self, backend: BatchingBackend, number: int) -> None:
        self.seat = backend.seat()
        self.text = ""
        self._number = number
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()

    def _ask(self) -> None:
        self.text = heard(self.seat, self._number, self._number)

    def wait(self) -> OwnWork:
        self._thread.join(PATIENCE)
        assert self.text and self.seat.own_work is not None
        return self.seat.own_work


def test_calls_that_are_made_together_have_times_of_their_own(
    process: ProcessBackend, gate: Path, leaves_nothing: None
) -> None:
    backend = BatchingBackend(process, LIMITS)
    backend.load(lambda step, part: None)
    began = time.perf_counter()
    with capture_logs() as lines:
        first = Asking(backend, 1)
        while not backend._running:
            pass
        others = [Asking(backend, number) for number in (2, 3)]
        while len(backend._waiting) < len(others):
            pass
        gate.touch()
        alone, second, third = (each.wait() for each in (first, *others))
        backend.unload()
    assert (alone.together, second.together, third.together) == (1, 2, 2)
    # The last of them was done first.
    assert began < alone.began < alone.ended <= third.began < third.ended < second.ended < time.perf_counter()
    assert second.began == third.began and 0 < third.busy < second.busy <= second.ended - second.began
    assert [each.text for each in (first, *others)] == [traceparent(1), "none", "none"]
    both = {f"{trace_id(2)},{trace_id(3)}", f"{trace_id(3)},{trace_id(2)}"}
    assert sorted(number for number, _ in quoted(lines)) == ["1", "2", "3"]
    assert {trace for number, trace in quoted(lines) if number != "1"} <= both


@pytest.mark.parametrize("traces", [[], [traceparent(7)], [traceparent(7), traceparent(8)]])
def test_marks_are_read_again(traces: list[str]) -> None:
    before, line, after = mark(traces).split(b"\n")
    assert (before, after) == (b"", b"") and read_mark(line) == ",".join(each.split("-")[1] for each in traces)


@pytest.mark.parametrize("line", [b"", b"words", b"\x1ewords of a user", b"\x1e" + b"A" * 32, b" \x1e"])
def test_what_is_no_mark(line: bytes) -> None:
    assert read_mark(line) is None
