"""The command `stts`: until its help stands there, and until a server that runs has spoken into a file."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.result import Row, quantile
from benchmarks.server import ROOT, running

RUNS = 20
REACH_HELP, REACH_SAY = 0.25, 0.5
PROGRAM = (sys.executable, "-m", "clients.cli")


class Runs(NamedTuple):
    seconds: float
    cpu_seconds: float
    """Processor time of the command itself."""


def run() -> list[Row]:
    shown = _timed("--help")
    with running() as server, tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "x.wav"
        say = ("--server", f"http://127.0.0.1:{server.port}", "say", "hi", "-o", str(target))
        _timed(*say, runs=1)
        said = _timed(*say)
    return [
        _row("`stts --help`: p50", REACH_HELP, shown, "help"),
        _row("`stts say hi -o x.wav`, server running: p50", REACH_SAY, said, "say"),
    ]


def _timed(*arguments: str, runs: int = RUNS) -> Runs:
    """Medians of so many runs."""
    seconds, cpu = [], []
    for _ in range(runs):
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run([*PROGRAM, *arguments], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - started)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return Runs(quantile(seconds, 0.5), quantile(cpu, 0.5))


def _row(what: str, reach: float, runs: Runs, name: str) -> Row:
    return Row(
        what,
        f"< {reach} s",
        f"{runs.seconds:.2f} s ({runs.cpu_seconds:.2f} s of processor time)",
        runs.seconds < reach,
        {f"{name}_s": runs.seconds, f"{name}_cpu_s": runs.cpu_seconds},
    )
