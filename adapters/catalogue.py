"""All engines of this server: their instances and adapters by name, and which one `auto` takes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Any

import structlog

from adapters.detection.end_of_turn import EngineTurnDetector
from adapters.detection.speech_detector import SpeechDetector
from adapters.detection.vad import EngineVoiceActivity
from adapters.execution.garbage_collection import freeze_gc_again
from adapters.execution.instance import EngineInstance
from adapters.model_names import engine_named
from adapters.probes import probe_work
from adapters.speech.adapter import EngineTTSAdapter
from adapters.speech.voice_choice import ReferenceVoices
from adapters.speech.written_language import WrittenLanguage
from adapters.transcription.adapter import EngineSTTAdapter
from adapters.transcription.streaming import StreamingSlots
from engines.registry import Registry
from stts.audio.formats import resolve_sample_rate
from stts.context import RequestContext
from stts.engine_api import EngineKind
from stts.engine_state import AUTO, Probe
from stts.errors import (
    EngineCrashed,
    EngineNotInstalled,
    InvalidConfiguration,
    InvalidRequest,
    STTSError,
    UnknownEngine,
)
from stts.protocols import HearRequest, STTAdapter, TranscriptionSession, TTSAdapter
from stts.settings import CurrentSettings
from stts.speech import AudioChunk, SpeechRequest, SynthesisConfig
from stts.streams.live import LiveText
from stts.transcription import ListenRequest, TranscriptEvent, TranscriptionConfig

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()

PROBE_DELAY_SECONDS = 0.05
"""Between a load and its probe: requests that have waited for the load go first."""


class Engines:
    """Made once. `speak` and `listen` are the operations at the end of the pipeline."""

    def __init__(self, registry: Registry, settings: CurrentSettings, references: ReferenceVoices) -> None:
        self._settings = settings
        self.instances: dict[str, EngineInstance[Any]] = dict(_instances(registry, settings))
        self._written_language = WrittenLanguage()
        self._probes: dict[str, asyncio.Task[None]] = {}
        for instance in self.instances.values():
            instance.on_loaded = partial(self._probe_soon, instance.name)
        vad = self._vad()
        self.voice = EngineVoiceActivity(vad)
        """For all live streams."""
        self.detector = SpeechDetector(vad, settings)
        """For whole recordings."""
        self._tts = {
            instance.name: EngineTTSAdapter(instance, settings, references) for instance in self._of_kind("tts")
        }
        self._places = {
            instance.name: StreamingSlots(instance.info, instance.copies, lambda: settings().limits, self.voice)
            for instance in self._of_kind("stt")
        }
        self._stt = {
            instance.name: EngineSTTAdapter(instance, vad, settings, self._places[instance.name])
            for instance in self._of_kind("stt")
        }

    def instance(self, name: str) -> EngineInstance[Any]:
        """Raises UnknownEngine."""
        if name not in self.instances:
            raise UnknownEngine("There is no such engine.", param="engine", allowed=sorted(self.instances))
        return self.instances[name]

    async def speak(self, context: RequestContext, request: SpeechRequest) -> AsyncGenerator[AudioChunk, None]:
        if isinstance(request.text, LiveText):
            # What can be refused at all is refused before the first words are waited for.
            await self.check_speech(request.config)
        config = await self._with_language(request)
        adapter: TTSAdapter = await self.speaker(config)
        async with aclosing(adapter.synthesize(request.text, config, context)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def listen(self, context: RequestContext, request: ListenRequest) -> AsyncGenerator[TranscriptEvent, None]:
        adapter: STTAdapter = await self.listener(request.config)
        async with aclosing(adapter.transcribe(request.audio, request.config, context)) as events:
            async for event in events:
                yield event

    async def hear(self, context: RequestContext, request: HearRequest) -> AsyncGenerator[TranscriptEvent, None]:
        async with aclosing(request.session.transcribe(request.audio, context)) as events:
            async for event in events:
                yield event

    async def session(self, config: TranscriptionConfig) -> TranscriptionSession:
        """A place for one live stream, with the engine ready to listen; whoever opens it closes it.

        Raises as `listener`, Busy where all places are taken, and what a load raises.
        """
        adapter = await self.listener(config)
        session = adapter.session(config)
        try:
            await session.prepare()
        except BaseException:
            await session.aclose()
            raise
        return session

    async def speaker(self, config: SynthesisConfig) -> EngineTTSAdapter:
        """The engine named, or the first of `tts.order` that can do what is asked without fetching anything.

        One that can do it only with a voice or a language other than asked for comes after those that need not. Raises
        UnknownEngine; for `auto` what the last candidate had against the request.
        """
        named = engine_named(config.engine, self._tts, self._settings().openai.models, "tts")
        if named != AUTO:
            return self._tts[named]
        reason: InvalidRequest | None = None
        second_best: EngineTTSAdapter | None = None
        for name in await self._candidates("tts"):
            try:
                speaking = await self._tts[name].resolve(config)
            except InvalidRequest as refused:
                reason = refused
                continue
            if speaking.exact:
                return self._tts[name]
            second_best = second_best or self._tts[name]
        if second_best is not None:
            return second_best
        raise reason or EngineNotInstalled("No engine of tts.order is installed with its weights on this disk.")

    async def listener(self, config: TranscriptionConfig) -> EngineSTTAdapter:
        """The engine named, or the first of `stt.order` that can do what is asked without fetching anything."""
        named = engine_named(config.engine, self._stt, self._settings().openai.models, "stt")
        if named != AUTO:
            return self._stt[named]
        reason: InvalidRequest | None = None
        for name in await self._candidates("stt"):
            try:
                self._stt[name].resolve(config)
            except InvalidRequest as refused:
                reason = refused
            else:
                return self._stt[name]
        raise reason or EngineNotInstalled("No engine of stt.order is installed with its weights on this disk.")

    async def check_speech(self, config: SynthesisConfig) -> None:
        """Raises what speaking would raise for an engine, a voice, a parameter or a rate that does not exist."""
        speaker = await self.speaker(config)
        resolve_sample_rate(config.format, config.sample_rate, speaker.info.sample_rate)
        await speaker.resolve(config)

    def turn_detector(self) -> EngineTurnDetector:
        """For all sessions."""
        return EngineTurnDetector(self.instances, self._settings)

    async def chosen(self) -> list[str]:
        """The engines that `auto` takes for a request without options."""
        firsts = [names[0] for kind in ("tts", "stt") if (names := await self._candidates(kind))]
        return [name for name in firsts if not self.instances[name].rest]

    async def live_places(self) -> tuple[int, int] | None:
        """Places of the listener that `auto` takes for live speech: taken, and all. None: it has no bound."""
        names = await self._candidates("stt")
        if not names or not self.instances[names[0]].info.abilities.live:
            return None
        places = self._places[names[0]]
        return places.taken, places.most

    async def load(self, name: str) -> None:
        """Loads an engine, if it is not loaded, and really runs it once."""
        await self.instance(name).load()
        if name in self._probes:
            await asyncio.wait([self._probes[name]])

    async def unload(self, name: str) -> None:
        """Frees what an engine took. Raises Conflict while it works."""
        if name in self._places:
            await self._places[name].unload()
        await self.instance(name).unload()

    async def probe(self, name: str) -> Probe:
        """Really runs an engine once, loading it first if needed."""
        instance = self.instance(name)
        return await instance.probe(probe_work(instance.info))

    async def preload(self) -> None:
        """Loads `engines.preload`, one after the other; what fails is logged and shown at /ready."""
        if self._settings().tts.detect_language:
            await self._written_language.prepare()
        await self._load_each(self._settings().engines.preload)

    async def warm_up(self) -> None:
        """Starts the processes of engines that `auto` takes, where that is quick and small, so that nobody waits."""
        await self._load_each([name for name in await self.chosen() if self.instances[name].info.limits.spare])

    async def _load_each(self, names: Iterable[str]) -> None:
        for name in names:
            try:
                await self.load(name)
            except STTSError as error:
                log.warning("preload_failed", engine=name, code=error.code)

    async def close(self) -> None:
        """Ends all work, then frees all engines."""
        for task in self._probes.values():
            task.cancel()
        await self.voice.close()
        await asyncio.gather(*(places.close() for places in self._places.values()))
        await asyncio.gather(*(instance.close() for instance in self.instances.values()))

    async def _with_language(self, request: SpeechRequest) -> SynthesisConfig:
        """With the language of the text, where none is asked for and it can be told."""
        config = request.config
        if config.language is not None or not self._settings().tts.detect_language:
            return config
        found = await self._written_language.of(request.text)
        return replace(config, detected=found or config.detected)

    def _probe_soon(self, name: str) -> None:
        """A load has gone well; whether the engine works is known when it has been tried."""
        task = asyncio.create_task(self._probe_after_load(name), name=f"probe {name}")
        self._probes[name] = task
        task.add_done_callback(partial(self._probed, name))

    def _probed(self, name: str, task: asyncio.Task[None]) -> None:
        if self._probes.get(name) is task:
            del self._probes[name]

    async def _probe_after_load(self, name: str) -> None:
        await asyncio.sleep(PROBE_DELAY_SECONDS)
        await self.probe(name)
        freeze_gc_again()

    async def _candidates(self, kind: EngineKind) -> list[str]:
        """Names in the configured order that are usable here and now, then those that a crash loop has put to rest.

        The latter say for how long, where nothing else can do what is asked.
        """
        settings = self._settings()
        order = settings.tts.order if kind == "tts" else settings.stt.order
        usable: list[str] = []
        resting: list[str] = []
        for name in order:
            instance = self.instances.get(name)
            if instance is None or instance.info.kind != kind or instance.state == "not_installed":
                continue
            if instance.state == "failed":
                if isinstance(instance.failure, EngineCrashed):
                    (resting if instance.rest else usable).append(name)
                continue
            if instance.info.network and not settings.engines.allow_network:
                continue
            if instance.state == "ready" or await asyncio.to_thread(instance.engine.weights_present):
                usable.append(name)
        return usable + resting

    def _vad(self) -> EngineInstance[Any]:
        name = self._settings().stt.vad
        if name not in self.instances or self.instances[name].info.kind != "vad":
            known = ", ".join(instance.name for instance in self._of_kind("vad"))
            raise InvalidConfiguration(f"stt.vad must be one of: {known}", param="stt.vad")
        return self.instances[name]

    def _of_kind(self, kind: EngineKind) -> Iterator[EngineInstance[Any]]:
        return (instance for instance in self.instances.values() if instance.info.kind == kind)


def _instances(registry: Registry, settings: CurrentSettings) -> Iterator[tuple[str, EngineInstance[Any]]]:
    """Hosts of all engines that can be named. One whose module does not import costs the others nothing."""
    for name in registry.names():
        try:
            # One more than may decode uploads: live streams have a slot of their own.
            capacity = settings().limits.decoders + 1 if name == settings().stt.vad else None
            yield name, EngineInstance(name, registry, settings, capacity=capacity)
        except InvalidConfiguration:
            raise
        except Exception as error:  # noqa: BLE001 - a stranger's module: whatever it raises, the others go on
            log.warning("engine_left_out", engine=name, error=type(error).__name__)
