"""A folder of recordings that somebody keeps by hand, for a listener of its own: each is a voice by its file's name.

Nothing of it is remembered that a look at the folder does not confirm, so files may come, change and go at any time.
The part that engines clone is made once a content and kept in a hidden folder beside the recordings; where that cannot
be written, the recordings themselves are cloned.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from stts.access.viewer import EVERYBODY
from stts.audio.container import sniff
from stts.audio.decode import Decoder
from stts.engine_api import Voice
from stts.errors import UndecodableAudio
from stts.storage.files.derived import DerivedFiles
from stts.storage.files.failures import translated_disk_errors
from stts.storage.files.folder import Folder
from stts.storage.files.names import extension, is_plain, same_voice
from stts.storage.files.quota import Entry
from stts.storage.files.references import References

DERIVED = ".converted"
"""Folder with the parts that engines clone."""
DECODED_SECONDS = 60.0
"""The length of a longer recording is taken from its header: how long exactly makes no difference to anybody."""
MOST_KEPT = 2000
MOST_LISTED = 1000

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Recording:
    """One file, as far as its name and content go."""

    name: str
    """Name of the file."""
    seconds: float | None
    """None: it cannot be decoded."""

    @property
    def format(self) -> str:
        """The extension, without its dot."""
        return extension(self.name)[1:]


@dataclass(frozen=True, slots=True)
class Taken:
    """A recording that was asked for, as far as it was wanted."""

    recording: Recording
    voice: Voice | None = None
    """None: it is too short to be cloned, cannot be decoded, or nobody wanted it."""


class VoiceFolder:
    """Blocking; safe to use from many threads. Makes the folder where it can."""

    def __init__(self, path: Path, extensions: Sequence[str], seconds: tuple[float, float]) -> None:
        """`extensions`: those of recordings, in the order in which they stand in for each other. `seconds`: shortest
        and longest part that engines are given."""
        self._extensions = tuple(extensions)
        self._seconds = seconds
        self._folder = Folder("references", path.resolve())
        self._derived = DerivedFiles(self._folder.path, folder=DERIVED)
        self._references = References(self._folder, self._derived)
        self._lengths = _Kept[float | None]()
        self._voices = _Kept[Voice | None]()
        self._known: frozenset[str] = frozenset()
        """Names at the last look."""

    @property
    def exists(self) -> bool:
        return self._folder.path.is_dir()

    def make(self) -> None:
        """Raises OSError."""
        self._folder.path.mkdir(parents=True, exist_ok=True)

    def names(self) -> list[str]:
        """The recordings' file names, up to a bound; links, folders and hidden files are none.

        Raises StorageFailed where the folder cannot be read.
        """
        if not self.exists:
            return []
        with translated_disk_errors():
            entries = self._folder.entries()
        names = sorted(entry.path.name for entry in entries if self._is_audio(entry.path.name))
        if not self._known <= (known := frozenset(names)):
            self._derived.sweep([stored.id for stored in self._folder.described()])
        self._known = known
        return names[:MOST_LISTED]

    def find(self, name: str) -> str | None:
        """The file of this name, else one whose name differs in its extension or in letter case only.

        The name is compared, and no path is made from it.
        """
        if not is_plain(name):
            return None
        if self._is_audio(name) and self._folder.entry(name) is not None:
            return name
        names = self.names()
        alike = [each for each in names if same_voice(each) == same_voice(name)]
        return min(alike, key=lambda each: self._extensions.index(extension(each)), default=None)

    def take(self, name: str, *, voice: bool) -> Taken | None:
        """The recording that a name means, measured, and if wanted its voice; None: there is none."""
        found = self.find(name)
        if found is None:
            return None
        recording = self.recording(found)
        is_long = recording.seconds is not None and recording.seconds >= self._seconds[0]
        return Taken(recording, self.voice(found) if voice and is_long else None)

    def recording(self, name: str) -> Recording:
        """A file of `names`, measured."""
        entry = self._folder.entry(name)
        return Recording(name, None if entry is None else self._length(entry))

    def voice(self, name: str) -> Voice | None:
        """The voice of a file of `names`, with the part of it that engines clone; None where it has just gone."""
        entry = self._folder.entry(name)
        known = None if entry is None else self._voices.get(entry)
        if entry is None or (known is not None and Path(known.reference or "").is_file()):
            return known
        found = self._references.find(name, EVERYBODY, self._seconds)
        if found is None or found.voice.id != name:
            return None
        if found.voice.revision:
            # A part was made of it; another try may make one of what could not be written.
            self._voices.put(entry, found.voice)
        return found.voice

    def _is_audio(self, name: str) -> bool:
        return extension(name) in self._extensions

    def _length(self, entry: Entry) -> float | None:
        if entry not in self._lengths:
            self._lengths.put(entry, _measured_length(entry.path))
        return self._lengths.get(entry)


class _Kept(Generic[Value]):
    """Knowledge of files, by their sizes and times; the oldest goes first."""

    def __init__(self) -> None:
        self._values: OrderedDict[Entry, Value] = OrderedDict()
        self._lock = threading.Lock()

    def __contains__(self, entry: Entry) -> bool:
        return entry in self._values

    def get(self, entry: Entry) -> Value | None:
        return self._values.get(entry)

    def put(self, entry: Entry, value: Value) -> None:
        with self._lock:
            self._values[entry] = value
            while len(self._values) > MOST_KEPT:
                self._values.popitem(last=False)


def _measured_length(path: Path) -> float | None:
    """Seconds of a recording; a header may claim anything, so that what is short is decoded."""
    try:
        with path.open("rb") as file:
            decoder = Decoder(file, max_seconds=float("inf"))
            for _ in decoder:
                if decoder.seconds >= DECODED_SECONDS:
                    return max(sniff(file).duration or 0.0, decoder.seconds)
    except (OSError, UndecodableAudio):
        return None
    return decoder.seconds
