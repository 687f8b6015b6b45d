"""An engine whose process dies of what it is given; a child imports this module at its start, so it imports little."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from stts.engine_api import EngineInfo, EngineLimits, Samples, SpeechParams, Voice
from tests.fakes import ToneEngine
from tests.patience import PATIENCE


class MortalEngine(ToneEngine):
    """A tone whose process dies of `Die <file>.` where that file is not there yet, and of `Always.`; `Wait <file>.` is
    spoken when that file is there."""

    @property
    def info(self) -> EngineInfo:
        limits = EngineLimits(concurrency=1)
        return replace(super().info, name="mortal", limits=limits, real_time_factor=0.0001, runs_in="process")

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        if text.startswith("Die"):
            mark = Path(text.removeprefix("Die ").rstrip("."))
            if not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        if text.startswith("Wait"):
            mark = Path(text.removeprefix("Wait ").rstrip("."))
            for _ in range(int(PATIENCE / 0.01)):
                if mark.exists():
                    break
                time.sleep(0.01)
        if text.startswith("Always"):
            os.kill(os.getpid(), signal.SIGKILL)
        yield from super().synthesize(text, voice, params)
