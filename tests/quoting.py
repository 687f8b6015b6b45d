"""An engine that quotes what it is given, wherever it can: in what it prints, what it logs and what it raises."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from dataclasses import replace

from pydantic import Field

from stts.engine_api import EngineInfo, Samples, SpeechParams, Voice
from tests.fakes import ToneEngine, ToneOptions


class QuotingOptions(ToneOptions):
    prints: bool = Field(default=False)
    """For a child process: what an engine inside the server prints is no line of the server's."""


class QuotingEngine(ToneEngine):
    Options = QuotingOptions

    @property
    def info(self) -> EngineInfo:
        return replace(super().info, name="quoting")

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        assert isinstance(self.options, QuotingOptions)
        if self.options.prints:
            sys.stdout.write(f"speaking {text}\n")
            sys.stdout.flush()
        logging.getLogger("quoting").debug("speaking %s", text)
        if "explode" in text:
            raise ValueError(f"cannot speak {text!r}")
        yield from super().synthesize(text, voice, params)
