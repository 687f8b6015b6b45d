"""Speaks with one engine for all requests at once: text in, whole or as it is written, a stream of encoded audio out.

A task of its own makes the audio ahead of the client, one piece of text at a time, each in a slot of the engine. It is
decoupled from the client so that a slow reader never holds a slot, and bounded so that it never fills the memory.
Nothing waits in a slot, neither for the client nor for text.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial

import structlog

from adapters.execution.instance import EngineInstance
from adapters.health.instance import InstanceHealth
from adapters.speech.answer import Speech
from adapters.speech.dictionaries import ServerDictionaries
from adapters.speech.levels import MeasuredLevels
from adapters.speech.marking import network_of, require_watermark
from adapters.speech.pieces import PieceMaker
from adapters.speech.plan import plan_speech, rules_of, unreadable
from adapters.speech.relay import Relay
from adapters.speech.reuse import Reuse, is_worth_keeping
from adapters.speech.revision import Revision
from adapters.speech.text_source import CompleteText, StreamingText, TextSource
from stts.audio.speech import SpeechRenderer
from stts.context import CacheUse, Priority, RequestContext
from stts.engine_api import EngineInfo, TTSEngine
from stts.errors import Busy, EngineError, STTSError
from stts.plans import SpeechPlan
from stts.protocols import SentenceCache, VoiceLibrary
from stts.scheduling.chunking import ChunkPlanner
from stts.scheduling.playback import Playback
from stts.settings import CurrentSettings
from stts.speech import AudioChunk, AudioFormat, SynthesisConfig
from stts.streams.channel import Channel
from stts.streams.live import LiveText
from stts.streams.prefetch import prefetch
from stts.text.complete import cleaned
from stts.voice_names import Gender

AHEAD_BYTES = 2_000_000
"""Audio that may lie ready for a client that reads slowly; more pieces wait until it has read on."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class EngineTTSAdapter:
    """The TTSAdapter over any TTS engine."""

    def __init__(
        self,
        instance: EngineInstance[TTSEngine],
        settings: CurrentSettings,
        library: VoiceLibrary,
        health: InstanceHealth,
        sentences: SentenceCache | None = None,
    ) -> None:
        """`health` is told of each call. `sentences`: those that were spoken; None: none is kept."""
        self._instance = instance
        self._health = health
        self._settings = settings
        self._library = library
        self._sentences = sentences if is_worth_keeping(instance.info) else None
        self._revision = Revision(instance)
        self._encoding: dict[AudioFormat, float] = {}
        """Seconds of effects and encoding per second of speech, lately."""
        self._levels = MeasuredLevels()
        self._dictionaries = ServerDictionaries()
        self._pieces = PieceMaker(instance, health, settings)

    @property
    def name(self) -> str:
        """The name of the engine in requests."""
        return self._instance.name

    @property
    def info(self) -> EngineInfo:
        return self._instance.info

    def holds(self, plan: SpeechPlan) -> bool:
        """True if the engine speaks an earlier plan of this instance as it would have then: it has not been updated,
        nor has the voice."""
        voice = plan.voice
        same_voice = not voice.revision or self._instance.engine.find_voice(voice.id) == voice
        return same_voice and plan.revision == self._revision()

    async def plan(self, config: SynthesisConfig, gender: Gender = "") -> SpeechPlan:
        """Plans a speech for this engine. Raises UnknownVoice, InvalidParameter and UnsupportedFormat.

        `gender`: of the voice that this one stands in for, where the request names none of this engine's.
        """
        settings = self._settings()
        await require_watermark(settings)
        words = self._dictionaries.of(settings.tts)
        rules = rules_of(settings, self.name, self._library, gender, self._revision(), words)
        return await plan_speech(self._instance.engine, config, rules)

    async def synthesize(
        self, plan: SpeechPlan, text: str | LiveText, context: RequestContext, relay: Relay | None = None
    ) -> AsyncGenerator[AudioChunk, None]:
        """A whole text in which nothing can be spoken yields a short silence, marked `silent`; a live one nothing.

        `relay`: hands a text over that another engine has begun, and takes it where this one fails.
        """
        cut = None if relay is None else relay.begin()
        speech = await self._begin(plan, text, context, cut)
        if relay is not None:
            relay.carry(speech)
        if relay is None and isinstance(text, str) and self._needs_no_task(text, context):
            made = self._made(speech)
        else:
            made = prefetch(partial(self._make, speech, relay), AHEAD_BYTES, "speech")
        async with aclosing(made) as chunks:
            async for chunk in chunks:
                yield chunk

    def _needs_no_task(self, text: str, context: RequestContext) -> bool:
        """True for what need not be made ahead of its reader: nobody waits for it, or it is made at once."""
        return context.priority is Priority.BATCH or len(text) <= self.info.limits.at_once_characters

    async def _begin(
        self, plan: SpeechPlan, text: str | LiveText, context: RequestContext, cut: Speech | None
    ) -> Speech:
        settings = self._settings()
        limit = settings.limits.text_characters
        if isinstance(text, str):
            text = await cleaned(text, limit, speak_markup=plan.speak_markup)
        for warning in plan.warnings:
            context.warn(warning)
        problem = unreadable(plan.spoken(text), plan.voice, plan.language) if isinstance(text, str) else None
        if problem is not None:
            context.warn(problem)
        effects, network = self._levels.applied(plan), network_of(plan, settings)
        output = context.output_data
        output.engine, output.voice, output.language = plan.instance, plan.voice.id, plan.language
        output.audio = plan.output
        planner = ChunkPlanner(
            self.info.limits,
            first_seconds=settings.tts.first_chunk_seconds,
            growth=settings.tts.chunk_growth,
            live=context.priority < Priority.COLLECTED,
            streaming=self.info.abilities.streaming,
        )
        reuse = self._reuse(plan, context.cache_use)
        if cut is not None:
            renderer = cut.renderer.successor(effects, plan.sample_rate, network)
            return cut.successor(plan, renderer, planner, context, problem, reuse)
        renderer = SpeechRenderer(plan.output, effects, plan.sample_rate, network=network)
        playback = Playback(time.monotonic(), context.priority)
        script: TextSource
        if isinstance(text, str):
            if (pace := self._instance.real_time_factor) is not None:
                pace += self._encoding.get(plan.output.format, 0.0)
                output.expected_seconds = pace * len(text) / planner.characters_per_second
            script = CompleteText(text, plan.language, plan.dictionary)
        else:
            shortest = self.info.limits.min_characters
            script = StreamingText(
                text, plan.language, limit, shortest, plan.dictionary, speak_markup=plan.speak_markup
            )
        return Speech(script, plan, renderer, planner, playback, context, problem, reuse)

    def _reuse(self, plan: SpeechPlan, use: CacheUse) -> Reuse | None:
        kept = self._sentences
        if kept is None or not kept.is_wanted or use == "none":
            return None
        return Reuse(kept, self.info, plan, use)

    async def _make(self, speech: Speech, relay: Relay | None, ready: Channel[AudioChunk]) -> None:
        async with aclosing(self._pieces_of(speech, relay, ready)) as pieces:
            async for _ in pieces:
                pass

    async def _made(self, speech: Speech) -> AsyncGenerator[AudioChunk, None]:
        """Makes a piece when all before it was taken."""
        ready: Channel[AudioChunk] = Channel(math.inf)
        async with aclosing(self._pieces_of(speech, None, ready)) as pieces:
            try:
                async for _ in pieces:
                    for chunk in ready.unread():
                        yield chunk
            except STTSError:
                for chunk in ready.unread():
                    yield chunk
                raise
        for chunk in ready.unread():
            yield chunk

    async def _pieces_of(
        self, speech: Speech, relay: Relay | None, ready: Channel[AudioChunk]
    ) -> AsyncGenerator[None, None]:
        """Puts all of it, with an item after each piece."""
        try:
            while not speech.finished and not speech.handed_over:
                await ready.room()
                if not await speech.script.ready(speech.playback, self._instance.real_time_factor):
                    break
                await self._pieces.make(speech, ready, alone=relay is not None)
                yield
            if speech.handed_over:
                return
            if not speech.renderer.begun:
                await speech.end_unheard(ready)
            elif not speech.finished:
                speech.put(await asyncio.to_thread(speech.renderer.finish), ready)
        except (EngineError, Busy):
            if relay is not None:
                await relay.cut(speech, ready)
            raise
        finally:
            if speech.unsaid:
                log.warning("engine_made_no_sound", engine=self._instance.name, pieces=speech.unsaid)
            speech.tell_times()
            self._health.statistics.underruns += speech.underruns
            self._levels.learn(speech.plan.voice, speech.renderer.measured_level)
            self._learn_encoding(speech.plan.output.format, speech.renderer)

    def _learn_encoding(self, format: AudioFormat, renderer: SpeechRenderer) -> None:
        if renderer.seconds:
            pace = renderer.encode_seconds / renderer.seconds
            self._encoding[format] = (self._encoding.get(format, pace) + pace) / 2
