"""The services of one process: everything that routes and listeners share, made once from the configuration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from adapters.catalogue import EngineCatalogue
from adapters.chat.router import Replies
from adapters.configuration.adapter import ConfigAdapter
from adapters.environments import EngineEnvironments
from adapters.hosted_names import ModelCatalogue
from adapters.jobs import Jobs
from adapters.model_library import ModelLibrary
from adapters.operations import EngineOperations
from adapters.phonemes import PhonemeReader
from adapters.selection import EngineSelection
from adapters.transcription.live_decoders import LiveDecoders
from engines.registry import Registry
from middleware.edge.repeats import Repeating
from middleware.pipeline import Stage
from middleware.serving.lifecycle import Lifecycle
from middleware.serving.supervisor import Supervisor
from middleware.stages.analytics import AnalyticsStage
from middleware.stages.caching import CachingStage
from middleware.stages.logging import LoggingStage
from middleware.stages.planning import PlanningStage
from middleware.stages.quotas import QuotaStage
from middleware.stages.timing import TimingStage
from middleware.stages.whole import WholeAnswers
from middleware.stages.yielding import YieldingStage
from middleware.traces import open_tracing
from routers.access_services import AccessServices, build_access
from routers.batch_services import BatchServices, build_batches
from routers.http.operation import Listen, ReserveAhead, Speak
from routers.http.recording import RecordingStage
from routers.pipelines import CheckProvenance, Converse, Detect, ReadPhonemes, build_pipelines
from routers.repeating import open_repeating
from routers.sockets.connection_limiter import ConnectionLimiter
from routers.sockets.running_sessions import RunningSessions
from routers.sockets.session_holders import SessionHolders
from routers.webrtc.calls import Calls
from stts.access.client_secrets import ClientSecrets
from stts.analytics.cache_metrics import CacheMetrics
from stts.analytics.history import History
from stts.analytics.memory_metrics import MemoryMetrics
from stts.analytics.metrics import Metrics
from stts.analytics.resources import Resources
from stts.cache.opening import open_cache
from stts.cache.sentences import StoredSentences
from stts.cache.store import CacheStore
from stts.conversation.services import Hear, NewContext, Open, Reply, SessionServices
from stts.conversation.sessions import SessionStore
from stts.plans import SpeechPlan
from stts.protocols import TranscriptionSession
from stts.scheduling.yielding import Yielding
from stts.settings import CurrentSettings, Settings
from stts.speech import SynthesisConfig
from stts.storage.files.store import FileStore
from stts.storage.files.voices import StoredVoices
from stts.transcription import TranscriptionConfig

if TYPE_CHECKING:
    from stts.telemetry.tracer import Tracer


@dataclass(frozen=True, slots=True)
class Services:
    """Operations with their stages around them, and the stores beside them. Holds no engine that is loaded."""

    settings: CurrentSettings
    lifecycle: Lifecycle
    speak: Speak
    listen: Listen
    hear: Hear
    reply: Reply
    converse: Converse
    detect: Detect
    check_provenance: CheckProvenance
    read_phonemes: ReadPhonemes
    reserve_ahead: ReserveAhead
    """Reserves the quotas of several speeches of one answer."""
    cache: CacheStore
    engines: EngineCatalogue
    selection: EngineSelection
    phonemes: PhonemeReader
    models: ModelCatalogue
    model_library: ModelLibrary
    environments: EngineEnvironments
    jobs: Jobs
    batches: BatchServices
    operations: EngineOperations
    replies: Replies
    live_decoders: LiveDecoders
    files: FileStore
    sessions: SessionStore
    session_holders: SessionHolders
    running_sessions: RunningSessions
    limiter: ConnectionLimiter
    calls: Calls
    secrets: ClientSecrets
    access: AccessServices
    history: History
    metrics: Metrics
    resources: Resources
    listeners: Supervisor
    """Those beside the main one."""
    repeating: Repeating | None = None
    """Answers requests again that are the same; None where each goes the long way."""
    tracer: Tracer | None = None
    """None where no traces are kept."""
    config: ConfigAdapter | None = None
    """None where the settings are fixed: then there is no /config."""

    @property
    def open_session(self) -> Open:
        """Transcribes the utterances of a stream."""
        return self.operations.session

    def for_session(self, context: NewContext) -> SessionServices:
        """The services of the conversation sessions of one connection, whose contexts `context` makes."""
        caller = context("conversation")
        permission = caller.principal.permission

        async def open_session(config: TranscriptionConfig) -> TranscriptionSession:
            return await self.open_session(replace(config, permission=permission))

        async def plan_speech(config: SynthesisConfig) -> SpeechPlan:
            return await self.selection.plan_speech(replace(config, permission=permission))

        return SessionServices(
            hear=self.hear,
            reply=self.reply,
            speak=self.speak,
            open=open_session,
            plan_speech=plan_speech,
            voice=self.engines.voice,
            detector=self.engines.turn_detector(),
            context=context,
            turns=self.tracer.turns(caller.link) if self.tracer is not None else None,
        )


def build_services(
    settings: Settings,
    *,
    config: ConfigAdapter | None = None,
    registry: Registry | None = None,
    lifecycle: Lifecycle | None = None,
) -> Services:
    """Wires every part once. Loads no engine and no heavy library.

    With `config` the settings are those of the file it manages, live and changeable at /config; without, they are
    fixed. Raises InvalidConfiguration for engine options that their engine does not accept.
    """
    current: CurrentSettings = config.current if config is not None else lambda: settings
    return _wired(current, config, registry or Registry(), lifecycle or Lifecycle())


def _wired(
    current: CurrentSettings, config: ConfigAdapter | None, registry: Registry, lifecycle: Lifecycle
) -> Services:
    listeners = Supervisor()
    access, jobs, files = build_access(current), Jobs(), FileStore(Path(current().storage.root), current)
    cache = open_cache(current)
    engines = EngineCatalogue(registry, current, StoredVoices(files), StoredSentences(cache, current))
    selection, replies = EngineSelection(engines, current), Replies(current)
    operations = EngineOperations(engines, selection, current)
    phonemes = PhonemeReader(engines, selection)
    measures = _measures(current, access, engines)
    CacheMetrics(lambda: cache.hits, measures.metrics.registry)
    quotas = QuotaStage(access.quotas, access.operations, current, access.refusals)
    yielding = Yielding()
    caching = cast(Stage, CachingStage(cache, operations.speak, current))
    planning, recording = (YieldingStage(yielding), PlanningStage(selection)), RecordingStage(files)
    whole = WholeAnswers(*measures.counting, quotas, planning[0], access.rates)
    pipelines = build_pipelines(
        measures.stages, quotas, planning, recording, caching, engines, operations, replies, phonemes, current
    )
    limiter = _connection_limiter(current, access, lifecycle, listeners)
    return Services(
        current,
        lifecycle,
        *pipelines,
        reserve_ahead=quotas.ahead,
        cache=cache,
        engines=engines,
        selection=selection,
        phonemes=phonemes,
        models=ModelCatalogue(engines, current),
        model_library=ModelLibrary(registry.known_models, current, jobs, engines.in_use, engines.weights_changed),
        environments=EngineEnvironments(engines, jobs),
        jobs=jobs,
        batches=build_batches(current, access.stores, files, selection, pipelines.speak, pipelines.listen, yielding),
        operations=operations,
        replies=replies,
        live_decoders=LiveDecoders(current),
        files=files,
        sessions=SessionStore(current),
        session_holders=SessionHolders(),
        running_sessions=RunningSessions(measures.metrics.registry),
        limiter=limiter,
        calls=Calls(limiter, current, measures.metrics.registry),
        secrets=ClientSecrets(lambda: current().realtime.secrets),
        access=access,
        history=measures.history,
        metrics=measures.metrics,
        resources=measures.resources,
        listeners=listeners,
        repeating=open_repeating(current, access, cache, selection, whole) if measures.tracer is None else None,
        tracer=measures.tracer,
        config=config,
    )


class _Measures(NamedTuple):
    """All that counts operations, and the stages that tell it of each."""

    history: History
    metrics: Metrics
    resources: Resources
    tracer: Tracer | None
    counting: tuple[LoggingStage, AnalyticsStage, TimingStage]
    stages: Sequence[Stage]


def _measures(current: CurrentSettings, access: AccessServices, engines: EngineCatalogue) -> _Measures:
    resources = Resources()
    metrics = Metrics(resources, engines.readings, lambda: access.refusals.counts)
    MemoryMetrics(engines.residency.memory, lambda: engines.residency.unloads, metrics.registry)
    history = History(current().analytics.history_minutes)
    tracer, tracing = open_tracing(current().telemetry)
    writers = (history, metrics) if access.usage is None else (history, metrics, access.usage)
    counting = (LoggingStage(current), AnalyticsStage(writers), TimingStage())
    return _Measures(history, metrics, resources, tracer, counting, (*tracing, *counting))


def _connection_limiter(
    current: CurrentSettings, access: AccessServices, lifecycle: Lifecycle, listeners: Supervisor
) -> ConnectionLimiter:
    """It is drained at shutdown, and ends what is open with keys and listeners that end."""
    limiter = ConnectionLimiter(current, access.refusals, access.places)
    lifecycle.on_shutdown.append(limiter.drain)
    listeners.on_stop.append(limiter.end_listener)
    if access.directory is not None:
        access.directory.on_end.append(limiter.end_key)
        access.directory.in_use.append(limiter.keys_in_use)
    return limiter
