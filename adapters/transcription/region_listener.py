"""Gives regions of speech to an engine one after the other, each with what was heard before it."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from adapters.execution.instance import EngineInstance
from adapters.health.instance import InstanceHealth
from adapters.transcription.hint import HEARD_CHARACTERS, hint
from adapters.transcription.segments import shifted, written
from stts.context import Priority, RequestContext
from stts.engine_api import STT_SAMPLE_RATE, ListenParams, Segment, STTEngine
from stts.scheduling.playback import Playback
from stts.text.transcript import join_texts
from stts.vad.regions import Region


class RegionListener:
    """Transcribes the regions of one recording, or of one utterance that came as if it were one."""

    def __init__(
        self,
        instance: EngineInstance[STTEngine],
        health: InstanceHealth,
        params: ListenParams,
        context: RequestContext,
    ) -> None:
        """`health` is told of each call."""
        self._instance = instance
        self._health = health
        self._params = params
        self.context = context
        self._progress = Playback(
            time.monotonic(), Priority.BATCH if context.priority is Priority.BATCH else Priority.STREAM
        )
        """Whoever has got less of their recording back goes first: a short clip does not wait for a long file."""
        self._heard = params.prompt or ""
        self.language = params.language

    @property
    def deadline(self) -> float:
        return self._progress.deadline

    async def listen(self, region: Region) -> AsyncGenerator[Segment, None]:
        params = replace(self._params, language=self.language, prompt=self._prompt())
        turn = self._instance.slot(self._progress.deadline, begun=self._progress.begun)
        async with self._health.waited(self.context, turn) as slot:
            self.context.metrics.add(queue=slot.queue_seconds, load=slot.load_seconds)
            started = time.perf_counter()
            with self._health.call(self.context, slot, first=not self._progress.begun) as call:
                async with aclosing(slot.run(lambda engine: engine.transcribe(region.samples, params))) as segments:
                    async for segment in segments:
                        call.item()
                        self._remember(segment)
                        yield written(shifted(segment, region.start), params.task)
            spent = time.perf_counter() - started
            self.context.metrics.add(engine=spent)
        seconds = len(region.samples) / STT_SAMPLE_RATE
        self._instance.observe(seconds, spent)
        self._progress.made(seconds, time.monotonic())

    def _prompt(self) -> str | None:
        if not self._instance.info.abilities.prompt:
            return None
        return hint(self._params.keywords, self._heard)

    def _remember(self, segment: Segment) -> None:
        self.language = self.language or segment.language
        language = written(segment, self._params.task).language or self.language
        self._heard = join_texts((self._heard, segment.text), language)[-HEARD_CHARACTERS:]
