"""The file of changes made over HTTP. It lies under `storage.root`; the operator's own file is never written.

Its values go over those of config.yaml, as a merge patch (RFC 7396): null takes an entry out of a mapping.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from adapters.configuration.values import Assignment, with_nulls
from stts.storage.files.atomic import replace_file
from stts.storage.files.failures import translated_disk_errors

OVERRIDES = "overrides.yaml"

_HEADER = """\
# Changes made over HTTP (PATCH /config). They go over config.yaml; .env and the environment go over them.
# The server writes this file anew with each change. Take an entry out to have the value of config.yaml again.
"""


@contextmanager
def changing_overrides(path: Path) -> Iterator[None]:
    """Holds the lock of the folder from the reading to the writing: what another worker, or another server with this
    root, changes meanwhile would be lost. Blocking.

    Where there is no folder yet no server has started: it makes its own at a start.
    """
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        yield
        return
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def write_overrides(path: Path, changes: Iterable[Assignment]) -> None:
    """Blocking. Raises StorageFull and StorageFailed, and changes nothing then."""
    with translated_disk_errors():
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, (_HEADER + _text(with_nulls(changes))).encode())


def _text(values: Mapping[str, Any]) -> str:
    """The parser reads some control characters in another way than they are written, unless they are escaped."""
    if not values:
        return ""
    text: str = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    return text if text.replace("\n", "").isprintable() else yaml.safe_dump(values, sort_keys=False)
