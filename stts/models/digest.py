"""Checks the files of a model against their digests, once in the life of a process for each state of a file."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from stts.errors import EngineWeightsMissing
from stts.models.locate import find_all
from stts.models.values import CatalogueModel

_known: dict[tuple[str, int, int], str] = {}
"""Path, size and modification time in ns -> digest. As long as the catalogue at most, but for files that change."""
MOST_KNOWN = 10_000


def verify(model: CatalogueModel, folder: Path) -> None:
    """Raises EngineWeightsMissing that names the first file which is not the one of the catalogue."""
    for file in model.files:
        path = folder / file.path
        try:
            digest = digest_of(path)
        except OSError as error:
            message = f"{file.path} of the model {model.id} cannot be read ({type(error).__name__})."
            raise EngineWeightsMissing(message) from error
        if digest != file.sha256:
            raise EngineWeightsMissing(
                f"{file.path} of the model {model.id} is damaged or another file: its SHA-256 differs. "
                f"Remove the model, or the package that holds it, then {how(model)}."
            )


def undamaged(model: CatalogueModel, folders: Sequence[str]) -> Path | None:
    """The first folder that holds the model with all digests right, or None."""
    for folder in find_all(model, folders):
        try:
            verify(model, folder)
        except EngineWeightsMissing:
            continue
        return folder
    return None


def digest_of(path: Path) -> str:
    """SHA-256 of a file. Raises OSError."""
    found = path.stat()
    key = (str(path.resolve()), found.st_size, found.st_mtime_ns)
    if key not in _known:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if len(_known) >= MOST_KNOWN:
            _known.clear()
        _known[key] = digest
    return _known[key]


def how(model: CatalogueModel) -> str:
    """How an operator gets a model, for messages."""
    return f'fetch it: `stts models pull {model.id}`, or POST /models/pull {{"model": "{model.id}"}}'
