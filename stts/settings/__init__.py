"""The one typed model of the configuration. config.yaml, environment and runtime changes all end up here.

Every key stands in config.yaml with its default and in docs/configuration.md with its line. `live` keys take effect
for the next request, the others after a restart; `protected` ones (paths, module names, URLs, keys) can be set in the
file and the environment only, never over HTTP.

A section may hold sections, mappings of sections by name and lists of them (`tuple[Listener, ...]`); each key in them
has its own marks, and one without any is protected where its mapping or list is. A key that moves gets a line in
`adapters/configuration/old_keys.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from stts.settings.analytics import AnalyticsSettings as AnalyticsSettings
from stts.settings.audit import AuditSettings as AuditSettings
from stts.settings.cache import CacheSettings as CacheSettings
from stts.settings.conversation import ConversationSettings as ConversationSettings
from stts.settings.database import DatabaseSettings as DatabaseSettings
from stts.settings.engines import EngineSettings as EngineSettings
from stts.settings.engines import InstanceSettings as InstanceSettings
from stts.settings.jobs import JobSettings as JobSettings
from stts.settings.limits import LimitSettings as LimitSettings
from stts.settings.listeners import ListenerSection as ListenerSection
from stts.settings.live import LiveSettings as LiveSettings
from stts.settings.logging import LoggingSettings as LoggingSettings
from stts.settings.models import ModelSettings as ModelSettings
from stts.settings.openai import OpenAISettings as OpenAISettings
from stts.settings.privacy import PrivacySettings as PrivacySettings
from stts.settings.quotas import QuotaSettings as QuotaSettings
from stts.settings.realtime import RealtimeSettings as RealtimeSettings
from stts.settings.reply import ReplySettings as ReplySettings
from stts.settings.routing import RoutingRule as RoutingRule
from stts.settings.routing import RoutingSettings as RoutingSettings
from stts.settings.section import Section, restarts
from stts.settings.security import SecuritySettings as SecuritySettings
from stts.settings.server import ServerSettings as ServerSettings
from stts.settings.storage import StorageSettings as StorageSettings
from stts.settings.stt import STTSettings as STTSettings
from stts.settings.telemetry import TelemetrySettings as TelemetrySettings
from stts.settings.tts import TTSSettings as TTSSettings
from stts.settings.usage import UsageSettings as UsageSettings
from stts.settings.watermark import WatermarkSettings as WatermarkSettings
from stts.settings.webrtc import WebRTCSettings as WebRTCSettings
from stts.settings.wyoming import WyomingSettings as WyomingSettings


class Settings(Section):
    server: ServerSettings = ServerSettings()
    security: SecuritySettings = SecuritySettings()
    limits: LimitSettings = LimitSettings()
    listeners: dict[str, ListenerSection] = restarts(
        "Listeners beside this one, by names of your own: each speaks dialects at a port or a path prefix.",
        default_factory=dict,
    )
    tts: TTSSettings = TTSSettings()
    stt: STTSettings = STTSettings()
    engines: EngineSettings = EngineSettings()
    models: ModelSettings = ModelSettings()
    routing: RoutingSettings = RoutingSettings()
    openai: OpenAISettings = OpenAISettings()
    conversation: ConversationSettings = ConversationSettings()
    reply: ReplySettings = ReplySettings()
    realtime: RealtimeSettings = RealtimeSettings()
    live: LiveSettings = LiveSettings()
    webrtc: WebRTCSettings = WebRTCSettings()
    wyoming: WyomingSettings = WyomingSettings()
    storage: StorageSettings = StorageSettings()
    cache: CacheSettings = CacheSettings()
    watermark: WatermarkSettings = WatermarkSettings()
    quotas: QuotaSettings = QuotaSettings()
    jobs: JobSettings = JobSettings()
    database: DatabaseSettings = DatabaseSettings()
    audit: AuditSettings = AuditSettings()
    privacy: PrivacySettings = PrivacySettings()
    logging: LoggingSettings = LoggingSettings()
    analytics: AnalyticsSettings = AnalyticsSettings()
    usage: UsageSettings = UsageSettings()
    telemetry: TelemetrySettings = TelemetrySettings()

    @property
    def keeps_usage(self) -> bool:
        """True if what clients use is kept in the database."""
        return self.security.keys if self.usage.enabled is None else self.usage.enabled

    @property
    def opens_database(self) -> bool:
        """True if something is kept in the database from the start."""
        return self.security.keys or self.keeps_usage or self.is_audited or self.quotas.counts_amounts

    @property
    def is_audited(self) -> bool:
        """True if an audit trail is kept."""
        return self.security.keys if self.audit.enabled is None else self.audit.enabled


CurrentSettings = Annotated[Callable[[], Settings], "the settings of this moment; call it once a request"]
