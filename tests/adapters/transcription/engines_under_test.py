"""Catalogues of `faulty_engines`, and what a live test needs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from importlib.metadata import EntryPoint

import numpy as np

from engines.registry import GROUP, Registry
from stts.context import RequestContext
from stts.engine_api import Samples
from stts.protocols import HearRequest, TranscriptionSession
from stts.settings import EngineSettings, LimitSettings, Settings, STTSettings
from stts.streams.live import LiveAudio
from stts.transcription import (
    TranscriptCheckpoint,
    TranscriptDone,
    TranscriptEvent,
    TranscriptionConfig,
    TranscriptPartial,
    TranscriptSegment,
)
from tests.adapters.transcription import faulty_engines
from tests.adapters.transcription.faulty_engines import GATE
from tests.patience import PATIENCE
from tests.wired import Engines

CALL_SECONDS = 600.0
"""Skipped where an engine hangs."""


def registry() -> Registry:
    own = {
        "batch": "BatchEngine",
        "short": "ShortEngine",
        "faulty": "FaultyEngine",
        "deaf": "DeafEngine",
        "attentive": "AttentiveEngine",
        "loud": "LoudEngine",
    }
    entries = [EntryPoint(name, f"{faulty_engines.__name__}:{target}", GROUP) for name, target in own.items()]
    return Registry([*entries, EntryPoint("quick", "tests.fakes:LiveEchoEngine", GROUP)])


@asynccontextmanager
async def engines(place_seconds: float = 30.0, engine: str = "faulty", **options: object) -> AsyncIterator[Engines]:
    settings = Settings(
        limits=LimitSettings(call_seconds=CALL_SECONDS, place_seconds=place_seconds),
        stt=STTSettings(order=("quick", "batch"), vad="loud"),
        engines=EngineSettings(options={engine: options}),
    )
    GATE.set()
    made = Engines(registry(), lambda: settings)
    try:
        yield made
    finally:
        GATE.set()
        await made.close()


def open_session(made: Engines, engine: str, **config: object) -> asyncio.Future[TranscriptionSession]:
    return asyncio.ensure_future(made.session(TranscriptionConfig(engine=engine, **config)))  # type: ignore[arg-type]


def sound(seconds: float, level: float = 0.5) -> Samples:
    return np.full(int(seconds * 16_000), level, np.float32)


class Spoken(LiveAudio):
    """Never comes too early, however long its pieces are."""

    def write(self, samples: Samples, probability: float | Sequence[float] | None = None) -> None:
        super().write(samples, probability)
        self.early = 0.0


class Heard:
    """One utterance, heard by a task of its own."""

    def __init__(
        self,
        made: Engines,
        session: TranscriptionSession,
        clock: Callable[[], float] | None = None,
        *,
        judged: bool = True,
    ) -> None:
        """`clock` of the audio; without one, all of it comes as late as it was spoken."""
        self.audio = Spoken(30.0, judged=judged) if clock is None else LiveAudio(30.0, clock, judged=judged)
        self.context = RequestContext("stt")
        self.events: list[TranscriptEvent] = []
        self._changed = asyncio.Event()
        self.task = asyncio.create_task(self._hear(made, session))

    async def _hear(self, made: Engines, session: TranscriptionSession) -> None:
        async with aclosing(made.hear(self.context, HearRequest(self.audio, session))) as events:
            async for event in events:
                self.events.append(event)
                self._changed.set()

    async def until(self, kind: type[TranscriptEvent], count: int = 1) -> TranscriptEvent:
        """The newest of its kind, when there are so many. Raises what the operation raised."""
        async with asyncio.timeout(PATIENCE):
            while len(found := [event for event in self.events if isinstance(event, kind)]) < count:
                self._changed.clear()
                changed = asyncio.ensure_future(self._changed.wait())
                await asyncio.wait([changed, self.task], return_when=asyncio.FIRST_COMPLETED)
                changed.cancel()
                if self.task.done():
                    self.task.result()
                    assert any(isinstance(event, kind) for event in self.events)
        return found[-1]

    async def end(self) -> str:
        """Closes the audio. The text, after a look at what every utterance must keep to."""
        self.audio.close()
        async with asyncio.timeout(PATIENCE):
            await self.task
        segments = [event.segment for event in self.events if isinstance(event, TranscriptSegment)]
        assert isinstance(self.events[-1], TranscriptDone) and len(segments) <= 1
        text = segments[0].text if segments else ""
        assert self.told == text
        last = next((event for event in reversed(self.events) if isinstance(event, TranscriptPartial)), None)
        assert last is None or last.tail == ""
        return text

    @property
    def told(self) -> str:
        """All that is told for good."""
        return "".join(event.stable_delta for event in self.events if isinstance(event, TranscriptPartial))

    @property
    def settled(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, TranscriptCheckpoint)]
