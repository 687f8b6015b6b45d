"""Results of batches: files under `storage.root`/jobs, a folder for each batch, each file named by its content.

A file appears complete or not at all; before it counts as done it is synced, together with others. An item that another
batch of the same owner has is a second name of the same file, so each batch can be removed alone. Blocking: call it in
a thread.
"""

from __future__ import annotations

import os
import secrets
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from stts.errors import StorageFull
from stts.storage.files.atomic import create_file, sync_folder
from stts.storage.files.failures import translated_disk_errors
from stts.storage.result_file import ResultFile

FOLDER = "jobs"
ID_FILE = "id"
TEMPORARY = ".temporary"
SECRET_FILE = "address.key"
SECRET_BYTES = 32
NO_RESULTS = frozenset({ID_FILE, SECRET_FILE, TEMPORARY})
COVER = "cover"
"""Name of the picture of a book among the results."""
FOLDER_LETTERS, FORMER_LETTERS = 1, 2
"""Letters of a digest that name the folder of its result: of new ones, and of those of servers before. Few folders,
for each that something is put into is synced as well."""


class BatchFiles:
    def __init__(self, root: Path, most_bytes: Callable[[], int]) -> None:
        """Makes nothing. `most_bytes`: those of all results together."""
        self._folder = root / FOLDER
        self._temporary = self._folder / TEMPORARY
        self._most_bytes = most_bytes
        # Counting holds up whoever adds: what is added meanwhile would count twice.
        self._counting = threading.Lock()
        self._used: int | None = None
        """Bytes of all results; None: to be counted."""

    @property
    def exists(self) -> bool:
        """True if there ever was a batch here."""
        return (self._folder / ID_FILE).exists()

    def open(self) -> str:
        """The id of this root; makes the folder with the first batch. Raises StorageFull, StorageFailed."""
        with translated_disk_errors():
            self._temporary.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError):
                create_file(self._folder / ID_FILE, secrets.token_hex(8).encode())
            return (self._folder / ID_FILE).read_text(encoding="ascii").strip()

    def secret(self) -> bytes:
        """The key of the addresses of contents. Where it is lost, what is spoken again was not known; else nothing."""
        path = self._folder / SECRET_FILE
        with translated_disk_errors():
            if not path.exists():
                with suppress(FileExistsError):
                    create_file(path, secrets.token_bytes(SECRET_BYTES))
            return path.read_bytes()

    def remove_leftovers(self, written_before: float) -> None:
        """Removes what a server that was killed has left half written, by Unix time; another may be writing now."""
        with self._counting:
            # Other servers of this root have added and removed results as well.
            self._used = None
        with suppress(OSError):
            for path in self._temporary.iterdir():
                if path.stat().st_mtime < written_before:
                    path.unlink(missing_ok=True)

    def require_room(self) -> None:
        """Raises StorageFull where the results have all the room that they may have."""
        with self._counting:
            if self._used is None:
                self._used = _bytes(self._folder, beside=NO_RESULTS)
            is_full = self._used >= self._most_bytes()
        if is_full:
            raise StorageFull("The results of jobs have all the room that they may have (jobs.bytes).")

    def path(self, batch_id: str, digest: str, extension: str) -> Path:
        """Where a result lies, or is to lie."""
        path = self._path(batch_id, digest, extension)
        if not path.exists():
            former = self._path(batch_id, digest, extension, FORMER_LETTERS)
            return former if former.exists() else path
        return path

    def _path(self, batch_id: str, digest: str, extension: str, letters: int = FOLDER_LETTERS) -> Path:
        return self._folder / batch_id / digest[:letters] / f"{digest}{extension}"

    def begin(self, batch_id: str, digest: str) -> ResultFile:
        """A file on its way. Raises StorageFull, StorageFailed."""
        self.require_room()
        temporary = self._temporary / secrets.token_hex(16)

        def place(extension: str) -> None:
            self._put(temporary, self.path(batch_id, digest, extension))

        with translated_disk_errors():
            try:
                return ResultFile(temporary, place)
            except FileNotFoundError:
                self._temporary.mkdir(parents=True, exist_ok=True)
                return ResultFile(temporary, place)

    def adopt(self, source: Path, batch_id: str, digest: str, extension: str) -> bool:
        """Gives the result of another batch to this one, over what a server that was killed may have left there.

        False: it is not there any more.
        """
        temporary = self._temporary / secrets.token_hex(16)
        with translated_disk_errors():
            self._temporary.mkdir(parents=True, exist_ok=True)
            try:
                os.link(source, temporary)
            except FileNotFoundError:
                return False
            try:
                self._put(temporary, self.path(batch_id, digest, extension))
            finally:
                # A rename over another name of the same file does nothing.
                temporary.unlink(missing_ok=True)
        return True

    def sync(self, batch_id: str, results: Iterable[tuple[str, str]]) -> None:
        """Lets results survive a power cut: those of these digests and extensions. Raises StorageFull, StorageFailed.

        What is gone meanwhile was removed with its batch.
        """
        paths = [self.path(batch_id, digest, extension) for digest, extension in results]
        folders = {path.parent for path in paths}
        with translated_disk_errors(), suppress(FileNotFoundError):
            for path in (*paths, *folders, self._folder / batch_id):
                sync_folder(path)

    def _put(self, temporary: Path, target: Path) -> None:
        with self._counting:
            added = _bytes_alone(temporary) - _bytes_alone(target)
            try:
                temporary.replace(target)
            except FileNotFoundError:
                target.parent.mkdir(parents=True, exist_ok=True)
                temporary.replace(target)
            self._used = None if self._used is None else self._used + added

    def found(self, batch_id: str, name: str) -> Path | None:
        """A file that was made before."""
        path = self._folder / batch_id / name
        return path if path.exists() else None

    def made(self, batch_id: str, name: str, make: Callable[[Path], None]) -> Path:
        """A file that is made of all results, once. `make` writes it; what that raises passes, and nothing is kept.

        Raises StorageFull, StorageFailed.
        """
        if (found := self.found(batch_id, name)) is not None:
            return found
        target = self._folder / batch_id / name
        self.require_room()
        temporary = self._temporary / secrets.token_hex(16)
        with translated_disk_errors():
            self._temporary.mkdir(parents=True, exist_ok=True)
            try:
                make(temporary)
                _sync_file(temporary)
                self._put(temporary, target)
                sync_folder(target.parent)
            finally:
                temporary.unlink(missing_ok=True)
        return target

    def keep(self, batch_id: str, name: str, data: bytes) -> None:
        """Keeps something beside the results. Raises StorageFull, StorageFailed."""
        self.made(batch_id, name, partial(_write, data))

    def kept(self, batch_id: str, name: str) -> bytes | None:
        """None where it is not there."""
        try:
            return (self._folder / batch_id / name).read_bytes()
        except FileNotFoundError:
            return None

    def remove(self, batch_id: str) -> None:
        """Removes all results of a batch. Those that other batches have too stay theirs."""
        folder = self._folder / batch_id
        before = _bytes(folder, alone=True)
        shutil.rmtree(folder, ignore_errors=True)
        gone = before - _bytes(folder, alone=True)
        with self._counting:
            self._used = None if self._used is None else max(0, self._used - gone)

    def batches(self) -> list[str]:
        """Ids of batches that have results here."""
        with translated_disk_errors():
            return [path.name for path in self._folder.iterdir() if path.is_dir() and path.name != TEMPORARY]


def _write(data: bytes, path: Path) -> None:
    path.write_bytes(data)


def _sync_file(path: Path) -> None:
    """Syncs a file (fsync): a power cut may else leave an empty file under the name that it gets next."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _bytes(folder: Path, *, beside: frozenset[str] = frozenset(), alone: bool = False) -> int:
    """Bytes of all files in a folder, those with several names once; `alone`: without those.

    What is removed meanwhile counts as nothing.
    """
    seen: set[int] = set()
    total = 0
    for found in _stats(folder, beside):
        if found.st_ino in seen or (alone and found.st_nlink > 1):
            continue
        # Also one that has but one name: it may get another before that is looked at.
        seen.add(found.st_ino)
        total += found.st_size
    return total


def _bytes_alone(path: Path) -> int:
    """Bytes that the removal of a name gives back."""
    with suppress(OSError):
        found = path.stat()
        return found.st_size if found.st_nlink == 1 else 0
    return 0


def _stats(folder: Path, beside: frozenset[str]) -> Iterator[os.stat_result]:
    # Unlike `Path.rglob`, it passes over a folder that is gone by the time it is looked into.
    for path, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in beside]
        for name in set(names) - beside:
            with suppress(OSError):
                yield os.stat(os.path.join(path, name))
