"""Makes the next piece of an answer: renders again what is known, or has the engine speak it in a slot."""

from __future__ import annotations

import asyncio
import math
import time
from contextlib import aclosing

from adapters.execution.instance import EngineInstance
from adapters.health.instance import InstanceHealth
from adapters.speech.answer import Speech
from adapters.speech.render import LEISURE_SECONDS, ChunkRenderer
from adapters.speech.reuse import rendered_again
from adapters.speech.series import SeriesMaker, SeriesPiece
from stts.context import Priority
from stts.engine_api import TTSEngine
from stts.settings import CurrentSettings
from stts.speech import AudioChunk
from stts.streams.channel import Channel
from stts.text.word_places import WordPlaces


class PieceMaker:
    """One for each instance."""

    def __init__(self, instance: EngineInstance[TTSEngine], health: InstanceHealth, settings: CurrentSettings) -> None:
        self._instance = instance
        self._health = health
        self._series = SeriesMaker(instance, health, settings)

    async def make(self, speech: Speech, ready: Channel[AudioChunk], *, alone: bool) -> None:
        """`alone`: in a slot of its own, also where nobody waits for it."""
        if await self._repeat(speech, ready):
            return
        context = speech.context
        if alone or context.priority is not Priority.BATCH or (context.span is not None and context.span.recorded):
            await self._make_in_slot(speech, ready)
        else:
            await self._make_in_series(speech, ready)

    async def _repeat(self, speech: Speech, ready: Channel[AudioChunk]) -> bool:
        """Renders the next sentence where it was spoken before, without a slot; False: it is to be spoken."""
        known = await speech.reuse.look(speech.script) if speech.reuse is not None else None
        if known is None or speech.handed_over:
            return speech.handed_over
        sentence, spoken = known
        speech.script.take(sentence.end)
        speech.begin_piece(sentence.text)
        rate = speech.plan.sample_rate
        places = WordPlaces(sentence.text, [speech.plan.spoken(sentence.text)])
        chunks = rendered_again(spoken, speech.renderer, rate, places, last=speech.finished)
        while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
            speech.put(chunk, ready)
        speech.end_piece()
        speech.planner.made(len(sentence.text), spoken.seconds(rate))
        return True

    async def _make_in_slot(self, speech: Speech, ready: Channel[AudioChunk]) -> None:
        """Waits for a slot and only then cuts the piece: what fits best is known when its turn has come."""
        playback = speech.playback
        turn = self._instance.slot(playback.deadline, begun=playback.begun)
        async with self._health.waited(speech.context, turn) as slot:
            if speech.handed_over:
                return
            speech.context.metrics.add(queue=slot.queue_seconds, load=slot.load_seconds)
            piece = self._cut(speech, spare=playback.deadline - time.monotonic() if playback.begun else None)
            if piece is None:
                return
            with self._health.call(speech.context, slot, first=not playback.begun) as call:
                async with aclosing(slot.run(piece.render)) as chunks:
                    async for chunk in chunks:
                        call.item()
                        speech.put(chunk, ready)
        self._end(speech, piece)

    async def _make_in_series(self, speech: Speech, ready: Channel[AudioChunk]) -> None:
        """Makes it after those of other answers, without the turns of slot and loop that short ones mostly wait for."""
        if (renderer := self._cut(speech)) is None:
            return
        playback = speech.playback
        piece = SeriesPiece(renderer, playback.deadline, begun=playback.begun)
        try:
            await self._series.make(piece)
        finally:
            speech.context.metrics.add(queue=piece.queue_seconds)
            for chunk in piece.chunks:
                speech.put(chunk, ready)
        if piece.first_seconds and not playback.begun:
            self._health.statistics.first(piece.first_seconds)
        self._end(speech, renderer)

    def _cut(self, speech: Speech, spare: float | None = None) -> ChunkRenderer | None:
        """The next piece of its text. `spare`: seconds until its listener has heard all; None: there is nothing yet."""
        budget = speech.planner.budget(
            self._instance.real_time_factor,
            spare=spare,
            streams=math.ceil((self._instance.running + self._instance.waiting) / self._instance.slots),
        )
        limits = self._instance.info.limits
        text = speech.next_piece(budget, limits)
        if text is None:
            return None
        at_once = len(text) <= limits.at_once_characters and not speech.plan.watermark
        piece = ChunkRenderer(
            speech.parts,
            speech.plan,
            speech.renderer,
            last=speech.finished,
            written=speech.piece,
            hurried=speech.hurried(time.monotonic()) and not at_once,
            recorded=speech.reuse is not None and speech.reuse.is_recording,
            begins=not speech.sent,
            pause=LEISURE_SECONDS if at_once or speech.context.priority is Priority.BATCH else 0.0,
        )
        speech.held = piece.held
        return piece

    def _end(self, speech: Speech, piece: ChunkRenderer) -> None:
        text = speech.piece
        speech.end_piece(piece)
        self._instance.observe(piece.audio_seconds, piece.engine_seconds)
        speech.planner.made(len(text), piece.audio_seconds)
        speech.context.metrics.add(engine=piece.engine_seconds)
