"""Remembers what made each transcript of this user, so that another wish for it is noticed, and a correction by hand.

It lies in the folder for such state of the user, and not beside recordings, where nobody looks for it. Where it cannot
be kept, transcripts are written all the same, and those that are there are left alone.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

MOST = 100_000
"""Transcripts that are remembered: the newest ones."""
WAIT_SECONDS = 10.0
"""Longest wait for another command that writes."""
TABLE = """CREATE TABLE IF NOT EXISTS transcripts (
    path TEXT PRIMARY KEY, digest TEXT NOT NULL, engine TEXT NOT NULL, model TEXT NOT NULL, language TEXT NOT NULL,
    at REAL NOT NULL)"""


@dataclass(frozen=True, slots=True)
class Maker:
    """Made a transcript, or is to make one. Empty: nobody has asked for it, or it is not known."""

    engine: str = ""
    model: str = ""
    language: str = ""

    def __str__(self) -> str:
        # Ids of models as `whisper-tiny.en` name their engine already.
        named = self.model if self.model.startswith(self.engine) else f"{self.engine} {self.model}".strip()
        return f"{named or 'any engine'}{f', language {self.language}' if self.language else ''}"

    def differs(self, wanted: Maker) -> bool:
        """True if something is wanted that this is not. What nobody asks for is as it is."""
        pairs = ((wanted.engine, self.engine), (wanted.model, self.model), (wanted.language, self.language))
        return any(asked and made and asked != made for asked, made in pairs) or bool(
            wanted.language and not self.language
        )


@dataclass(frozen=True, slots=True)
class Remembered:
    maker: Maker
    digest: str

    def is_as_made(self, transcript: Path) -> bool:
        """False where somebody has changed the file since."""
        try:
            return digest_of(transcript.read_bytes()) == self.digest
        except OSError:
            return False


def wanted(fields: Mapping[str, str], before: Maker, models: Mapping[str, str]) -> Maker:
    """The maker of today: the engine that is asked for, else the one that made it before, with the model it has now."""
    engine = fields.get("engine") or before.engine
    return Maker(engine, models.get(engine, ""), fields.get("language", ""))


def digest_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Memory:
    """Keeps the makers of transcripts. Nothing of it raises: whoever cannot remember knows nothing."""

    def __init__(self) -> None:
        self._file = _place()

    def recall(self, transcript: Path) -> Remembered | None:
        with self._opened() as database:
            if database is None:
                return None
            try:
                asked = "SELECT engine, model, language, digest FROM transcripts WHERE path = ?"
                row = database.execute(asked, (_name(transcript),)).fetchone()
            except sqlite3.Error:
                return None
        return None if row is None else Remembered(Maker(*row[:3]), row[3])

    def keep(self, transcript: Path, maker: Maker, data: bytes) -> None:
        with self._opened() as database:
            if database is None:
                return
            row = (_name(transcript), digest_of(data), maker.engine, maker.model, maker.language, time.time())
            try:
                with database:
                    database.execute("INSERT OR REPLACE INTO transcripts VALUES (?, ?, ?, ?, ?, ?)", row)
                    database.execute(
                        "DELETE FROM transcripts WHERE rowid IN "
                        "(SELECT rowid FROM transcripts ORDER BY at DESC LIMIT -1 OFFSET ?)",
                        (MOST,),
                    )
            except sqlite3.Error:
                return

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection | None]:
        """The database, where it can be had. A connection each: between two lies the work of minutes."""
        try:
            if self._file is None:
                raise OSError
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self._file, os.O_CREAT | os.O_RDWR, 0o600))
            opened = sqlite3.connect(self._file, timeout=WAIT_SECONDS)
        except (OSError, sqlite3.Error):
            yield None
            return
        with closing(opened):
            try:
                opened.execute(TABLE)
            except sqlite3.Error:
                yield None
                return
            yield opened


def _place() -> Path | None:
    try:
        home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    except RuntimeError:  # this user has no home
        return None
    return Path(home) / "stts" / "transcripts.sqlite3"


def _name(path: Path) -> str:
    # Names that are no UTF-8 are kept as they are.
    return os.fsencode(os.path.abspath(path)).decode("utf-8", "backslashreplace")
