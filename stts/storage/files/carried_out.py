"""The removals of users' data that a root has had: each is carried out once, so that what comes later stays."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from stts.storage.files.atomic import replace_file

CARRIED_OUT_FILE = "removals.json"
"""Under `storage.root`: the moment (Unix time) of the last removal of each user."""
LOCK_FILE = ".removals.lock"
"""Beside it, always empty: who holds its lock is the only one to write, of all servers that share the root."""


class CarriedOut:
    """Safe to use from many threads and processes."""

    def __init__(self, root: Path) -> None:
        self._path = root / CARRIED_OUT_FILE
        self._lock = root / LOCK_FILE

    def due(self, removals: Mapping[str, float]) -> dict[str, float]:
        """Those of these that this root has not had. Raises OSError; ValueError where the file is damaged."""
        had = self._read()
        return {user_id: at for user_id, at in removals.items() if had.get(user_id) != at}

    def add(self, removals: Mapping[str, float]) -> None:
        """Remembers them across starts. Raises OSError; ValueError where the file is damaged."""
        with self._locked():
            replace_file(self._path, json.dumps(self._read() | dict(removals)).encode())

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Waits while another thread or process writes, which takes one small file. The system frees the lock of a
        process that ends."""
        with self._lock.open("wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _read(self) -> dict[str, float]:
        try:
            had: dict[str, float] = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        return had
