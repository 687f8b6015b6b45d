"""Metadata of stored files, and the sidecar that keeps it: `.anna.wav.json` beside `anna.wav`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from stts.storage.files.atomic import replace_file
from stts.storage.files.kinds import BLEND, Kind
from stts.voices.card import EMPTY, VoiceCard

SIDECAR_SUFFIX = ".json"

Checkpoint = Callable[[], None]
"""Called between blocks of long work; what it raises ends the work."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    id: str
    kind: Kind
    name: str
    """Name for people; a reference is also found by it."""
    media_type: str
    """Media type, found from the content."""
    size: int
    """Bytes."""
    created: float
    """Unix time."""
    duration: float | None
    """Seconds, where known."""
    sample_rate: int | None
    """Hz."""
    channels: int | None
    path: Path
    """Inside the store."""
    owner: str | None = None
    """Id of the user whose it is; None: the server."""
    shared: bool = True
    """True for a voice that everybody may speak with: the server's, and users' that were made so."""
    consent: str | None = None
    """The consent of the person whose voice it is: in words, or a reference of a document."""
    card: VoiceCard = EMPTY

    @property
    def is_blend(self) -> bool:
        """True for a voice without a recording, which an engine makes of several."""
        return self.path.suffix == BLEND


@dataclass(frozen=True, slots=True)
class Incoming:
    """A file on its way into the store."""

    id: str
    name: str | None
    owner: str | None = None
    consent: str | None = None
    began: float = 0.0
    """Unix time at which the operation began that makes it."""
    card: VoiceCard | None = None
    is_blend: bool = False
    label: str | None = None
    """Name for people of a file that is found by its id alone."""


@dataclass(frozen=True, slots=True)
class Page:
    files: list[StoredFile]
    total: int


@dataclass(frozen=True, slots=True)
class Usage:
    kind: Kind
    files: int
    bytes: int
    quota: int
    """Bytes."""


class Sidecar(BaseModel):
    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    media_type: str
    created: float
    duration: float | None = None
    sample_rate: int | None = None
    channels: int | None = None
    size: int
    modified_ns: int
    """With `size`, identifies the file this was written for; a file replaced by hand is inspected anew."""
    consent: str | None = None
    card: VoiceCard | None = None


def sidecar_path(path: Path) -> Path:
    return path.with_name(f".{path.name}{SIDECAR_SUFFIX}")


def described_by(sidecar: Path) -> Path:
    """The file that a sidecar describes."""
    return sidecar.with_name(sidecar.name.removeprefix(".").removesuffix(SIDECAR_SUFFIX))


def write_sidecar(path: Path, sidecar: Sidecar) -> None:
    replace_file(sidecar_path(path), sidecar.model_dump_json().encode())


def read_sidecar(path: Path) -> Sidecar | None:
    """Reads a sidecar; None where it is missing or unreadable."""
    try:
        return Sidecar.model_validate_json(sidecar_path(path).read_bytes())
    except (OSError, ValidationError):
        return None
