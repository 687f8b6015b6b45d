"""PocketSphinx: small, offline, US English; recognises clear speech as it comes, at a tenth of real time.

One decoder is one stream and holds the interpreter lock while it works, so every decoder has a child process. Each
region is recognised as if it were the first: what the noise filter learnt from one must not colour another's words.

Live, the second of its three passes is left out, for it begins when the speaker has ended and would take 100 ms; the
third, the best path through what was considered, costs little and mends most of what the second would have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from stts.audio.wav import to_pcm
from stts.engine_api import (
    Abilities,
    EngineInfo,
    EngineLimits,
    ListenParams,
    Progress,
    Samples,
    Segment,
    STTEngine,
    Word,
    word_tokens,
)
from stts.errors import EngineError, EngineLoadFailed

PACKAGE = "pocketsphinx"
SILENCE_PEAK = 0.001
"""-60 dBFS. Below it the decoder would make words of nothing."""
SHORTEST = 1600
"""Samples; no word is shorter."""
LONGEST_SECONDS = 2.0
"""No word lasts longer; what does is noise."""

_FILLER = re.compile(r"<.*>|\[.*\]|\+\+.*\+\+")
"""Silence, sentence marks and noises among the recognised words."""
_ALTERNATE = re.compile(r"\(\d+\)$")
"""Tells pronunciations of a word apart: `and(2)`."""


class PocketSphinxOptions(BaseModel):
    """Without paths: the US English model that comes inside the package."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    acoustic_model: Path | None = Field(default=None, description="Folder of an acoustic model (`hmm`).")
    language_model: Path | None = Field(default=None, description="File of a language model (`lm`).")
    dictionary: Path | None = Field(default=None, description="File of a pronunciation dictionary (`dict`).")
    language: str = Field(default="en-US", description="BCP 47 tag of the model.")
    decoders: int = Field(default=2, ge=1, le=64, description="Regions recognised at once; 91 MB each.")
    live_decoders: int = Field(default=4, ge=1, le=64, description="Live streams at once; 91 MB each.")

    def paths(self) -> dict[str, str]:
        """Model paths by the library's own parameter names."""
        named = {"hmm": self.acoustic_model, "lm": self.language_model, "dict": self.dictionary}
        return {name: str(path) for name, path in named.items() if path is not None}


class PocketSphinxEngine(STTEngine):
    Options = PocketSphinxOptions
    options: PocketSphinxOptions

    _decoder: Any = None
    _for_live: bool = False
    """True if the decoder was made for live audio. A process does one or the other, and holds one decoder."""
    _hearing: bool = False
    """True while an utterance is open in the decoder."""
    _params: ListenParams = ListenParams()
    _loudest: float = 0.0
    """Peak amplitude since `begin` or `end`."""
    _heard: int = 0
    """Samples since then."""

    @cached_property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name="pocketsphinx",
            kind="stt",
            description="PocketSphinx: small and offline, for clear US English",
            languages=(self.options.language,),
            abilities=Abilities(word_times=True, live=True, logprobs=True),
            limits=EngineLimits(
                max_seconds=30.0, concurrency=self.options.decoders, live_sessions=self.options.live_decoders
            ),
            runs_in="process",
            packages=(PACKAGE,),
            install="pip install -r requirements/pocketsphinx.txt",
            licence="BSD-2-Clause; model: BSD-2-Clause",
            maker="CMU Sphinx",
            homepage="https://github.com/cmusphinx/pocketsphinx",
        )

    def weights_present(self) -> bool:
        return all(Path(path).exists() for path in self.options.paths().values())

    def load(self, progress: Progress) -> None:
        self.require_installed()
        if not self.weights_present():
            raise EngineLoadFailed("A path in engines.options.pocketsphinx does not exist.")
        self._make(live=False)
        progress("ready", 1.0)

    def unload(self) -> None:
        self._decoder = None
        self._hearing = False

    def transcribe(self, samples: Samples, params: ListenParams) -> Iterator[Segment]:
        self._require(live=False)
        if len(samples) < SHORTEST or np.abs(samples).max() < SILENCE_PEAK:
            return
        self._decoder.reinit_feat()
        self._open()
        try:
            self._decoder.process_raw(to_pcm(samples), full_utt=True)
        finally:
            self._close()
        yield from self._segments(params)

    def begin(self, params: ListenParams) -> None:
        self._require(live=True)
        self._close()
        self._decoder.reinit_feat()
        self._params = params
        self._start()

    def hear(self, samples: Samples) -> str:
        self._require(live=True)
        if not self._hearing:
            self._start()
        self._heard += len(samples)
        self._loudest = max(self._loudest, float(np.abs(samples).max(initial=0.0)))
        if len(samples):
            self._decoder.process_raw(to_pcm(samples))
        return "" if self._loudest < SILENCE_PEAK else _text(self._words())

    def end(self) -> Sequence[Segment]:
        self._require(live=True)
        self._close()
        heard, self._heard = self._heard, 0
        if heard < SHORTEST or self._loudest < SILENCE_PEAK:
            return ()
        return tuple(self._segments(self._params))

    def _require(self, *, live: bool) -> None:
        if self._decoder is None:
            raise EngineError("pocketsphinx is not loaded.")
        if live is not self._for_live:
            self._make(live=live)

    def _make(self, *, live: bool) -> None:
        import pocketsphinx

        self._decoder, self._hearing = None, False
        try:
            self._decoder = pocketsphinx.Decoder(loglevel="FATAL", fwdflat=not live, **self.options.paths())
        except (RuntimeError, ValueError) as error:
            raise EngineLoadFailed("PocketSphinx could not read its model.") from error
        self._for_live = live

    def _start(self) -> None:
        self._loudest, self._heard = 0.0, 0
        self._open()

    def _open(self) -> None:
        self._close()
        self._decoder.start_utt()
        self._hearing = True

    def _close(self) -> None:
        if self._hearing:
            self._hearing = False
            self._decoder.end_utt()

    def _segments(self, params: ListenParams) -> Iterator[Segment]:
        words = self._words()
        if words:
            yield Segment(
                text=_text(words),
                start=words[0].start,
                end=words[-1].end,
                words=words if params.word_timestamps else (),
                language=self.options.language,
                likely=word_tokens(words) if params.logprobs else (),
            )

    def _words(self) -> tuple[Word, ...]:
        frames_per_second = self._decoder.config["frate"]
        longest = LONGEST_SECONDS * frames_per_second
        return tuple(
            Word(
                text=_ALTERNATE.sub("", segment.word),
                start=segment.start_frame / frames_per_second,
                end=(segment.end_frame + 1) / frames_per_second,
                probability=min(float(segment.prob), 1.0),
            )
            for segment in self._decoder.seg() or ()
            if segment.end_frame - segment.start_frame < longest and not _FILLER.fullmatch(segment.word)
        )


def _text(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)
