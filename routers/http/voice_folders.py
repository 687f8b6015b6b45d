"""Folders of voices for routes: their blocking look-ups run in threads of their own, a bounded number of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import structlog

from routers.http.workers import Workers
from stts.storage.files.voice_folder import Recording, Taken, VoiceFolder

READERS = 2
"""Threads that list, measure and convert recordings."""
MOST_WAITING = 64

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class FolderVoices:
    """Made once a listener. Every call raises Busy where too many wait."""

    def __init__(self, path: str, extensions: Sequence[str], seconds: tuple[float, float]) -> None:
        self._folder = VoiceFolder(Path(path).expanduser(), extensions, seconds)
        self._workers = Workers("voice folder", threads=READERS, queue_length=MOST_WAITING)
        try:
            self._folder.make()
        except OSError as error:
            log.warning("voice_folder_not_made", error=type(error).__name__)

    async def exists(self) -> bool:
        return await self._workers.run(lambda checkpoint: self._folder.exists)

    async def names(self) -> list[str]:
        return await self._workers.run(lambda checkpoint: self._folder.names())

    async def recordings(self) -> list[Recording]:
        """All, measured: what has not changed since the last time is not decoded again."""
        return [await self._recording(name) for name in await self.names()]

    async def take(self, name: str, *, voice: bool) -> Taken | None:
        """The recording that a client means by a name, and if wanted its voice, converted if it was not yet."""
        return await self._workers.run(lambda checkpoint: self._folder.take(name, voice=voice))

    async def _recording(self, name: str) -> Recording:
        return await self._workers.run(lambda checkpoint: self._folder.recording(name))
