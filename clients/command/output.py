"""Files that a command makes of what a server sends."""

from __future__ import annotations

import http.client
from collections.abc import Iterable
from pathlib import Path

from clients.command.exit_status import UNREACHED, CommandFailed


def arriving(blocks: Iterable[bytes]) -> Iterable[bytes]:
    """The blocks. Raises CommandFailed where the server stops before their end."""
    try:
        yield from blocks
    except (OSError, http.client.HTTPException) as error:
        raise CommandFailed(f"The connection to the server broke off before the end: {error}", UNREACHED) from error


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
