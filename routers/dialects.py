"""The dialects of this server, by name, each with its routes. A new one is added here.

Those that every server speaks are made with this module; those of other services are imported when a listener names
them, so that nobody pays for them who does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module

from middleware.edge.dialect import render_problem
from middleware.edge.problem import Problem
from middleware.listener import ListenerSettings
from routers.compat.live.calls import LiveCallRoutes
from routers.compat.live.routes import LiveRoutes
from routers.compat.openai.diarization import DiarizationRoutes
from routers.compat.openai.errors import render_openai_error
from routers.compat.openai.routes import OpenAIRoutes
from routers.compat.openai.timestamps import TimestampRoutes
from routers.compat.realtime.calls import CallRoutes
from routers.compat.realtime.interpreting.routes import TranslationRoutes
from routers.compat.realtime.routes import RealtimeRoutes
from routers.core.conversation import ConversationRoutes
from routers.core.engines import EngineRoutes
from routers.core.environments import EnvironmentRoutes
from routers.core.health import HealthRoutes
from routers.core.stt import STTRoutes
from routers.core.tts import TTSRoutes
from routers.dialect import Dialect, Routes
from routers.http.openai_errors import OpenAIError
from routers.management.all_jobs import AllJobs
from routers.management.analytics import AnalyticsRoutes
from routers.management.audit import AuditRoutes
from routers.management.batches import BatchRoutes
from routers.management.cache import CacheRoutes
from routers.management.config import ConfigRoutes
from routers.management.files import FileRoutes
from routers.management.jobs import JobRoutes
from routers.management.key_subjects import SubjectRoutes
from routers.management.keys import KeyRoutes
from routers.management.listeners import ListenerRoutes
from routers.management.me import MeRoutes
from routers.management.models import ModelRoutes
from routers.management.packages import PackageRoutes
from routers.management.personal_data import PersonalDataRoutes
from routers.management.recent_operations import RecentRoutes
from routers.management.transcription_jobs import TranscriptionJobRoutes
from routers.management.usage import UsageRoutes
from routers.management.users import UserRoutes
from routers.management.voices import LibraryVoiceRoutes
from routers.pages.site_routes import SiteRoutes
from routers.services import Services
from routers.websocket.conversation.routes import ConversationSocketRoutes
from routers.websocket.conversation_v1.routes import ConversationV1Routes
from routers.websocket.stt.routes import TranscriptionSocketRoutes
from routers.websocket.tts.routes import SpeechSocketRoutes
from stts.access.policy import RouteKind


def _native(services: Services, listener: ListenerSettings) -> Sequence[Routes]:
    return (
        HealthRoutes(services, front="app/home" if "pages" in listener.dialects else "docs"),
        EngineRoutes(services),
        EnvironmentRoutes(services.environments),
        TTSRoutes(services),
        STTRoutes(services),
        ConversationRoutes(services),
        SpeechSocketRoutes(services),
        TranscriptionSocketRoutes(services),
        ConversationSocketRoutes(services),
        ConversationV1Routes(services),
    )


def _openai(services: Services, listener: ListenerSettings) -> Sequence[Routes]:
    realtime = RealtimeRoutes(
        services.for_session,
        services.limiter,
        services.secrets,
        services.models,
        services.settings,
        services.access.quotas,
        services.calls.sessions,
    )
    translations = TranslationRoutes(
        services.for_session, services.limiter, services.secrets, services.models, services.settings
    )
    live = LiveRoutes(services)
    calls = CallRoutes(realtime, services.calls, services.settings)
    live_calls = LiveCallRoutes(services)
    return (
        *OpenAIRoutes(services).parts,
        realtime,
        calls,
        translations,
        live,
        live_calls,
        TimestampRoutes(services),
        DiarizationRoutes(services),
        LibraryVoiceRoutes(services),
    )


def _pages(services: Services, listener: ListenerSettings) -> Sequence[Routes]:
    return (SiteRoutes(),)


def _management(services: Services, listener: ListenerSettings) -> Sequence[Routes]:
    usage = services.access.stores.usage if services.access.usage is not None else None
    analytics = AnalyticsRoutes(
        services.history,
        services.metrics,
        services.resources,
        draining=lambda: services.lifecycle.phase == "draining",
        usage=usage,
        render=services.all_metrics.render if services.all_metrics is not None else None,
        peers=services.peers,
    )
    configuration = () if services.config is None else (ConfigRoutes(services.config),)
    models = ModelRoutes(services.model_library)
    # Before the others of /jobs, which take any word for an id.
    jobs = (
        BatchRoutes(services.batches, services.settings),
        TranscriptionJobRoutes(services.batches, services.files),
        PackageRoutes(services.batches, services.settings),
        JobRoutes(AllJobs(services.jobs, services.peers), services.batches),
    )
    me = MeRoutes(services.access.quotas, services.settings)
    access = (
        me,
        UserRoutes(services.access.administration),
        PersonalDataRoutes(services),
        KeyRoutes(services.access.administration),
        SubjectRoutes(services.access.administration, services.access.quotas),
    )
    audit = AuditRoutes(services.access.audit, services.access.stores.audit)
    cache = CacheRoutes(services.cache, services.engines, services.settings)
    counted = (analytics, RecentRoutes(services.recent, services.peers), UsageRoutes(usage), cache)
    addresses = ListenerRoutes(services.listeners, services.peers)
    return (FileRoutes(services.files), models, addresses, *jobs, *counted, *access, audit, *configuration)


NATIVE = Dialect(
    name="native",
    prefixes={"/": RouteKind.USE, "/engines": RouteKind.MANAGE},
    routes=_native,
    render_error=render_problem,
    error_shape=Problem,
)
OPENAI = Dialect(
    name="openai",
    prefixes={"/v1/": RouteKind.USE},
    routes=_openai,
    render_error=render_openai_error,
    error_shape=OpenAIError,
)
PAGES = Dialect(
    name="pages",
    prefixes=dict.fromkeys(("/app", "/assets", "/docs", "/talk"), RouteKind.USE),
    routes=_pages,
    render_error=render_problem,
    error_shape=Problem,
)
MANAGEMENT = Dialect(
    name="management",
    prefixes=dict.fromkeys(
        (
            "/config",
            "/files",
            "/models",
            "/model_card",
            "/jobs",
            "/listeners",
            "/analytics",
            "/metrics",
            "/admin",
            "/me",
        ),
        RouteKind.MANAGE,
    ),
    routes=_management,
    render_error=render_problem,
    error_shape=Problem,
)

DIALECTS = {dialect.name: dialect for dialect in (NATIVE, OPENAI, PAGES, MANAGEMENT)}
"""Dialects, in the order of the page at /docs."""

COMPATIBLE: Mapping[str, str] = {
    "batch-api": "routers.compat.batch_api.dialect:BATCH_API",
    "chatterbox-server": "routers.compat.chatterbox_server.dialect:CHATTERBOX_SERVER",
    "deepgram": "routers.compat.deepgram.dialect:DEEPGRAM",
    "discord": "routers.compat.tts_discord.dialect:DISCORD",
    "elevenlabs": "routers.compat.elevenlabs.dialect:ELEVENLABS",
    "kokoro-fastapi": "routers.compat.kokoro_fastapi.dialect:KOKORO_FASTAPI",
    "piper-server": "routers.compat.piper_server.dialect:PIPER_SERVER",
    "ttskit": "routers.compat.ttskit.dialect:TTSKIT",
}
"""Dialects of other services: name -> `module:NAME` of the Dialect, which is imported when it is asked for."""


def find_dialect(name: str) -> Dialect:
    """Raises KeyError for one that does not exist."""
    if name in DIALECTS:
        return DIALECTS[name]
    module, _, attribute = COMPATIBLE[name].partition(":")
    found: Dialect = getattr(import_module(module), attribute)
    return found
