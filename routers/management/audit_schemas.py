"""The shapes of the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, Field

from stts.access.audit import AuditEntry

AuditFormat = Literal["json", "jsonl"]
JSONL = "application/jsonl"


class EntryShape(BaseModel):
    sequence: int = Field(description="Its place in the chain, counted from 1.")
    id: str
    at: float = Field(description="Unix time.")
    actor: str = Field(
        description="`key:<id>`, `api_key`, `anonymous`, `command` (`stts keys`), `server`, or `unknown` (refused)."
    )
    action: str
    target: str = Field(description="The key, user, engine, file, model or address that it is about.")
    details: dict[str, Any] = Field(description="Secrets are masked.")
    previous: str = Field(description="Hash of the entry before, in hexadecimal.")
    hash: str = Field(description="SHA-256 of the entry and the hash before, in hexadecimal.")

    @classmethod
    def of(cls, entry: AuditEntry) -> EntryShape:
        members = {name: getattr(entry, name) for name in ("sequence", "id", "at", "actor", "action", "target")}
        return cls(**members, details=dict(entry.details), previous=entry.previous.hex(), hash=entry.hash.hex())


class AuditPage(BaseModel):
    entries: list[EntryShape]
    next_before: int | None = Field(description="`before` of the next page; null: there is none.")

    @classmethod
    def of(cls, entries: Sequence[AuditEntry], *, most: int) -> AuditPage:
        following = entries[-1].sequence if len(entries) == most else None
        return cls(entries=[EntryShape.of(each) for each in entries], next_before=following)
