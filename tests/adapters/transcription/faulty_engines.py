"""Engines that listen, each with a fault that can be turned on.

A child imports this module when it starts, so it imports little.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from stts.engine_api import (
    EngineInfo,
    EngineLimits,
    ListenParams,
    Progress,
    Samples,
    Segment,
    STTEngine,
    VADEngine,
    Word,
)
from tests import fakes
from tests.patience import PATIENCE

GATE = threading.Event()
"""Gate that a batch engine waits for."""


class BatchEngine(fakes.EchoEngine):
    """Hears a word a second, of at most ten; keeps what it was given."""

    given: list[int]
    likely: list[str | None]
    """The language before, as it was told."""
    fault = ""
    """fail, nothing"""

    @property
    def info(self) -> EngineInfo:
        return replace(super().info, name="batch", limits=EngineLimits(max_seconds=10.0))

    def load(self, progress: Progress) -> None:
        self.given, self.likely = [], []

    def transcribe(self, samples: Samples, params: ListenParams) -> Iterator[Segment]:
        assert len(samples) <= 160_000
        self.given.append(len(samples))
        self.likely.append(params.likely_language)
        assert GATE.wait(PATIENCE)
        if self.fault == "fail":
            raise ValueError("what the user said")
        if self.fault != "nothing":
            yield from super().transcribe(samples, params)


class ShortOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    short_seconds: float = 9.0
    """Longest audio of a short window."""
    wrong: tuple[str, ...] = ()
    """Looks that hear nonsense: `short`, `whole`."""
    lost_after: float = 60.0
    """Seconds from which on guesses are nonsense."""
    fails: bool = False
    """Raises in the whole window."""


class ShortEngine(BatchEngine):
    """Hears in short windows; keeps how it was asked for words that stand."""

    Options = ShortOptions
    looks: list[str]

    @property
    def _own(self) -> ShortOptions:
        assert isinstance(self.options, ShortOptions)
        return self.options

    @property
    def info(self) -> EngineInfo:
        limits = EngineLimits(max_seconds=10.0, short_window_seconds=self._own.short_seconds)
        return replace(super().info, name="short", limits=limits)

    def load(self, progress: Progress) -> None:
        super().load(progress)
        self.looks = []

    def transcribe(self, samples: Samples, params: ListenParams) -> Iterator[Segment]:
        look = "guess" if params.interim else "whole" if params.whole_window else "short"
        if look != "guess":
            self.looks.append(look)
        if look == "whole" and self._own.fails:
            raise ValueError("what the user said")
        for segment in super().transcribe(samples, params):
            lost = look in self._own.wrong or (look == "guess" and segment.end > self._own.lost_after)
            yield replace(segment, text="thank you very much") if lost else segment


class FaultyOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    fault_at: float = 0.0
    """Loudness that sets the fault off."""
    fault: str = ""
    """fail, hang, die"""
    hanging: str = ""
    """Path of a file that is made when it hangs."""
    process: bool = False
    longest: float = 30.0
    """Seconds heard at once."""


class FaultyEngine(fakes.LiveEchoEngine):
    """Has two live streams, and a fault when it hears something loud."""

    Options = FaultyOptions

    @property
    def info(self) -> EngineInfo:
        assert isinstance(self.options, FaultyOptions)
        limits = EngineLimits(live_sessions=2, max_seconds=self.options.longest)
        return replace(
            super().info, name="faulty", limits=limits, runs_in="process" if self.options.process else "inline"
        )

    def hear(self, samples: Samples) -> str:
        assert isinstance(self.options, FaultyOptions)
        if np.abs(samples).max(initial=0.0) > 0.9:
            match self.options.fault:
                case "fail":
                    raise ValueError("what the user said")
                case "hang":
                    Path(self.options.hanging).touch()
                    time.sleep(PATIENCE)
                case "die":
                    os._exit(3)
        return super().hear(samples)


class AttentiveOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    places: int = 1


class AttentiveEngine(fakes.LiveEchoEngine):
    """Hears a word in every sound, at its time; remembers what it was given of each part."""

    Options = AttentiveOptions

    given: ClassVar[list[Samples]] = []
    """Audio given to all instances, part by part."""
    _part: Samples = np.zeros(0, np.float32)

    @property
    def info(self) -> EngineInfo:
        assert isinstance(self.options, AttentiveOptions)
        limits = EngineLimits(max_seconds=30.0, live_sessions=self.options.places)
        return replace(super().info, name="attentive", limits=limits)

    def begin(self, params: ListenParams) -> None:
        self._part = self._part[:0]

    def hear(self, samples: Samples) -> str:
        self._part = np.concatenate((self._part, samples))
        return " ".join(word.text for word in self._words())

    def end(self) -> list[Segment]:
        words = self._words()
        self.given.append(self._part)
        self._part = self._part[:0]
        if not words:
            return []
        text = " ".join(word.text for word in words)
        return [Segment(text, words[0].start, words[-1].end, words, language="en")]

    def _words(self) -> tuple[Word, ...]:
        """Sounds are told apart by their loudness: one of 0.5 is `word500`."""
        loud = np.concatenate(([0], np.abs(self._part) > 0.01, [0])).astype(np.int8)
        edges = np.flatnonzero(np.diff(loud)).reshape(-1, 2)
        return tuple(
            Word(f"word{round(float(self._part[begin]) * 1000)}", begin / 16_000, end / 16_000) for begin, end in edges
        )


class LoudEngine(VADEngine):
    """Takes all that is loud for speech."""

    fault: ClassVar[bool] = False

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(name="loud", kind="vad", description="For tests")

    def load(self, progress: Progress) -> None:
        progress("listening", 1.0)

    def new_state(self) -> NDArray[np.float32]:
        return np.zeros(1, np.float32)

    def probabilities(
        self, frames: NDArray[np.float32], states: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        if self.fault:
            raise ValueError("what the user said")
        return np.where(np.abs(frames).max(axis=1) > 0.1, 0.9, 0.05).astype(np.float32), states


class DeafEngine(STTEngine):
    """Says that it listens live, and cannot load."""

    @property
    def info(self) -> EngineInfo:
        return replace(fakes.LiveEchoEngine().info, name="deaf", limits=EngineLimits(live_sessions=1))

    def load(self, progress: Progress) -> None:
        raise OSError("no ears")

    def transcribe(self, samples: Samples, params: ListenParams) -> Iterator[Segment]:
        return iter(())
