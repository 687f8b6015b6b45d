"""The removals of users' data that a root has had: each is carried out once, so that what comes later stays."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from threading import Lock

from stts.storage.files.atomic import replace_file

CARRIED_OUT_FILE = "removals.json"
"""Under `storage.root`: the moment (Unix time) of the last removal of each user."""


class CarriedOut:
    """Safe to use from many threads. Servers that share a root carry out the same removals, so each writes them all."""

    def __init__(self, root: Path) -> None:
        self._path = root / CARRIED_OUT_FILE
        self._lock = Lock()
        self._added: dict[str, float] = {}

    def due(self, removals: Mapping[str, float]) -> dict[str, float]:
        """Those of these that this root has not had. Raises OSError; ValueError where the file is damaged."""
        had = self._read()
        return {user_id: at for user_id, at in removals.items() if had.get(user_id) != at}

    def add(self, removals: Mapping[str, float]) -> None:
        """Remembers them across starts. Raises OSError; ValueError where the file is damaged."""
        with self._lock:
            self._added |= removals
            replace_file(self._path, json.dumps(self._read() | self._added).encode())

    def _read(self) -> dict[str, float]:
        try:
            had: dict[str, float] = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        return had
