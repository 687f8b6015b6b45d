"""Options and parameters of the Chatterbox family; defaults and ranges are upstream's."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from engines.base_torch import TorchOptions


class ChatterboxOptions(TorchOptions):
    path: str | None = Field(
        default=None, description="Folder with a checkpoint; None: the published one, from the model hub."
    )
    voice_cache: int = Field(default=16, ge=1, le=1024, description="Voices kept ready.")


class Sampling(BaseModel):
    """Sampling parameters of all three engines."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    temperature: float = Field(default=0.8, ge=0.05, le=5, description="Higher varies more.")
    min_p: float = Field(
        default=0.05, ge=0, le=1, description="Drops tokens less likely than this part of the likeliest."
    )
    top_p: float = Field(
        default=1.0, ge=0, le=1, description="Draws from the likeliest tokens that make up this probability."
    )
    repetition_penalty: float = Field(default=1.2, ge=0.5, le=5, description="Above 1 repeats less.")


class ChatterboxParameters(Sampling):
    exaggeration: float = Field(default=0.5, ge=0, le=2, description="Intensity of expression.")
    cfg_weight: float = Field(
        default=0.5, ge=0, le=1, description="How closely the voice's pace is kept; lower is slower and freer."
    )
    top_k: int | None = Field(
        default=None, ge=0, le=6563, description="Accepted for clients that send it; only Turbo uses it."
    )


class MultilingualParameters(ChatterboxParameters):
    repetition_penalty: float = Field(default=2.0, ge=0.5, le=5)


class TurboParameters(Sampling):
    min_p: float = Field(
        default=0.0, ge=0, le=1, description="Accepted for clients that send it; Turbo does not use it."
    )
    top_p: float = Field(default=0.95, ge=0, le=1)
    top_k: int = Field(
        default=1000, ge=0, le=6563, description="Draws from this many of the likeliest tokens; 0: from all."
    )
    norm_loudness: bool = Field(
        default=True, description="Brings the reference recording to -27 LUFS before its voice is taken."
    )
