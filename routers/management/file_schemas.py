"""The shapes of /files."""

from __future__ import annotations

from typing import Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from stts.storage.files.expiry import Cleanup, Expiring
from stts.storage.files.kinds import Kind
from stts.storage.files.records import Page, StoredFile, Usage

UploadKind = Literal["uploads", "references"]


class FileShape(BaseModel):
    id: str
    kind: Kind
    name: str = Field(description="A reference is a voice by this name, too.")
    media_type: str = Field(description="From the content.")
    size: int = Field(description="Bytes.")
    created: float = Field(description="Unix time.")
    duration: float | None = Field(description="Seconds, where known.")
    sample_rate: int | None = Field(description="Hz.")
    channels: int | None
    owner: str | None = Field(None, description="The user whose it is; null: the server.")
    shared: bool = Field(True, description="Of a voice: everybody may speak with it.")
    consent: str | None = Field(None, description="The consent of the person whose voice it is.")

    @classmethod
    def of(cls, stored: StoredFile) -> FileShape:
        return cls.model_validate(stored, from_attributes=True)


class FileList(BaseModel):
    files: list[FileShape] = Field(description="Newest first.")
    total: int = Field(description="Of all pages.")

    @classmethod
    def of(cls, page: Page) -> FileList:
        return cls(files=[FileShape.of(stored) for stored in page.files], total=page.total)


class ShareFields(BaseModel):
    model_config = ConfigDict(extra="forbid")

    shared: bool = Field(description="True: everybody may speak with this voice of a user.")


class UsageShape(BaseModel):
    files: int
    bytes: int
    quota: int = Field(description="Bytes.")


class UsageList(BaseModel):
    kinds: dict[Kind, UsageShape]
    bytes: int = Field(description="Of all kinds.")

    @classmethod
    def of(cls, usage: list[Usage]) -> UsageList:
        kinds = {each.kind: UsageShape.model_validate(each, from_attributes=True) for each in usage}
        return cls(kinds=kinds, bytes=sum(each.bytes for each in usage))


class CleanupFields(BaseModel):
    """The two `cleanup_` fields are those of an older generation and take the place of `kinds`."""

    model_config = ConfigDict(extra="forbid")

    kinds: list[Expiring] = Field(["outputs", "temporary"], max_length=3)
    max_age_hours: float | None = Field(
        None, ge=0, allow_inf_nan=False, description="Older files go; default: storage.output_hours."
    )
    dry_run: bool = Field(False, description="Only count.")
    outputs: bool | None = Field(None, validation_alias=AliasChoices("cleanup_old_outputs"))
    temporary: bool | None = Field(None, validation_alias=AliasChoices("cleanup_temporary"))

    def chosen(self) -> list[Expiring]:
        if self.outputs is None and self.temporary is None:
            return self.kinds
        older: dict[Expiring, bool | None] = {"outputs": self.outputs, "temporary": self.temporary}
        return [kind for kind, wanted in older.items() if wanted is not False]


class CleanupShape(BaseModel):
    files: int
    bytes: int
    dry_run: bool

    @classmethod
    def of(cls, cleanup: Cleanup, *, dry_run: bool) -> CleanupShape:
        return cls(files=cleanup.files, bytes=cleanup.bytes, dry_run=dry_run)
