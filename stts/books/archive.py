"""The ZIP file that an EPUB is, read within bounds: what it unpacks to is counted while it is unpacked."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from stts.books.book import BookLimits
from stts.errors import UnreadableBook

_END = struct.Struct("<4s4H2LH")
"""The record at the end of a ZIP file: signature, disks, entries, size and place of the directory, comment's length."""
_END_SIGNATURE = b"PK\x05\x06"
_ZIP64_LOCATOR = b"PK\x06\x07"
_LOCATOR_BYTES = 20
_LONGEST_COMMENT = 65_535
_DIRECTORY_BYTES = 512
"""Bytes of the directory for each file that may be in it."""
_ENCRYPTED = 0x1
_BOMB_RATIO = 200
"""Unpacked bytes for each packed one from which a file is no text; prose has 2 to 4."""
_BOMB_BYTES = 2**20
"""Bytes below which the ratio says nothing."""
_BLOCK = 2**16
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class Archive:
    """Files of an EPUB by path. `file` is seekable and stays open. Raises UnreadableBook, whose message says why.

    `checkpoint` is called for each file that is read and may raise, which ends the work.
    """

    def __init__(self, file: BinaryIO, limits: BookLimits, checkpoint: Callable[[], None] = lambda: None) -> None:
        self._limits = limits
        self._checkpoint = checkpoint
        self._left = limits.total_bytes
        _check_directory(file, limits)
        with _damage("The EPUB is damaged: its table of files cannot be read"):
            self._zip = zipfile.ZipFile(file)
        found = self._zip.infolist()
        if len(found) > limits.entries:
            raise _too_many(limits)
        self._entries = {entry.filename: entry for entry in found}

    def __contains__(self, path: str) -> bool:
        return path in self._entries

    def read(self, path: str, what: str) -> bytes:
        """The bytes of a file. `what` names it in errors: "chapter 3 (text/3.xhtml)"."""
        self._checkpoint()
        entry = self._entries.get(path)
        if entry is None:
            raise UnreadableBook(f"The EPUB is damaged: {what} is not in it.")
        if entry.flag_bits & _ENCRYPTED:
            raise UnreadableBook(f"The EPUB is protected by a password: {what} cannot be read.")
        if entry.compress_type not in _METHODS:
            raise UnreadableBook(f"The EPUB packs {what} in a way that EPUBs may not: only deflate is read.")
        if entry.file_size > _BOMB_BYTES and entry.file_size > _BOMB_RATIO * max(entry.compress_size, 1):
            raise UnreadableBook(f"The EPUB is refused: {what} unpacks to {entry.file_size} bytes, which is no text.")
        with _damage(f"The EPUB is damaged: {what} cannot be unpacked"):
            return self._unpacked(entry, what)

    def _unpacked(self, entry: zipfile.ZipInfo, what: str) -> bytes:
        parts: list[bytes] = []
        size = 0
        with self._zip.open(entry) as file:
            while block := file.read(_BLOCK):
                size += len(block)
                if size > self._limits.entry_bytes or size > self._left:
                    raise UnreadableBook(
                        f"The EPUB is too large: {what} and what was read before it unpack to too much."
                    )
                parts.append(block)
        self._left -= size
        return b"".join(parts)


def is_zip(head: bytes) -> bool:
    return head.startswith((b"PK\x03\x04", _END_SIGNATURE))


def _check_directory(file: BinaryIO, limits: BookLimits) -> None:
    """Bounds the directory before it is read: each entry of it becomes an object."""
    end = file.seek(0, 2)
    start = max(0, end - _END.size - _LONGEST_COMMENT)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(_END_SIGNATURE)
    if at < 0 or len(tail) - at < _END.size:
        raise UnreadableBook("The EPUB is damaged: its end is missing, the file may be cut off.")
    if tail[max(0, at - _LOCATOR_BYTES) :].startswith(_ZIP64_LOCATOR):
        raise UnreadableBook("The EPUB is refused: it is a ZIP64 file, which only books over 4 GB need.")
    _, _, _, _, entries, directory_bytes, _, _ = _END.unpack_from(tail, at)
    if entries > limits.entries or directory_bytes > limits.entries * _DIRECTORY_BYTES:
        raise _too_many(limits)


def _too_many(limits: BookLimits) -> UnreadableBook:
    return UnreadableBook(f"The EPUB is refused: it has more than {limits.entries} files inside.")


@contextmanager
def _damage(message: str) -> Iterator[None]:
    """Tells damage of a ZIP file, in whichever of its many ways it is found, as one error."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, struct.error, NotImplementedError, ValueError) as error:
        raise UnreadableBook(f"{message}.") from error
