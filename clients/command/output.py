"""Files that a command makes of what a server sends."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from pathlib import Path

from clients.command.exit_status import UNREACHED, CommandFailed

UNKNOWN = 0xFFFFFFFF
"""Size of what is still being made, in the head of a WAV file."""


def arriving(blocks: Iterable[bytes]) -> Iterable[bytes]:
    """The blocks. Raises CommandFailed where the server stops before their end."""
    import http.client

    try:
        yield from blocks
    except (OSError, http.client.HTTPException) as error:
        raise CommandFailed(f"The connection to the server broke off before the end: {error}", UNREACHED) from error


def wav_header(rate: int, size: int | None = None) -> bytes:
    """The head of 16-bit mono audio of so many bytes; None: nobody knows how many will come."""
    whole = UNKNOWN if size is None else size + 36
    data = UNKNOWN if size is None else size
    return struct.pack("<4sI8sIHHIIHH4sI", b"RIFF", whole, b"WAVEfmt ", 16, 1, 1, rate, 2 * rate, 2, 16, b"data", data)


def write(path: Path, blocks: Iterable[bytes]) -> None:
    """Writes a file, which appears when it is complete. Raises CommandFailed where it cannot be written.

    What stands there and is no file (a device, a pipe) is written into, and a link is followed.
    """
    try:
        target = path.resolve()
        if target.exists() and not target.is_file():
            with target.open("wb") as file:
                file.writelines(blocks)
            return
        part = target.with_name(f"{target.name}.part")
        try:
            with part.open("wb") as file:
                file.writelines(blocks)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise CommandFailed(f"{path} cannot be written: {error.strerror}") from error


def check_writable(path: Path) -> None:
    """Raises CommandFailed where a file cannot be written: to be told before the work for it and not after it."""
    folder = path.resolve().parent
    if not folder.is_dir():
        raise CommandFailed(f"{path} cannot be written: there is no folder {folder}.")
    if path.is_dir():
        raise CommandFailed(f"{path} cannot be written: it is a folder.")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise CommandFailed(f"{path} cannot be written: it is not permitted.")


def make_folder(folder: Path) -> None:
    """Raises CommandFailed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandFailed(f"{folder} cannot be made: {error.strerror}") from error
