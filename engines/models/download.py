"""Downloads one file, and goes on where an earlier try broke off. What is complete has the right digest."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from urllib.error import HTTPError

from engines.models.transport import BROKEN, Transport, blocks
from stts.errors import StorageFailed, StorageFull

TRIES = 4
"""Connections that bring next to nothing of a file, one after the other, before it is given up."""
PROGRESS_BYTES = 1_000_000
"""Bytes beyond the most that was held when the tries were last counted anew, with which they are so again."""
FULL = (errno.ENOSPC, errno.EDQUOT)


class WrongContent(Exception):
    """Raised where another file came than the one expected."""


@dataclass(frozen=True, slots=True)
class Download:
    url: str
    most: int
    """Bytes beyond which it is another file."""
    sha256: str | None = None
    """Its digest, where it is known before."""
    size: int | None = None
    """Its bytes, where they are known before."""
    headers: Mapping[str, str] = field(default_factory=dict)


def download(wanted: Download, target: Path, transport: Transport, report: Callable[[int], None]) -> None:
    """Fetches into `target`, going on behind the bytes that it holds already. `report` is told the bytes it holds.

    Raises Cancelled; HTTPError, other OSError and HTTPException for what the connection or the other side does;
    WrongContent, after which `target` is gone; StorageFull or StorageFailed for this machine's own disk.
    """
    attempt, most_held = 0, 0
    while True:
        resumed = _held(target)
        attempt += 1
        if resumed >= most_held + PROGRESS_BYTES:
            attempt, most_held = 1, resumed
        try:
            if resumed == 0 or resumed != wanted.size:
                _receive(wanted, target, transport, report)
            _check(wanted, target)
            return
        except WrongContent:
            with on_disk():
                target.unlink(missing_ok=True)
            if not resumed or attempt == TRIES:
                raise
        except HTTPError as error:
            if error.code < 500 or attempt == TRIES:
                raise
            _wait(transport, attempt)
        except BROKEN:
            if attempt == TRIES:
                raise
            _wait(transport, attempt)


def _wait(transport: Transport, attempt: int) -> None:
    transport.cancellation.pause(transport.pause_seconds * 2.0 ** (attempt - 1))


def _receive(wanted: Download, target: Path, transport: Transport, report: Callable[[int], None]) -> None:
    held = _held(target)
    headers = {**wanted.headers, **({"Range": f"bytes={held}-"} if held else {})}
    try:
        with transport.get(wanted.url, headers) as response:
            start = held if _goes_on_at(response, held) else 0
            _write(response, target, start, wanted, transport, report)
    except HTTPError as error:
        if error.code != 416 or not held:
            raise
        raise WrongContent("it holds more than there is") from error


def _goes_on_at(response: Any, held: int) -> bool:
    """True if the answer is the part that was asked for; another part is none that can be used."""
    if response.status != 206:
        return False
    unit, _, span = (response.headers.get("Content-Range") or "").partition(" ")
    if unit != "bytes" or not span.startswith(f"{held}-"):
        raise WrongContent("the server sent another part than was asked for")
    return True


def _write(
    response: Any, target: Path, start: int, wanted: Download, transport: Transport, report: Callable[[int], None]
) -> None:
    with open_at(target, start) as file:
        done = start
        report(done)
        try:
            for block in blocks(response, wanted.most - start):
                transport.cancellation.check()
                store(file, block)
                done += len(block)
                report(done)
        except ValueError as error:
            raise WrongContent(str(error)) from error


def open_at(target: Path, start: int) -> BinaryIO:
    """Opens a file to write behind its first `start` bytes. Raises StorageFull and StorageFailed."""
    with on_disk():
        file = target.open("r+b" if start else "wb", buffering=0)
        file.seek(start)
        file.truncate()
    return file


def store(file: BinaryIO, block: bytes) -> None:
    """Writes all of it. Raises StorageFull and StorageFailed, never OSError: that is the connection's."""
    rest = memoryview(block)
    with on_disk():
        while rest:
            rest = rest[file.write(rest) :]


@contextmanager
def on_disk() -> Iterator[None]:
    """For work on this machine's own disk: raises StorageFull and StorageFailed, and no OSError."""
    try:
        yield
    except OSError as error:
        raise disk_error(error) from error


def disk_error(error: OSError) -> StorageFull:
    """A failure of this machine's disk, as an error of ours."""
    if error.errno in FULL:
        return StorageFull("The disk of the model folder is full.")
    reason = os.strerror(error.errno) if error.errno else type(error).__name__
    return StorageFailed(f"The model folder cannot be used: {reason}.")


def _check(wanted: Download, target: Path) -> None:
    held = _held(target)
    if wanted.size is not None and held != wanted.size:
        raise WrongContent(f"it has {held} bytes instead of {wanted.size}")
    if wanted.sha256 is None:
        return
    with on_disk(), target.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != wanted.sha256:
        raise WrongContent("its SHA-256 is another one")


def _held(target: Path) -> int:
    with on_disk():
        return target.stat().st_size if target.is_file() else 0
