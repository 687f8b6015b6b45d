"""Files that a command makes of what a server sends."""

from __future__ import annotations

import os
import stat
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
        raise broken_off(getattr(error, "strerror", None) or "") from error


def broken_off(reason: str) -> CommandFailed:
    """The failure of a command whose server stops before the end."""
    told = reason.strip().rstrip(".") or "without a word"
    return CommandFailed(f"The connection to the server broke off before the end ({told}). Is it up still?", UNREACHED)


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
        import secrets

        # A name that nobody else has: another command may write the same file, and each is to be whole.
        part = target.with_name(f".stts-{secrets.token_hex(8)}.part")
        try:
            with part.open("xb") as file:
                file.writelines(blocks)
                if target.exists():
                    os.chmod(part, stat.S_IMODE(target.stat().st_mode))
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
    # A file is replaced by a new one, for which its folder is asked; a device or a pipe is written into.
    written = path if path.exists() and not path.is_file() else folder
    if not os.access(written, os.W_OK) or (path.is_file() and not os.access(path, os.W_OK)):
        raise CommandFailed(f"{path} cannot be written: it is not permitted.")


def make_folder(folder: Path) -> None:
    """Raises CommandFailed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise CommandFailed(f"{folder} cannot be made: a file stands in its place.") from error
    except OSError as error:
        raise CommandFailed(f"{folder} cannot be made: {error.strerror}") from error
