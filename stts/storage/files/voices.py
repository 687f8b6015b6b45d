"""The voices of a file store as a VoiceLibrary: its blocking look-ups run in threads."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from stts.access.viewer import Viewer
from stts.engine_api import Voice
from stts.protocols import LibraryVoice
from stts.storage.files.store import FileStore

AT_ONCE = 4
"""Look-ups at once of which each may decode a recording of hours."""


class StoredVoices:
    def __init__(self, files: FileStore) -> None:
        self._files = files
        self._deriving = asyncio.Semaphore(AT_ONCE)
        """Whoever waits for a part of a recording holds no thread that others need."""

    async def find(self, name: str, viewer: Viewer, seconds: tuple[float, float] | None = None) -> LibraryVoice | None:
        """The voice of this id, this name, or this name with another extension, if it is for this viewer.

        `seconds`: shortest and longest recording that the engine uses; it gets the best part of a longer one.
        """
        if seconds is None:
            return await asyncio.to_thread(self._files.references.find, name, viewer)
        async with self._deriving:
            return await asyncio.to_thread(self._files.references.find, name, viewer, seconds)

    async def voices(self, viewer: Viewer) -> Sequence[Voice]:
        """The reference recordings that have a name for this viewer, up to a bound."""
        return await asyncio.to_thread(self._files.references.voices, viewer)

    async def blends(self, viewer: Viewer) -> Sequence[LibraryVoice]:
        """The blends that do, up to a bound."""
        return await asyncio.to_thread(self._files.references.blends, viewer)
