"""Live streams in container formats: a decoder and a thread for each, and no more of them than the operator allows."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.execution.threads import END, Run, outlast
from stts.audio.live_decode import Pipe, decode_live
from stts.engine_api import Samples
from stts.errors import Busy
from stts.settings import CurrentSettings

PATIENCE_SECONDS = 5.0
"""Seconds for a decoder to end after its last bytes."""
RETRY_SECONDS = 5.0


class LiveDecoder:
    """One stream: write what comes, iterate over what it decodes to."""

    def __init__(self, pipe: Pipe, run: Run[Samples]) -> None:
        self._pipe = pipe
        self._run = run

    async def write(self, data: bytes) -> None:
        """Waits while too much is not decoded yet."""
        await self._pipe.write(data)

    def end(self) -> None:
        """The recording is complete."""
        self._pipe.close()

    async def __aiter__(self) -> AsyncIterator[Samples]:
        """Mono at 16 kHz, until the end. Raises UndecodableAudio."""
        while (samples := await self._run.next()) is not END:
            yield samples
        if (error := self._run.take_error()) is not None:
            raise error


class LiveDecoders:
    """All of the application. A thread that has not ended still counts."""

    def __init__(self, settings: CurrentSettings) -> None:
        self._settings = settings
        self.open = 0

    @asynccontextmanager
    async def decoder(self) -> AsyncIterator[LiveDecoder]:
        """Raises Busy. Its thread has ended when the context is left."""
        most = self._settings().limits.live_decoders
        if self.open >= most:
            raise Busy(f"All {most} decoders of live streams are taken; PCM needs none.", retry_after=RETRY_SECONDS)
        pipe = Pipe()
        run = Run(lambda: decode_live(pipe))
        run.on_end = self._ended
        threading.Thread(target=run, name="live-decoder", daemon=True).start()
        self.open += 1
        try:
            yield LiveDecoder(pipe, run)
        finally:
            pipe.close()
            run.abort()
            await outlast(run, PATIENCE_SECONDS)

    def _ended(self) -> None:
        self.open -= 1
