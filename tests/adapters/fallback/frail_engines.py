"""Engines with faults that a test turns on, by the name of the instance."""

from __future__ import annotations

import os
import signal
import threading
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from adapters.probes import PROBE_TEXT
from engines.registry import GROUP, Registry
from stts.engine_api import Abilities, EngineInfo, ListenParams, Progress, Samples, Segment, SpeechParams, Voice
from tests.fakes import EchoEngine, ToneEngine
from tests.patience import PATIENCE

FAULTS: defaultdict[str, str] = defaultdict(str)
"""Option `id` of an instance -> raise, second, nothing, silence, nan, hang, middle, stall, load; empty: none."""
HEARD: list[tuple[str, str]] = []
"""Calls but for probes, as the option `id` of the instance and its text."""
STARTED = threading.Event()
"""Set by an engine that begins to hang."""
GATE = threading.Event()
"""Gate that hanging engines wait for."""


class FrailOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = ""
    clones: bool = False
    languages: tuple[str, ...] = ("en",)
    dies: str = ""
    """For a child process: before, middle, or in the middle where this file is not there, which it makes."""


class FrailEngine(ToneEngine):
    Options = FrailOptions  # type: ignore[assignment]

    @property
    def _own(self) -> FrailOptions:
        assert isinstance(self.options, FrailOptions)
        return self.options

    @property
    def info(self) -> EngineInfo:
        languages = self._own.languages
        voices = (Voice("anna", "Anna", languages, "female"), Voice("ben", "Ben", languages, "male"))
        abilities = Abilities(cloning=self._own.clones)
        return replace(
            super().info, name="frail", languages=languages, voices=voices, default_voice="anna", abilities=abilities
        )

    def load(self, progress: Progress) -> None:
        if FAULTS[self._own.id] == "load":
            raise OSError("no such model")

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        fault = FAULTS[self._own.id]
        if text != PROBE_TEXT:
            # A probe follows each load, sooner or later.
            HEARD.append((self._own.id, text))
        if self._own.dies == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        if fault == "raise" or (fault == "second" and [name for name, _ in HEARD].count(self._own.id) > 1):
            raise RuntimeError("it broke")
        if fault == "nothing":
            return
        if fault == "silence":
            yield np.zeros(9600, np.float32)
            return
        if fault == "nan":
            yield np.full(1600, np.nan, np.float32)
            return
        if fault == "hang":
            STARTED.set()
            GATE.wait(PATIENCE)
        yield np.full(4800, 0.1, np.float32)
        if self._own.dies == "middle" or _first_time(self._own.dies):
            os.kill(os.getpid(), signal.SIGKILL)
        if fault == "middle":
            raise RuntimeError("it broke half-way")
        if fault == "stall":
            GATE.wait(PATIENCE)
        yield np.full(4800, 0.1, np.float32)


def _first_time(mark: str) -> bool:
    """Makes the file; False where there is none to make."""
    if not mark.startswith("/") or Path(mark).exists():
        return False
    Path(mark).touch()
    return True


class FrailEar(EchoEngine):
    Options = FrailOptions

    def load(self, progress: Progress) -> None:
        assert isinstance(self.options, FrailOptions)
        if FAULTS[self.options.id] == "load":
            raise OSError("no such model")

    def transcribe(self, samples: Samples, params: ListenParams) -> Iterator[Segment]:
        assert isinstance(self.options, FrailOptions)
        fault = FAULTS[self.options.id]
        if fault == "raise":
            raise RuntimeError("it broke")
        if fault == "hang":
            STARTED.set()
            GATE.wait(PATIENCE)
        yield Segment(self.options.id, 0.0, len(samples) / 16_000, language="en")
        if fault == "middle":
            raise RuntimeError("it broke half-way")


def registry() -> Registry:
    targets = {"frail": FrailEngine, "ear": FrailEar}
    return Registry([EntryPoint(name, f"{made.__module__}:{made.__name__}", GROUP) for name, made in targets.items()])
