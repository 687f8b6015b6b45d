"""Derived files: of each recording the part that an engine clones, repaired, made once and kept by content.

A voice has a folder by its id, which goes with it. A file in it is named by the digest of the recording and the
seconds that the engine uses, so that a recording that was replaced gets other files. They count for no quota: an
engine's limits bound each of them.
"""

from __future__ import annotations

import math
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

import structlog

from stts.audio.wav import whole_file
from stts.errors import STTSError
from stts.storage.files.atomic import replace_file
from stts.voices.measure import measured, suitable_rate
from stts.voices.repair import cut_out, repaired

FOLDER = "derived"
VERSION = 1
"""Counted up when repairs or the choice of the part change."""
MOST_SECONDS = 14_400.0
FAILED_SECONDS = 60.0
"""A recording that could not be read, or a file that could not be written, is tried again after so long."""
MOST_USELESS = 1000
"""Files of which it is remembered that there is nothing to be made."""
LOCKS = 16

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class DerivedFiles:
    """Blocking; safe to use from many threads."""

    def __init__(self, root: Path, clock: Callable[[], float] = time.monotonic, *, folder: str = FOLDER) -> None:
        """`clock`: seconds."""
        self._root = root / folder
        self._clock = clock
        self._making = tuple(threading.Lock() for _ in range(LOCKS))
        """Held while a file of a voice is made; some voices share one."""
        self._useless: OrderedDict[Path, float] = OrderedDict()
        """Files that are not made, each with the time from which on it is tried again."""

    def path(self, id: str, digest: str, recording: Path, seconds: tuple[float, float]) -> Path:
        """The part of a recording that an engine uses, of `seconds` at most; the recording itself where none can be
        made: then the engine says what is wrong with it."""
        target = self._root / id / f"{digest}-{seconds[0]:g}-{seconds[1]:g}-v{VERSION}.wav"
        if not digest:
            return recording
        if target.is_file():
            return target
        with self._lock_of(id):
            if target.is_file():
                return target
            if self._clock() < self._useless.get(target, -math.inf):
                return recording
            return self._tried(target, digest, recording, seconds)

    def remove(self, id: str) -> None:
        """Removes all of a voice; a disk that refuses is asked again by `sweep`."""
        shutil.rmtree(self._root / id, ignore_errors=True)

    def sweep(self, ids: Collection[str]) -> int:
        """Removes what belongs to none of these voices, and counts their folders."""
        try:
            lost = [folder for folder in self._root.iterdir() if folder.name not in ids]
        except FileNotFoundError:
            return 0
        for folder in lost:
            shutil.rmtree(folder, ignore_errors=True)
        return len(lost)

    def _lock_of(self, id: str) -> threading.Lock:
        return self._making[hash(id) % LOCKS]

    def _tried(self, target: Path, digest: str, recording: Path, seconds: tuple[float, float]) -> Path:
        try:
            made, again = self._made(target, digest, recording, seconds), math.inf
        except (OSError, STTSError) as error:
            log.warning("voice_not_derived", error=type(error).__name__)
            made, again = False, self._clock() + FAILED_SECONDS
        if made:
            return target
        self._useless[target] = again
        while len(self._useless) > MOST_USELESS:
            # Another thread may have taken the last one out.
            with suppress(KeyError):
                self._useless.popitem(last=False)
        return recording

    def _made(self, target: Path, digest: str, recording: Path, seconds: tuple[float, float]) -> bool:
        """False where no part of the recording is better than all of it."""
        shortest, longest = seconds
        with recording.open("rb") as file:
            figures = measured(file, max_seconds=MOST_SECONDS, longest=longest)
            if figures.level is None or figures.window.seconds <= shortest:
                return False
            rate = suitable_rate(figures.sample_rate)
            part = repaired(cut_out(file, figures.window, rate), rate)
        target.parent.mkdir(parents=True, exist_ok=True)
        for old in target.parent.iterdir():
            if not old.name.startswith(digest):
                old.unlink(missing_ok=True)
        replace_file(target, whole_file(part.samples, rate))
        return True
