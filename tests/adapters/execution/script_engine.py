"""Engines that do what the text they are given says, in a thread or in a child process.

A child imports this module when it starts, so it imports little.
"""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from stts.engine_api import (
    EngineInfo,
    EngineLimits,
    Place,
    Progress,
    Samples,
    SpeechParams,
    TTSEngine,
    VADEngine,
    Voice,
)
from stts.errors import InvalidParameter
from tests.engines.environments.package_index import LINES, VOICE_MODULE
from tests.patience import PATIENCE

VOICE = Voice("any")

GATES: defaultdict[str, threading.Event] = defaultdict(threading.Event)
"""Gates that engines in this process wait for; by name, so that tests do not share them."""
LOG: list[str] = []
"""Actions of the engines in this process; emptied before each test."""


class ScriptOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    concurrency: int = 1
    batch: int = 1
    place: Place = "inline"
    spare: bool = False
    missing: bool = False
    """The engine needs a package that only an environment of its own has."""
    load: str = ""
    """A script for `load()`."""
    device: str = "auto"


class ForeignError(Exception):
    """An error of an unknown library."""


class OwnRefusal(InvalidParameter):
    """An error that a plug-in adds to the tree."""


class ScriptEngine(TTSEngine):
    """The text is a list of steps: `count 3; wait gate; raise; hang; pid; print; exit; kill; big 1000`."""

    Options = ScriptOptions

    @property
    def info(self) -> EngineInfo:
        assert isinstance(self.options, ScriptOptions)
        return EngineInfo(
            name="script",
            kind="tts",
            description="For tests",
            voices=(VOICE,),
            level=-20.0,
            limits=EngineLimits(
                concurrency=self.options.concurrency, batch=self.options.batch, spare=self.options.spare
            ),
            runs_in=self.options.place,
            requirements=LINES,
            packages=(VOICE_MODULE,) if self.options.missing else (),
            install="pip install script",
        )

    def load(self, progress: Progress) -> None:
        assert isinstance(self.options, ScriptOptions)
        LOG.append("load")
        progress("reading", 0.5)
        for step in self.options.load.split(";"):
            if step.strip().startswith("step "):
                progress(step.strip()[5:], None)
                continue
            for _ in follow(step):
                pass

    def unload(self) -> None:
        LOG.append("unload")

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        LOG.append(f"begin {text}")
        try:
            yield from follow(text)
        finally:
            LOG.append(f"end {text} in {threading.current_thread().name}")


def follow(script: str) -> Iterator[Samples]:
    for step in filter(None, script.split(";")):
        verb, _, rest = step.strip().partition(" ")
        yield from STEPS[verb](rest)


def numbers(*values: float) -> Samples:
    return np.array(values, np.float32)


def count(rest: str) -> Iterator[Samples]:
    for number in range(int(rest)):
        LOG.append(f"item {number}")
        yield numbers(number)


def wait(rest: str) -> Iterator[Samples]:
    assert GATES[rest].wait(PATIENCE)
    return iter(())


def hang(rest: str) -> Iterator[Samples]:
    threading.Event().wait(PATIENCE)
    return iter(())


def sleep(rest: str) -> Iterator[Samples]:
    time.sleep(float(rest))
    return iter(())


def pid(rest: str) -> Iterator[Samples]:
    # As two numbers: float32 has too few digits for one.
    yield numbers(os.getpid() // 1000, os.getpid() % 1000)


def big(rest: str) -> Iterator[Samples]:
    yield np.arange(int(rest), dtype=np.float32)


def raise_(rest: str) -> Iterator[Samples]:
    kinds: dict[str, Callable[[], BaseException]] = {
        "": lambda: ForeignError("the words of the user"),
        "memory": MemoryError,
        "own": lambda: OwnRefusal("not this", param="voice", allowed=["that"]),
        "missing": lambda: ModuleNotFoundError("No module named 'script'"),
        "file": lambda: FileNotFoundError("/weights"),
        "exit": lambda: SystemExit(3),
    }
    raise kinds[rest]()


def print_(rest: str) -> Iterator[Samples]:
    print("noise from Python", flush=True)  # noqa: T201 - what libraries do
    os.write(1, b"noise from C\n")
    sys.stdout.flush()
    return iter(())


def exit_(rest: str) -> Iterator[Samples]:
    os._exit(7)


def kill(rest: str) -> Iterator[Samples]:
    os.kill(os.getpid(), signal.SIGKILL)
    hang("")
    return iter(())


def kill_once(rest: str) -> Iterator[Samples]:
    """Kills its process unless the file is there, which it makes first."""
    if not Path(rest).exists():
        Path(rest).touch()
        yield from kill("")


def spawn(rest: str) -> Iterator[Samples]:
    """Starts a process that stays, in another's memory, as libraries do; its number goes into this file."""
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    Path(rest).write_text(str(subprocess.Popen(command, close_fds=False).pid))
    return iter(())


def say_aloud(rest: str) -> Iterator[Samples]:
    """Prints this, and some of what a dying process leaves."""
    for line in (rest, '  File "/engine.py", line 3 in speak', "\x1b[31mFatal Python error: Segmentation fault\x1b[0m"):
        os.write(2, f"{line}\n".encode())
    return iter(())


def flood(rest: str) -> Iterator[Samples]:
    os.write(1, b"x" * 100 * 65_536)
    for number in range(1000):
        os.write(2, b"%d\n" % number)
    return iter(())


def version(rest: str) -> Iterator[Samples]:
    """The version of a package that only an environment of its own has."""
    yield numbers(float(importlib.import_module(VOICE_MODULE).VERSION))


def once(rest: str) -> Iterator[Samples]:
    """Fails when the file is there; makes it. So that a second try goes well, or the other way round."""
    path = Path(rest)
    if not path.exists():
        path.touch()
        raise ForeignError("the first time")
    return iter(())


def mark(rest: str) -> Iterator[Samples]:
    """Leaves a file in this folder, named after the process: so many have come so far."""
    Path(rest, str(os.getpid())).touch()
    return iter(())


def unpicklable(rest: str) -> Iterator[Any]:
    yield threading.Lock()


def stdin(rest: str) -> Iterator[Samples]:
    yield numbers(len(sys.stdin.read()))


STEPS: dict[str, Callable[[str], Iterator[Samples]]] = {
    "count": count,
    "wait": wait,
    "hang": hang,
    "sleep": sleep,
    "pid": pid,
    "big": big,
    "raise": raise_,
    "print": print_,
    "exit": exit_,
    "kill": kill,
    "once": once,
    "version": version,
    "kill_once": kill_once,
    "spawn": spawn,
    "say": say_aloud,
    "flood": flood,
    "mark": mark,
    "unpicklable": unpicklable,
    "stdin": stdin,
}


class VADScript(VADEngine):
    """Takes the mean of a frame for the probability of speech, and counts frames in its state."""

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(name="vad_script", kind="vad", description="For tests", runs_in="process")

    def load(self, progress: Progress) -> None:
        pass

    def new_state(self) -> NDArray[np.float32]:
        return np.zeros(3, np.float32)

    def probabilities(
        self, frames: NDArray[np.float32], states: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        return frames.mean(axis=1), states + 1
