"""A catalogue entry: a model as it is known before any of it is on this machine."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from stts.engine_state import EngineKind
from stts.models.sources import RelativePath, Source


class ModelFile(BaseModel):
    """One file of a model."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: RelativePath
    """Below the folder of the model."""
    bytes: int = Field(ge=0)
    """Exact size."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class CatalogueModel(BaseModel):
    """A model that an engine can use. It is there when a folder holds all of its files, each with the right digest."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
    name: str
    """For people."""
    engine: str
    """The engine of the registry that uses it."""
    kind: EngineKind
    languages: tuple[str, ...] = ()
    """BCP 47 tags; empty: many, or none that matter."""
    licence: str
    """Licence of the weights, in a few words."""
    notes: str = ""
    """Facts that an operator should know before using it, such as doubts about its licence."""
    homepage: str = ""
    files: tuple[ModelFile, ...] = Field(min_length=1)
    sources: tuple[Source, ...] = ()
    """Where its files come from, best first."""

    @model_validator(mode="after")
    def _paths_are_unique(self) -> CatalogueModel:
        if len({file.path for file in self.files}) < len(self.files):
            raise ValueError("names one file twice")
        return self

    @cached_property
    def bytes(self) -> int:
        """Size of all files."""
        return sum(file.bytes for file in self.files)
