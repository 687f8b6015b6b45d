"""Readings of an utterance's window: guesses while its speaker goes on, and at last the words that stand.

An engine that cuts its own window short to save work is asked once more, with the whole one, where its last words
contradict what two guesses in a row had agreed on: that is a sign of a cut or a loop which it cannot see itself.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import aclosing, suppress
from dataclasses import replace

from adapters.execution.instance import EngineInstance
from adapters.health.instance import InstanceHealth
from adapters.transcription.hint import hint
from adapters.transcription.hypothesis import Hypothesis
from stts.context import RequestContext
from stts.engine_api import STT_SAMPLE_RATE, ListenParams, Samples, Segment, STTEngine
from stts.errors import STTSError
from stts.text.transcript import join_texts

PATIENCE_SECONDS = 5.0
"""A guess goes behind whoever is due within this time."""


class WindowReader:
    """Asks one engine for the words of one utterance."""

    def __init__(
        self,
        instance: EngineInstance[STTEngine],
        health: InstanceHealth,
        params: ListenParams,
        context: RequestContext,
        utterance: Hypothesis,
    ) -> None:
        """`health` is told of each call."""
        self._instance = instance
        self._health = health
        self._params = params
        self._context = context
        self._utterance = utterance

    async def guess(self, samples: Samples) -> Sequence[Segment]:
        """The words so far, if the queue has room for a guess. Raises what the engine raises."""
        return await self._read(samples, replace(self._asked(), interim=True), PATIENCE_SECONDS)

    async def decide(self, samples: Samples, *, all_heard: bool = True) -> Sequence[Segment]:
        """The words that stand; `all_heard` as for Agreement. Raises what the engine raises at its first try."""
        asked = self._asked()
        words = await self._read(samples, asked)
        short = len(samples) <= self._instance.info.limits.short_window_seconds * STT_SAMPLE_RATE
        if short and self._utterance.contradicted(words, all_heard=all_heard):
            with suppress(STTSError):
                return await self._read(samples, replace(asked, whole_window=True))
        return words

    def _asked(self) -> ListenParams:
        language = self._utterance.language or self._params.language
        return replace(self._params, language=language, prompt=self._prompt())

    def _prompt(self) -> str | None:
        if not self._instance.info.abilities.prompt:
            return None
        heard = join_texts((self._params.prompt or "", self._utterance.decided), self._utterance.written)
        return hint(self._params.keywords, heard)

    async def _read(self, samples: Samples, params: ListenParams, patience_seconds: float = 0.0) -> Sequence[Segment]:
        """Transcribes in its turn: due now, or so much later if the queue has room for it."""
        context = self._context
        turn = self._instance.slot(time.monotonic() + patience_seconds, begun=not params.interim)
        async with self._health.waited(context, turn) as slot:
            context.metrics.add(queue=slot.queue_seconds, load=slot.load_seconds)
            started = time.perf_counter()
            with self._health.call(context, slot, first=not self._utterance.decided):
                async with aclosing(slot.run(lambda engine: engine.transcribe(samples, params))) as segments:
                    words = [segment async for segment in segments]
            spent = time.perf_counter() - started
            context.metrics.add(engine=spent)
        self._instance.observe(len(samples) / STT_SAMPLE_RATE, spent)
        return words
