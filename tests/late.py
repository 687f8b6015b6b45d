"""Conversations in real time on a machine that does not keep time: they say nothing there, and are held once more.

Real ears, voices and browsers compute while somebody speaks. Where they get a third of a core, or less, words come
late, and it is another conversation: a turn is split, an answer begins in the middle of a sentence. A small process of
its own computes a little each second, and tells how long that has taken: nothing that our own processes hold up holds
it up. A test that has failed in such seconds begins anew, once; both of its outcomes are told at the end. One that
fails although the machine kept time has failed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol

from tests.kinds import kinds
from tests.patience import PATIENCE

COMPUTED_SECONDS, PAUSE_SECONDS = 0.02, 0.98
SAMPLER = f"""
import os, select, time
at_work = False
while True:
    if select.select([0], [], [], {PAUSE_SECONDS} if at_work else None)[0]:
        if not (told := os.read(0, 1)):
            break
        at_work = told == b"1"
        continue
    began, used = time.monotonic(), time.process_time()
    while time.process_time() - used < {COMPUTED_SECONDS}:
        pass
    print(began, time.monotonic() - began, flush=True)
"""
"""Works while it is told so, and ends with whoever tells it, however that one ends."""
SLOW = 3.0
"""Times as long as on a core of its own."""
STOOD_SECONDS = 3.0
"""Seconds beyond its pause without a turn for that process: the whole machine stood still."""
HELD = "held once more"


class Machine:
    """How fast a process is here that competes with those of a test."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._told = Path(self._folder.name, "told")
        with self._told.open("a") as told:
            command = [sys.executable, "-c", SAMPLER]
            # In a session of its own: Ctrl-C is for the tests.
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=told, bufsize=0, start_new_session=True
            )

    def go_on(self) -> None:
        self._tell(b"1")

    def rest(self) -> None:
        """Between tests of this kind it takes no time."""
        self._tell(b"0")

    def _tell(self, word: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(word)

    def slowness_since(self, began: float) -> float:
        """Times as long as on a core of its own, in the slowest two seconds in a row since then (monotonic), or while
        the machine stood still."""
        lines = self._told.read_text().rpartition("\n")[0].splitlines()
        read = [(float(at), float(took)) for at, took in map(str.split, lines)]
        samples = [(at, took) for at, took in read if at >= began]
        return max(slowest([took for _, took in samples]), still(began, samples, time.monotonic()))

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._folder.cleanup()


def still(began: float, samples: Sequence[tuple[float, float]], ended: float) -> float:
    """The same of the longest time in which there was no sample; 0.0 where none is missing."""
    ends, begins = [began, *(at + took for at, took in samples)], [*(at for at, _ in samples), ended]
    stood = max(begin - end for end, begin in zip(ends, begins, strict=True)) - PAUSE_SECONDS
    return stood / COMPUTED_SECONDS if stood > STOOD_SECONDS else 0.0


def slowest(took: Sequence[float]) -> float:
    return max((min(pair) for pair in pairwise(took)), default=0.0) / COMPUTED_SECONDS


MACHINE = pytest.StashKey[Machine]()
Reports = Sequence[pytest.TestReport]


def judged(hold: Callable[[], Reports], slowness: Callable[[], float]) -> Reports:
    """Reports of a test, which `hold` runs; of its second run where the first has failed on a slow machine."""
    reports = hold()
    failed = [report for report in reports if report.failed]
    if failed and (times := slowness()) > SLOW:
        reports = hold()
        reports[-1].user_properties.append((HELD, f"{times:.0f} times as slow\n{failed[0].longreprtext}"))
    return reports


def speaks_in_real_time(item: pytest.Item) -> bool:
    """Whether it may: not every one of these does, and one that does not keeps to no time."""
    found = kinds(item)
    return "clients" in found or ("socket" in found and item.get_closest_marker("long") is not None)


@pytest.hookimpl(specname="pytest_runtest_protocol")
def pytest_hold_in_real_time(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    if not speaks_in_real_time(item):
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    if MACHINE not in item.config.stash:
        item.config.stash[MACHINE] = Machine()
    machine, began = item.config.stash[MACHINE], list[float]()

    def hold() -> Reports:
        if began and isinstance(item, pytest.Function):
            item._initrequest()
        began.append(time.monotonic())
        return runtestprotocol(item, nextitem=nextitem, log=False)

    machine.go_on()
    try:
        reports = judged(hold, lambda: machine.slowness_since(began[0]))
    finally:
        machine.rest()
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


@pytest.hookimpl(specname="pytest_sessionfinish")
def pytest_end_machine(session: pytest.Session) -> None:
    if MACHINE in session.config.stash:
        session.config.stash[MACHINE].end()


@pytest.hookimpl(specname="pytest_terminal_summary")
def pytest_tell_of_slow_machines(terminalreporter: pytest.TerminalReporter) -> None:
    found = [
        f"{report.nodeid}, now {report.outcome} ({text})"
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport)
        for name, text in report.user_properties
        if name == HELD
    ]
    if found:
        terminalreporter.section(f"{HELD}, as the machine was slow: {len(found)}")
        terminalreporter.line("\n".join(found))
