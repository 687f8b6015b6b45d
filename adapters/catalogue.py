"""The engine instances of this server by name: their states, their voices, and their life cycle."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from typing import Any

import structlog

from adapters.availability import Availability, Candidates
from adapters.descriptions import EngineDescription, OfferedVoice, description
from adapters.detection.end_of_turn import EngineTurnDetector
from adapters.detection.speakers import EngineSpeakers
from adapters.detection.speech_detector import SpeechDetector
from adapters.detection.vad import EngineVoiceActivity
from adapters.execution.instance import EngineInstance
from adapters.health.readings import reading
from adapters.health.registry import HealthRegistry
from adapters.making import make_instances, vad_instance
from adapters.offered_voices import offered_voices
from adapters.probes import LoadProbes, probe_work
from adapters.residency import Residency, Resident
from adapters.speech.adapter import EngineTTSAdapter
from adapters.transcription.adapter import EngineSTTAdapter
from adapters.transcription.streaming import StreamingSlots
from adapters.weights import WeightsLookup, take_up
from engines.registry import Registry
from stts.access.viewer import SERVER, Viewer
from stts.analytics.engine_statistics import Reading
from stts.engine_api import EngineKind
from stts.engine_state import Probe
from stts.errors import UnknownEngine
from stts.garbage_collection import freeze_gc_again
from stts.protocols import SentenceCache, VoiceLibrary
from stts.settings import CurrentSettings
from stts.settings.built_in import BASE_ENGINES

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class EngineCatalogue:
    """Made once. Which engine a request gets is decided by `adapters.selection`."""

    def __init__(
        self,
        registry: Registry,
        settings: CurrentSettings,
        library: VoiceLibrary,
        sentences: SentenceCache | None = None,
    ) -> None:
        """`sentences`: those that were spoken; None: none is kept.

        Raises InvalidConfiguration for options that an engine does not take, and for a VAD engine that is none.
        """
        self._settings = settings
        self._library = library
        self.instances: dict[str, EngineInstance[Any]] = dict(make_instances(registry, settings))
        self.weights = WeightsLookup()
        self.health = HealthRegistry(settings)
        """Statistics and circuit breakers of the engines that speak or listen."""
        self._availability = Availability(self.instances, self.weights, self.health, settings)
        self._probes = LoadProbes(self._probe_loaded)
        for instance in self.instances.values():
            instance.lifecycle.on_loaded = partial(self._loaded, instance.name)
        self.residency = Residency(self.residents, settings, self._unloaded)
        """Which engines stay loaded."""
        for instance in self.instances.values():
            self.residency.watch_loads(instance)
        vad = vad_instance(self.instances, settings().stt.vad)
        self.voice = EngineVoiceActivity(vad)
        """VAD of all live streams."""
        self.detector = SpeechDetector(vad, settings)
        """Speech detector of whole recordings."""
        self.speakers = EngineSpeakers(self.instances, settings, self.weights)
        self.speech = {
            each.name: EngineTTSAdapter(each, settings, library, self.health.add(each.name, "tts"), sentences)
            for each in self._of_kind("tts")
        }
        """Engines that speak."""
        self.streaming_slots = {
            each.name: StreamingSlots(each.info, partial(self._live_host, each), lambda: settings().limits, self.voice)
            for each in self._of_kind("stt")
        }
        """The right to hear live streams, by engine that listens."""
        self.transcription = {
            each.name: EngineSTTAdapter(
                each, vad, settings, self.streaming_slots[each.name], self.health.add(each.name, "stt"), self.speakers
            )
            for each in self._of_kind("stt")
        }
        """Engines that listen."""

    def instance(self, name: str) -> EngineInstance[Any]:
        """Raises UnknownEngine."""
        if name not in self.instances:
            raise UnknownEngine("There is no such engine.", param="engine", allowed=sorted(self.instances))
        return self.instances[name]

    def names(self, kind: EngineKind) -> frozenset[str]:
        """All that can be named, installed or not."""
        return frozenset(each.name for each in self._of_kind(kind))

    def describe(self, name: str) -> EngineDescription:
        """One engine as it is now. Raises UnknownEngine."""
        return description(self.instance(name), self.health.get(name))

    def descriptions(self, *kinds: EngineKind) -> list[EngineDescription]:
        """All engines as they are now, or those of some kinds."""
        found = (each for each in self.instances.values() if not kinds or each.kind in kinds)
        return [description(each, self.health.get(each.name)) for each in found]

    def readings(self) -> list[Reading]:
        """Statistics of all engines that speak or listen."""
        return [reading(each, self.health.of(each.name)) for kind in ("tts", "stt") for each in self._of_kind(kind)]

    async def voices(self, *names: str, viewer: Viewer | None = SERVER) -> list[OfferedVoice]:
        """The voices of all engines, or of those named, with those of the library that they can speak with and that
        have a name for the viewer; None: none of these.

        Raises UnknownEngine.
        """
        engines = [self.describe(name) for name in names] if names else self.descriptions("tts")
        described = [(each, self.instances[each.name].engine) for each in engines]
        return await offered_voices(described, self._library, viewer)

    @cached_property
    def turn_detector(self) -> EngineTurnDetector:
        """Turn detector of all sessions."""
        return EngineTurnDetector(self.instances, self._settings, self.weights)

    async def usable(self, *kinds: EngineKind) -> list[str]:
        """Names of engines that work here and now without fetching anything."""
        return await self._availability.usable([each for kind in kinds for each in self._of_kind(kind)])

    async def candidates(self, kind: EngineKind, order: Sequence[str] | None = None) -> Candidates:
        """The engines of an order that are usable here and now; by default that of the settings.

        Beside them those that rest after failures: they say for how long, where nothing else can do what is asked.
        """
        settings = self._settings()
        default = settings.tts.order if kind == "tts" else settings.stt.order
        return await self._availability.candidates(kind, default if order is None else order)

    async def chosen(self) -> list[str]:
        """The engines that `auto` takes for a request without options."""
        return [found.working[0] for kind in ("tts", "stt") if (found := await self.candidates(kind)).working]

    async def missing(self) -> dict[str, str]:
        """Engines of the base install that are in an order, but not here: name -> how to get it."""
        ordered = self.instances.keys() & {*self._settings().tts.order, *self._settings().stt.order}
        base = [self.instances[name] for name in BASE_ENGINES if name in ordered]
        here = await self._availability.usable(base)
        return {each.name: each.info.install for each in base if each.name not in here}

    async def live_places(self) -> tuple[int, int] | None:
        """Places of the listener that `auto` takes for live speech: taken, and all. None: it has no bound."""
        names = (await self.candidates("stt")).names[:1]
        if not names or not self.instances[names[0]].info.abilities.live:
            return None
        places = self.streaming_slots[names[0]]
        return places.taken, places.most

    async def load(self, name: str) -> None:
        """Loads an engine, if it is not loaded, and really runs it once. Raises UnknownEngine, and what a load does."""
        self.weights.forget(name)
        await self.instance(name).load()
        if not await self._probes.wait(name):
            await self.probe(name)

    async def unload(self, name: str) -> None:
        """Frees what an engine took. Raises UnknownEngine, and Conflict while it works for others."""
        await self._probes.end(name)
        if name in self.streaming_slots:
            await self.streaming_slots[name].unload()
        await self.instance(name).unload()
        self._unloaded(name)

    def loaded(self, engine: str) -> list[str]:
        """Names of the instances of an engine that are loaded, or being loaded, themselves or as live hosts."""
        mine = (each.instance for each in self.residents() if each.instance.engine_name == engine)
        return sorted({each.name for each in mine if each.state in ("loading", "ready")})

    def in_use(self, engine: str) -> list[str]:
        """Says in words what must be done before nothing uses the files of an engine any more; empty: nothing does."""
        mine = [name for name, each in self.instances.items() if each.engine_name == engine]
        live = [name for name in mine if self.has_live_sessions(name)]
        steps = {"unload": self.loaded(engine), "close the live sessions of": live}
        return [f"{step} {', '.join(names)}" for step, names in steps.items() if names]

    def has_live_sessions(self, name: str) -> bool:
        """True if live sessions are open on the instance's own hosts: their next words need it loaded again."""
        return name in self.streaming_slots and self.streaming_slots[name].awaited

    async def weights_changed(self, engine: str) -> None:
        """Forgets what was known of an engine whose models came or went, and a failure for want of them."""
        for instance in [each.instance for each in self.residents() if each.instance.engine_name == engine]:
            self.weights.forget(instance.name)
            await take_up(instance)

    async def probe(self, name: str) -> Probe:
        """Really runs an engine, loading it first if needed; one that works rests no more. Raises UnknownEngine."""
        instance, began = self.instance(name), self.health.clock()
        probe = await instance.probe(probe_work(instance.info))
        if probe.ok and not self.health.closed(name):
            self.health.succeeded(name, began)
        return probe

    async def close(self) -> None:
        """Ends all work, then frees all engines."""
        self._probes.cancel_all()
        await self.voice.close()
        await asyncio.gather(*(places.close() for places in self.streaming_slots.values()))
        await asyncio.gather(*(instance.close() for instance in self.instances.values()))

    def _live_host(self, instance: EngineInstance[Any], count: int) -> EngineInstance[Any]:
        host = instance.copies(count)
        self.residency.watch_loads(host)
        return host

    def residents(self) -> Iterator[Resident]:
        """All that can be loaded, live hosts beside the instances that they are copies of."""
        yield from (Resident(each) for each in self.instances.values())
        for places in self.streaming_slots.values():
            if places.host is not None:
                yield Resident(places.host, awaited=places.awaited)

    def _loaded(self, name: str) -> None:
        """A load has gone well; whether the engine works is known when it has been tried."""
        self.weights.forget(name)
        self.residency.look_soon()
        self._probes.start(name)

    def _unloaded(self, name: str) -> None:
        self.weights.forget(name)
        if self.instances[name].state != "ready":
            self.instances[name].engine.look_again()

    async def _probe_loaded(self, name: str) -> None:
        # Unloaded in between, by the residency for one, it stays so.
        if self.instances[name].state == "ready":
            await self.probe(name)
            freeze_gc_again()

    def _of_kind(self, kind: EngineKind) -> Iterator[EngineInstance[Any]]:
        return (instance for instance in self.instances.values() if instance.kind == kind)
