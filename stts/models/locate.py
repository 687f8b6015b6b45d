"""Finds the folder of a model on this machine. Cheap: sizes are looked at, nothing is read, hashed or imported."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path

from stts.models.hub_cache import snapshot
from stts.models.sources import MAIN, FolderSource, HubSource, PackageSource
from stts.models.values import CatalogueModel


def find(model: CatalogueModel, folders: Sequence[str]) -> Path | None:
    """The first folder that holds all files of the model in their right sizes, or None."""
    return next(find_all(model, folders), None)


def find_all(model: CatalogueModel, folders: Sequence[str]) -> Iterator[Path]:
    """All folders that do.

    First those of its sources: installed packages, the cache of the hub, folders that the catalogue names. Then
    `folders`, where the model lies under its id.
    """
    return (folder for folder in _candidates(model, folders) if holds(folder, model))


def holds(folder: Path, model: CatalogueModel) -> bool:
    return all(_size(folder / file.path) == file.bytes for file in model.files)


def installed_parts(source: PackageSource, model: CatalogueModel) -> dict[str, list[Path]] | None:
    """For each file of the model the installed files that it is made of; None unless all are there.

    Sizes are right in sum: whether a part is the right one shows when the whole is hashed.
    """
    found: dict[str, list[Path]] = {}
    for file in model.files:
        parts = [installed(member) for member in source.members(file.path)]
        sizes = [-1 if part is None else _size(part) for part in parts]
        if min(sizes) < 0 or sum(sizes) != file.bytes:
            return None
        found[file.path] = [part for part in parts if part is not None]
    return found


def installed(member: str) -> Path | None:
    """Where a file or folder of a package lies, by its path in `site-packages`; None if there is no such package.

    Looks the top-level module up without importing it.
    """
    module, _, rest = member.partition("/")
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return None
    roots = spec.submodule_search_locations if spec is not None else None
    return next((Path(root) / rest for root in roots or () if (Path(root) / rest).exists()), None)


def _candidates(model: CatalogueModel, folders: Sequence[str]) -> Iterator[Path]:
    for source in model.sources:
        if isinstance(source, PackageSource):
            if source.inside and not source.joined and (folder := installed(source.inside)):
                yield folder
        elif isinstance(source, HubSource):
            # Other clients mostly keep what was the newest when they came, which may hold the same files.
            for revision in dict.fromkeys((source.revision, MAIN)):
                if cached := snapshot(source.hub, revision):
                    yield cached / (source.inside or "")
        elif isinstance(source, FolderSource):
            yield Path(source.folder).expanduser() / (source.inside or "")
    for each in folders:
        yield Path(each).expanduser() / model.id


def _size(path: Path) -> int:
    """Bytes of a file, -1 if there is none."""
    try:
        found = path.stat()
    except OSError:
        return -1
    return found.st_size if path.is_file() else -1
