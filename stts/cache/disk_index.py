"""The index of the disk tier: which keys are there, in the order of their last use, and what is known of each."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from stts.cache.files import CachedFile
from stts.cache.stored import Label


@dataclass(frozen=True, slots=True)
class Indexed:
    """One file."""

    size: int
    """Bytes of the disk."""
    label: Label | None = None
    """None: the file was found in the folder, and nobody has read it yet."""


class DiskIndex:
    """Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        """Held where the next ones are changed."""
        self._files: OrderedDict[str, Indexed] = OrderedDict()
        """The one that was used longest ago first."""
        self.bytes = 0
        self._changed: set[str] | None = None
        """Keys that were noted or forgotten since a look at the folder has begun; None: there is none."""
        self._labels: dict[Label, Label] = {}
        """One of each, for many entries have the same; those that are no more go with the next look."""
        self._used: dict[str, None] = {}
        """Keys that were found in a faster tier, in their order, since `take_used`."""

    def __contains__(self, key: str) -> bool:
        return key in self._files

    def __len__(self) -> int:
        return len(self._files)

    def size(self, key: str) -> int | None:
        """Bytes of a file; None where it is not known."""
        file = self._files.get(key)
        return None if file is None else file.size

    def note(self, key: str, size: int, label: Label | None) -> None:
        """A file was written, or has become known."""
        with self._lock:
            label = None if label is None else self._labels.setdefault(label, label)
            old = self._files.pop(key, None)
            self.bytes += size - (old.size if old is not None else 0)
            self._files[key] = Indexed(size, label)
            self._note_change(key)

    def forget(self, key: str) -> None:
        with self._lock:
            old = self._files.pop(key, None)
            self.bytes -= old.size if old is not None else 0
            self._note_change(key)

    def describe(self, key: str, label: Label) -> None:
        """A file was read."""
        with self._lock:
            old = self._files.get(key)
            if old is not None and old.label is None:
                self._files[key] = Indexed(old.size, self._labels.setdefault(label, label))

    def touch(self, key: str) -> None:
        """It was used just now."""
        with self._lock:
            if key in self._files:
                self._files.move_to_end(key)

    def note_use(self, key: str) -> None:
        """It was used in a faster tier. Waits for nothing."""
        if key in self._files:
            self._used.pop(key, None)
            self._used[key] = None

    def take_used(self) -> Iterable[str]:
        """Those of which `note_use` was told, each once, in their order."""
        used, self._used = self._used, {}
        return tuple(used)

    def oldest(self) -> str | None:
        with self._lock:
            return next(iter(self._files), None)

    def files(self) -> list[tuple[str, Indexed]]:
        with self._lock:
            return list(self._files.items())

    def begin_look(self) -> None:
        """The folder is looked at. What is noted or forgotten meanwhile holds, whatever the look finds of it."""
        with self._lock:
            self._changed = set()

    def end_look(self, found: Iterable[CachedFile] | None) -> None:
        """`found`: the one that was used longest ago first; None: the look has failed."""
        with self._lock:
            old, changed, self._changed = self._files, self._changed or set(), None
            if found is None:
                return
            self._files = OrderedDict(
                (file.key, Indexed(file.size, _label(old.get(file.key)))) for file in found if file.key not in changed
            )
            self._files.update((key, file) for key, file in old.items() if key in changed)
            self.bytes = sum(file.size for file in self._files.values())
            self._labels = {file.label: file.label for file in self._files.values() if file.label is not None}

    def _note_change(self, key: str) -> None:
        if self._changed is not None:
            self._changed.add(key)


def _label(file: Indexed | None) -> Label | None:
    return None if file is None else file.label
