"""How models are shown."""

from __future__ import annotations

from pydantic import BaseModel, Field

from adapters.model_library import ModelStatus, Place
from engines.models.fetching import title


class PullFields(BaseModel):
    model: str = Field(max_length=100, description="A model of `GET /models`.")


class ModelShape(BaseModel):
    id: str
    name: str = Field(description="For people.")
    engine: str = Field(description="The engine that uses it.")
    kind: str = Field(description="tts, stt, vad or turn.")
    languages: list[str] = Field(description="BCP 47; empty: many, or none that matter.")
    licence: str = Field(description="Of the weights.")
    bytes: int = Field(description="Size of all files.")
    present: bool = Field(description="Whether all files are on this machine, in their right sizes.")
    where: Place | None = Field(
        description="`fetched` by this server, installed `package`, `hub_cache` of other clients, `folder` of yours."
    )
    removable: bool = Field(description="Whether the server fetched something of it that DELETE removes.")
    job: str | None = Field(description="The job that fetches it now.")

    @classmethod
    def of(cls, status: ModelStatus) -> ModelShape:
        model = status.model
        return cls(
            id=model.id,
            name=model.name,
            engine=model.engine,
            kind=model.kind,
            languages=list(model.languages),
            licence=model.licence,
            bytes=model.bytes,
            present=status.folder is not None,
            where=status.place,
            removable=status.removable,
            job=status.job.id if status.job is not None else None,
        )


class FileShape(BaseModel):
    path: str
    bytes: int
    sha256: str


class ModelCard(ModelShape):
    notes: str = Field(description="What to know before using it.")
    homepage: str
    sources: list[str] = Field(description="Where its files come from, first to last.")
    files: list[FileShape]

    @classmethod
    def of(cls, status: ModelStatus) -> ModelCard:
        model = status.model
        return cls(
            **ModelShape.of(status).model_dump(),
            notes=model.notes,
            homepage=model.homepage,
            sources=[title(source) for source in model.sources],
            files=[FileShape.model_validate(file.model_dump()) for file in model.files],
        )
