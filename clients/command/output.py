"""Files that a command makes of what a server sends."""

from __future__ import annotations

import http.client
import struct
from collections.abc import Iterable
from pathlib import Path

from clients.command.exit_status import UNREACHED, CommandFailed

UNKNOWN = 0xFFFFFFFF
"""Size of what is still being made, in the head of a WAV file."""


def arriving(blocks: Iterable[bytes]) -> Iterable[bytes]:
    """The blocks. Raises CommandFailed where the server stops before their end."""
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
    """Writes a file, which appears when it is complete. Raises CommandFailed where it cannot be written."""
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            file.writelines(blocks)
        part.replace(path)
    except OSError as error:
        raise CommandFailed(f"{path} cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
