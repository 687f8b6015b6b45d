"""Options and parameters of the engine `faster_whisper`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from engines.stt.faster_whisper_region import Guards
from stts.engine_api import Task

AUTO, CPU = "auto", "cpu"
TRANSLATING_BEAMS = 5
"""Greedily, a translation is often another text than was said; this costs a tenth of a second more of a sentence."""


class FasterWhisperOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    model: str = Field(
        default=AUTO,
        description="Model of the catalogue (`tiny.en`, `base`), or path of a folder with one for CTranslate2; "
        "auto: `base`, which knows 99 languages, where it is on this disk, else `tiny.en`.",
    )
    device: str = Field(
        default=AUTO, pattern=r"^(auto|cpu|cuda(:\d{1,2})?)$", description="auto (cuda, then cpu), cpu, cuda or cuda:N."
    )
    compute_type: str = Field(
        default=AUTO,
        pattern=r"^[a-z0-9_]{2,20}$",
        description="Number type of CTranslate2 (`int8`, `float32`, `int8_float16`); auto: int8, on cuda with float16.",
    )
    threads: int = Field(default=1, ge=1, le=64, description="Threads that work on one region.")
    workers: int = Field(
        default=0, ge=0, le=64, description="Regions heard at once; 0: as many as there are processors, four at most."
    )
    short_windows: bool = Field(
        default=True,
        description="Give the model the speech and eight seconds, a third of the work; false: always thirty seconds.",
    )


class FasterWhisperParameters(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    temperature: float = Field(
        default=0.0, ge=0, le=1, description="0: from 0 upwards until the result passes the thresholds."
    )
    compression_ratio_threshold: float = Field(
        default=2.4, gt=0, le=100, description="Text that compresses better repeats itself: try again."
    )
    logprob_threshold: float = Field(default=-1.0, ge=-100, le=0, description="Less likely text: try again.")
    no_speech_threshold: float = Field(
        default=0.6, ge=0, le=1, description="More likely silence, where the text is unlikely as well: no text."
    )
    beam_size: int | None = Field(
        default=None,
        ge=1,
        le=10,
        description="Beams at temperature 0, 1 decodes greedily; default: 1, and 5 to translate, which is harder.",
    )

    def guards(self, task: Task, *, interim: bool = False) -> Guards:
        """`interim`: a guess while somebody speaks, which is made anew anyway."""
        beams = TRANSLATING_BEAMS if task == "translate" and not interim else 1
        return Guards(
            self.temperature,
            self.compression_ratio_threshold,
            self.logprob_threshold,
            self.no_speech_threshold,
            self.beam_size or beams,
        )
