"""The report of a validation: figures of a recording, each with as many digits as it is known to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

NO_TRANSCRIPT = "It has no transcript."


def _rounded(digits: int) -> Callable[[float], float]:
    return lambda value: round(value, digits)


Seconds = Annotated[float, AfterValidator(_rounded(2))]
Decibels = Annotated[float, AfterValidator(_rounded(1))]
Share = Annotated[float, AfterValidator(_rounded(4))]
Offset = Annotated[float, AfterValidator(_rounded(5))]
Hertz = Annotated[float, AfterValidator(_rounded(0))]


class ProblemShape(BaseModel):
    code: str
    message: str
    refused: bool = Field(description="Whether there is no voice in it at all; else it is a warning.")


class WindowShape(BaseModel):
    start: Seconds = Field(description="Seconds.")
    end: Seconds


class VoiceReport(BaseModel):
    """Figures of a recording, all of it decoded."""

    seconds: Seconds
    sample_rate: int | None = Field(description="Hz.")
    channels: int | None
    level: Decibels | None = Field(description="dBFS while something sounds; null: nothing does.")
    peak: Decibels | None = Field(description="dBFS.")
    offset: Offset = Field(description="Mean of the samples, -1..1.")
    clipping: Share = Field(description="Share of clipped samples, 0..1.")
    signal_to_noise: Decibels | None = Field(description="dB.")
    silence: Share = Field(description="Share of the time in which nothing sounds, 0..1.")
    bandwidth: Hertz | None = Field(description="Hz.")
    speech_seconds: Seconds | None = Field(description="Found by the voice activity detector.")
    speakers: int | None = None
    words_found: int | None = Field(None, description="Words of the transcript that were heard.")
    words_spoken: int | None = Field(None, description="Words of the transcript.")
    unknown: dict[str, str] = Field(description="Why a figure is null.")
    window: WindowShape = Field(description="The part that is best to be cloned.")
    repairs: list[str] = Field(description="What is mended in the copy that engines get: mono, offset, level, ...")
    problems: list[ProblemShape]
    usable: bool = Field(description="False: there is no voice in it.")
