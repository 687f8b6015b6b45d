"""The folders in which fetched models lie. A model appears in one move, complete and checked, and goes in one."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from engines.models.download import on_disk
from stts.cancellation import Cancellation
from stts.errors import Conflict, StorageFailed, StorageFull
from stts.models import CatalogueModel

PARTIAL = ".partial"
"""Folder, in a model folder, of what is still being fetched."""
DOWNLOAD = ".download"
"""Suffix of files that are being downloaded."""
COMMITTING = ".committing.lock"
"""File, in a model folder, that is locked while a model comes into its place."""
ABANDONED_SECONDS = 7 * 24 * 3600.0
"""Age after which what a fetch left half-done is removed."""
LOOK_SECONDS = 0.5
"""Between two looks whether another process has finished with a model."""


@dataclass(frozen=True, slots=True)
class ModelStore:
    """Blocking. Other processes may use the same folders."""

    folder: Path
    fallback: Path
    """Used where nothing can be written into `folder`."""
    quota_bytes: int = 0
    """Bytes that all fetched models may take; 0: no bound."""

    def writable(self) -> Path:
        """The folder for new models, made if need be. Raises StorageFailed where none can be written to."""
        for folder in (self.folder, self.fallback):
            with suppress(OSError):
                (folder / PARTIAL).mkdir(parents=True, exist_ok=True)
                if os.access(folder / PARTIAL, os.W_OK | os.X_OK):
                    return folder
        raise StorageFailed("No model folder can be written: set models.folder to one that can.")

    def holding(self, model: CatalogueModel) -> Path | None:
        """The folder of ours in which this model lies, complete or not."""
        found = (folder / model.id for folder in (self.folder, self.fallback))
        return next((folder for folder in found if folder.is_dir()), None)

    def leftovers(self, model: CatalogueModel) -> bool:
        """True if a fetch that broke off left something for the next."""
        return any(_begun(folder / PARTIAL / model.id) for folder in (self.folder, self.fallback))

    @contextmanager
    def staging(self, model: CatalogueModel, cancellation: Cancellation) -> Iterator[Staging]:
        """A place to make the model in, for one thread of one process at a time; the others wait.

        Downloads of an earlier try are still there. Raises Cancelled, StorageFull and StorageFailed.
        """
        folder = self.writable()
        _forget_abandoned(folder / PARTIAL)
        with _locked(folder / PARTIAL / f"{model.id}.lock", cancellation):
            staging = Staging(folder / PARTIAL / model.id, folder / model.id)
            with on_disk():
                shutil.rmtree(staging.files, ignore_errors=True)
                staging.files.mkdir(parents=True)
            yield staging

    def require_room(self, model: CatalogueModel, more: int = 0) -> None:
        """Raises StorageFull where the model, and `more` bytes meanwhile, would pass the quota or fill the disk."""
        folder = self.writable()
        self.require_quota(model)
        with on_disk():
            free = shutil.disk_usage(folder).free
            held = _size(folder / PARTIAL / model.id)
        if (needed := model.bytes + more - held) > free:
            raise StorageFull(
                f"{model.id} needs {_mb(needed)} more, and {_mb(free)} are left on the disk of the models."
            )

    def require_quota(self, model: CatalogueModel) -> None:
        """Raises StorageFull where the model would pass the quota."""
        left = self.quota_bytes - self.used(without=model) if self.quota_bytes else model.bytes
        if model.bytes > left:
            raise StorageFull(
                f"{model.id} takes {_mb(model.bytes)}, and {_mb(max(left, 0))} of models.quota_bytes are left: "
                "remove a model, or raise it."
            )

    def commit(self, model: CatalogueModel, staging: Staging, cancellation: Cancellation) -> None:
        """Puts the finished files in the place of the model, if the quota still has room for it.

        Others may have come since the fetch began, so one at a time is looked at. Raises Cancelled, StorageFull and
        StorageFailed.
        """
        with _locked(staging.target.parent / COMMITTING, cancellation):
            self.require_quota(model)
            staging.commit()

    def used(self, without: CatalogueModel | None = None) -> int:
        """Bytes of complete models in our folders. Raises StorageFailed."""
        mine = {PARTIAL, COMMITTING, without.id if without else PARTIAL}
        with on_disk():
            # One may be the other, or a link to it.
            folders = {folder.resolve() for folder in (self.folder, self.fallback) if folder.is_dir()}
            return sum(_size(each) for folder in folders for each in folder.iterdir() if each.name not in mine)

    def remove(self, model: CatalogueModel) -> bool:
        """Removes the model from our folders, and what a fetch left of it. False: there was nothing.

        Raises Conflict while the model is being made, by whatever process, and StorageFailed where a folder cannot be
        written.
        """
        found = False
        for folder in (self.folder, self.fallback):
            places = (folder / model.id, folder / PARTIAL / model.id)
            if any(path.is_dir() for path in places):
                with on_disk():
                    (folder / PARTIAL).mkdir(exist_ok=True)
                with _locked(folder / PARTIAL / f"{model.id}.lock", None):
                    for path in places:
                        if path.is_dir():
                            found |= path.parent == folder or _begun(path)
                            _remove(path, folder / PARTIAL)
        return found


@dataclass(frozen=True, slots=True)
class Staging:
    """A model in the making."""

    root: Path
    target: Path
    """Where it will lie."""

    @property
    def files(self) -> Path:
        """Folder of its finished files."""
        return self.root / "files"

    def download(self, key: str) -> Path:
        """A file for what is being downloaded. `key`: a digest, or other safe name of the content."""
        return self.root / f"{key}{DOWNLOAD}"

    def commit(self) -> None:
        """Puts the finished files in the place of the model. Raises StorageFull and StorageFailed."""
        with on_disk():
            if self.target.exists():
                _remove(self.target, self.root.parent)
            self.files.rename(self.target)
        shutil.rmtree(self.root, ignore_errors=True)


@contextmanager
def _locked(path: Path, cancellation: Cancellation | None) -> Iterator[None]:
    """Waits for others, until it is cancelled; without a cancellation, raises Conflict where there are any."""
    with on_disk():
        file = path.open("w")
    with file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if cancellation is None:
                    raise Conflict(f"{path.stem} is being fetched, perhaps by another process.") from None
                cancellation.pause(LOOK_SECONDS)
        # The file stays: a process that removed it could let two others in, each with a lock of its own.
        yield


def _remove(path: Path, temporary: Path) -> None:
    """Out of sight first, so that nobody finds half of it. Raises StorageFailed."""
    with on_disk():
        temporary.mkdir(exist_ok=True)
        gone = temporary / f"{path.name}.removed-{time.time_ns()}"
        path.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def _forget_abandoned(partial: Path) -> None:
    with suppress(OSError):
        for path in partial.iterdir():
            if path.is_dir() and (".removed-" in path.name or time.time() - _touched(path) > ABANDONED_SECONDS):
                shutil.rmtree(path, ignore_errors=True)


def _begun(staging: Path) -> bool:
    return any(staging.glob(f"*{DOWNLOAD}"))


def _touched(folder: Path) -> float:
    return max([path.stat().st_mtime for path in folder.rglob("*")], default=folder.stat().st_mtime)


def _size(folder: Path) -> int:
    """Bytes of its files; those that another thread or process removes meanwhile count nothing."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            total += path.stat().st_size if path.is_file() else 0
    return total


def _mb(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
