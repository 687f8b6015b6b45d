"""The reference recordings of a file store as a VoiceLibrary: its blocking look-ups run in threads."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from stts.engine_api import Voice
from stts.storage.files.store import FileStore


class StoredVoices:
    def __init__(self, files: FileStore) -> None:
        self._files = files

    async def find(self, name: str) -> Voice | None:
        """The recording of this id, this name, or this name with another extension."""
        return await asyncio.to_thread(self._files.voice, name)

    async def voices(self) -> Sequence[Voice]:
        """All reference recordings, up to a bound."""
        return await asyncio.to_thread(self._files.voices)
