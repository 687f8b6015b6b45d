"""The services of one process: everything that routes and listeners share, made once from the configuration."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

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
from middleware.serving.lifecycle import Lifecycle
from middleware.serving.supervisor import Supervisor
from routers.access_services import AccessServices, build_access
from routers.batch_services import BatchServices, build_batches
from routers.engine_services import build_engines
from routers.http.operation import Listen, ReserveAhead, Speak
from routers.measuring import build_measures
from routers.pipelines import CheckProvenance, Converse, Detect, ReadPhonemes, build_pipelines
from routers.repeating import open_repeating
from routers.sockets.connection_limiter import ConnectionLimiter
from routers.sockets.running_sessions import RunningSessions
from routers.sockets.session_holders import SessionHolders
from routers.webrtc.calls import Calls
from stts.access.client_secrets import ClientSecrets
from stts.analytics.history import History
from stts.analytics.metrics import Metrics
from stts.analytics.recent import RecentOperations
from stts.analytics.resources import Resources
from stts.analytics.shared_history import SharedHistory
from stts.cache.opening import open_cache
from stts.cache.store import CacheStore
from stts.conversation.services import Hear, NewContext, Open, Reply, SessionServices
from stts.conversation.sessions import SessionStore
from stts.conversation.shared_sessions import SharedSessions
from stts.peers.link import Peers
from stts.peers.shared_metrics import WorkersMetrics
from stts.peers.shared_secrets import WorkersSecrets
from stts.plans import SpeechPlan
from stts.protocols import TranscriptionSession
from stts.settings import CurrentSettings, Settings
from stts.speech import SynthesisConfig
from stts.storage.files.store import FileStore
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
    recent: RecentOperations
    metrics: Metrics
    resources: Resources
    listeners: Supervisor
    """Those beside the main one."""
    repeating: Repeating | None = None
    """Answers requests again that are the same; None where each goes the long way."""
    tracer: Tracer | None = None
    """None where no traces are kept."""
    peers: Peers | None = None
    """The other workers of this server; None where it is one process."""
    all_metrics: WorkersMetrics | None = None
    """Metrics of all workers, where there are others."""
    config: ConfigAdapter | None = None
    """None where the settings are fixed: then there is no /config."""

    @property
    def open_session(self) -> Open:
        """Transcribes the utterances of a stream."""
        return self.operations.session

    def for_session(self, context: NewContext) -> SessionServices:
        """The services of the conversation sessions of one connection, whose contexts `context` makes."""
        caller, detector = context("conversation"), self.engines.turn_detector
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
            detector=detector if detector.may_answer else None,
            context=context,
            turns=self.tracer.turns(caller.link) if self.tracer is not None else None,
        )


def build_services(
    settings: Settings,
    *,
    config: ConfigAdapter | None = None,
    registry: Registry | None = None,
    lifecycle: Lifecycle | None = None,
    peers: Peers | None = None,
) -> Services:
    """Wires every part once. Loads no engine and no heavy library. `peers`: the other workers of this server.

    With `config` the settings are those of the file it manages, live and changeable at /config; without, they are
    fixed. Raises InvalidConfiguration for engine options that their engine does not accept.
    """
    current: CurrentSettings = config.current if config is not None else lambda: settings
    return _wired(current, config, registry or Registry(), lifecycle or Lifecycle(), peers)


def _wired(
    current: CurrentSettings,
    config: ConfigAdapter | None,
    registry: Registry,
    lifecycle: Lifecycle,
    peers: Peers | None,
) -> Services:
    access, jobs, listeners = build_access(current, peers), Jobs(), Supervisor()
    files, cache = FileStore(Path(current().storage.root), current), open_cache(current, peers)
    asked = build_engines(current, registry, files, cache)
    measures = build_measures(current, access, asked.engines, cache)
    pipelines, around = build_pipelines(current, measures, access, asked, cache, files)
    holders, secrets = SessionHolders(), ClientSecrets(lambda: current().realtime.secrets)
    if peers is not None:
        peers.on("sessions.let_go", holders.take_over)
        WorkersSecrets(peers, secrets)
        SharedHistory(peers, measures.history)
    limiter = _connection_limiter(current, access, lifecycle, listeners)
    repeats = open_repeating(current, access, cache, asked.selection, around.whole) if measures.tracer is None else None
    return Services(
        current,
        lifecycle,
        *pipelines,
        **asked._asdict(),
        reserve_ahead=around.quotas.ahead,
        cache=cache,
        models=ModelCatalogue(asked.engines, current),
        model_library=_library(registry, current, jobs, asked.engines),
        environments=EngineEnvironments(asked.engines, jobs),
        jobs=jobs,
        batches=build_batches(
            current, access.stores, files, asked.selection, pipelines.speak, pipelines.listen, around.yielding
        ),
        live_decoders=LiveDecoders(current),
        files=files,
        sessions=SessionStore(current, shared=SharedSessions(peers, current) if peers is not None else None),
        session_holders=holders,
        running_sessions=RunningSessions(measures.metrics.registry, peers),
        limiter=limiter,
        calls=Calls(limiter, current, measures.metrics.registry, peers),
        secrets=secrets,
        access=access,
        history=measures.history,
        recent=measures.recent,
        metrics=measures.metrics,
        resources=measures.resources,
        listeners=listeners,
        repeating=repeats,
        tracer=measures.tracer,
        peers=peers,
        all_metrics=WorkersMetrics(peers, measures.metrics.registry) if peers is not None else None,
        config=config,
    )


def _library(registry: Registry, current: CurrentSettings, jobs: Jobs, engines: EngineCatalogue) -> ModelLibrary:
    return ModelLibrary(registry.known_models, current, jobs, engines.in_use, engines.weights_changed)


def _connection_limiter(
    current: CurrentSettings, access: AccessServices, lifecycle: Lifecycle, listeners: Supervisor
) -> ConnectionLimiter:
    """It is drained at shutdown, and ends what is open with keys and listeners that end."""
    limiter = ConnectionLimiter(current, access.refusals, access.places, access.all_places)
    lifecycle.on_shutdown.append(limiter.drain)
    listeners.on_stop.append(limiter.end_listener)
    if access.directory is not None:
        access.directory.on_end.append(limiter.end_key)
        access.directory.in_use.append(limiter.keys_in_use)
    return limiter
