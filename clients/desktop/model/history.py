"""The history: speech as files that any player plays, each with its own words inside."""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from clients.desktop.sentences import Explained, Sentence

FOLDER = "audio_output"
SHOWN = 200
"""Most entries that are listed; files beyond them stay."""
HEAD_BYTES = 44
TEXT_BYTES = 16_000
"""Most of the words that a file carries."""
STALE_SECONDS = 3600.0
"""Age at which what a program that has ended has left half-made is removed."""
SOFTWARE = b"STTS desktop"


class HistoryFailed(Explained):
    """A file of the history that cannot be used."""


@dataclass(frozen=True, slots=True)
class Entry:
    path: Path
    text: str
    voice: str
    seconds: float
    made: float
    """Unix time."""


class Recording:
    """A file that grows while it is heard, and gets its name when it is whole.

    What keeps it from being written is told once, and nothing is written from there on.
    """

    def __init__(self, path: Path, rate: int, text: str, voice: str, problem: Callable[[str], None]) -> None:
        self.path = path
        self._rate, self._text, self._voice, self._problem = rate, text, voice, problem
        self._size = 0
        self._part = path.with_suffix(".part")
        self._file: BinaryIO | None = None
        with self._telling():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._part.open("wb")
            self._file.write(_head(rate, 0, 0))

    def write(self, block: bytes) -> None:
        if self._file is not None:
            with self._telling():
                self._file.write(block)
                self._size += len(block)

    def keep(self) -> Entry | None:
        """The file, whole; None where it could not be written."""
        if self._file is not None:
            with self._telling():
                words = _words(self._text, self._voice)
                self._file.write(words)
                self._file.seek(0)
                self._file.write(_head(self._rate, self._size, len(words)))
                self._file.close()
                self._file = None
                self._part.replace(self.path)
                return Entry(self.path, self._text, self._voice, self._size / 2 / self._rate, time.time())
        return None

    def drop(self) -> None:
        """Leaves nothing of a file that is not whole."""
        if self._file is not None:
            file, self._file = self._file, None
            with suppress(OSError):
                file.close()
            with suppress(OSError):
                self._part.unlink(missing_ok=True)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.drop()
            self._problem(Sentence("not_kept", folder=self.path.parent, reason=error.strerror))


class History:
    """The folder `audio_output`. Everything in it is a file named by the time at which it was made."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self.folder = folder / FOLDER
        self._clock = clock

    def begin(self, rate: int, text: str, voice: str, problem: Callable[[str], None]) -> Recording:
        """`problem` is told why it cannot be written."""
        with suppress(OSError):
            for stale in self.folder.glob("tts_*.part"):
                if self._clock() - stale.stat().st_mtime > STALE_SECONDS:
                    stale.unlink(missing_ok=True)
        return Recording(self._free_name(), rate, text, voice, problem)

    def entries(self) -> list[Entry]:
        """The newest first. Files that are no WAV are passed over."""
        names = sorted((path.name for path in self.folder.glob("tts_*.wav")), reverse=True)[:SHOWN]
        found = (read_entry(self.folder / name) for name in names)
        return [entry for entry in found if entry is not None]

    def remove(self, path: Path) -> None:
        """Raises HistoryFailed."""
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise HistoryFailed(Sentence("cannot_be_removed", name=path.name, reason=error.strerror)) from error

    def _free_name(self) -> Path:
        now = self._clock()
        stamp = time.strftime("%Y%m%d_%H%M%S", time.localtime(now)) + f"_{int(now % 1 * 1000):03d}"
        path, number = self.folder / f"tts_{stamp}.wav", 1
        while path.exists() or path.with_suffix(".part").exists():
            number += 1
            path = self.folder / f"tts_{stamp}_{number}.wav"
        return path


def samples(path: Path) -> tuple[int, bytes]:
    """Sample rate and sound of a file of the history. Raises HistoryFailed."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise HistoryFailed(Sentence("cannot_be_read", name=path.name, reason=error.strerror)) from error
    chunks = _chunks(data)
    form, sound = chunks.get(b"fmt "), chunks.get(b"data")
    if form is None or sound is None or len(form) < 16 or struct.unpack_from("<HH", form) != (1, 1) or form[14] != 16:
        raise HistoryFailed(Sentence("no_speech_of_ours", name=path.name))
    return struct.unpack_from("<I", form, 4)[0], sound


def read_entry(path: Path) -> Entry | None:
    """Reads the words at the end of the file and not the sound."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            if len(head) < HEAD_BYTES or head[:4] != b"RIFF" or head[36:40] != b"data":
                return None
            rate, size = struct.unpack_from("<I", head, 24)[0], struct.unpack_from("<I", head, 40)[0]
            file.seek(size + size % 2, os.SEEK_CUR)
            words = _chunks(b"RIFF....WAVE" + file.read(2 * TEXT_BYTES + 1024)).get(b"LIST", b"")
            made = os.fstat(file.fileno()).st_mtime
    except OSError:
        return None
    if not rate:
        return None
    told = _chunks(b"RIFF....WAVE" + words[4:]) if words[:4] == b"INFO" else {}
    text, voice = (told.get(name, b"").rstrip(b"\0").decode(errors="replace") for name in (b"ICMT", b"IART"))
    return Entry(path, text, voice, size / 2 / rate, made)


def _chunks(data: bytes) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    place = 12
    while place + 8 <= len(data):
        name, size = data[place : place + 4], struct.unpack_from("<I", data, place + 4)[0]
        found.setdefault(name, data[place + 8 : place + 8 + size])
        place += 8 + size + size % 2
    return found


def _head(rate: int, size: int, beyond: int) -> bytes:
    whole = 36 + size + beyond
    return struct.pack("<4sI8sIHHIIHH4sI", b"RIFF", whole, b"WAVEfmt ", 16, 1, 1, rate, 2 * rate, 2, 16, b"data", size)


def _words(text: str, voice: str) -> bytes:
    """A list of the WAV format, which players pass over and file browsers show."""
    cut = text.encode(errors="replace")[:TEXT_BYTES].decode(errors="ignore").encode()
    fields = {b"ICMT": cut, b"IART": voice.encode(errors="replace"), b"ISFT": SOFTWARE}
    body = b"INFO" + b"".join(_chunk(name, value + b"\0") for name, value in fields.items())
    return _chunk(b"LIST", body)


def _chunk(name: bytes, value: bytes) -> bytes:
    return name + struct.pack("<I", len(value)) + value + b"\0" * (len(value) % 2)
