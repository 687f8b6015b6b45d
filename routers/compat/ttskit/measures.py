"""GET /api/v1/metrics, /rate-limit and /config, and the cache: statistics, whether it is on, and clearing it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import psutil
from fastapi import Request

from middleware.edge.auditing import note_audit
from middleware.edge.listener_limits import listener_rates
from middleware.listener import ListenerSettings
from routers.compat.ttskit.admin_schemas import user_name
from routers.compat.ttskit.options import TTSKitOptions
from routers.compat.ttskit.schemas import DEFAULT_FORMAT, LANGUAGE, NAMES, TEXT_CHARACTERS
from routers.compat.ttskit.system_schemas import (
    CacheState,
    CacheStatistics,
    Message,
    RateLimit,
    SpeechStatistics,
    SystemMeasures,
    SystemMetrics,
)
from routers.http.deferred_route import deferred_router
from routers.http.operation import network_of, principal_of
from routers.services import Services
from stts import __version__
from stts.access.audit import Action
from stts.access.policy import RouteKind, policy
from stts.access.roles import Role
from stts.engine_state import AUTO

MASKED = "***"
HOUR_SECONDS = 3600.0


class MeasureRoutes:
    def __init__(self, services: Services, listener: ListenerSettings) -> None:
        self._services = services
        self._listener = listener
        self._settings = services.settings
        self.router = deferred_router("TTSKit")
        add = self.router.add_api_route
        add("/api/v1/metrics", self.metrics, methods=["GET"], response_model=SystemMeasures)
        add("/api/v1/rate-limit", self.rate_limit, methods=["GET"], response_model=RateLimit)
        add("/api/v1/config", self.config, methods=["GET"], response_model=dict[str, Any])
        add("/api/v1/cache/stats", self.cache, methods=["GET"], response_model=CacheStatistics)
        add("/api/v1/cache/enabled", self.cache_enabled, methods=["GET"], response_model=CacheState)
        add("/api/v1/cache/clear", self.clear, methods=["POST"], response_model=Message)

    @policy(RouteKind.MANAGE, role=Role.READ)
    async def metrics(self) -> SystemMeasures:
        """Speech of this server since its start, by every dialect, and the load of the machine."""
        totals, history = self._services.metrics.totals("tts"), self._services.history
        total, done = sum(totals.statuses.values()), totals.statuses.get("completed", 0)
        statistics = SpeechStatistics(
            total_synthesis=total,
            successful_synthesis=done,
            failed_synthesis=totals.statuses.get("error", 0),
            average_duration=round(totals.audio_seconds / done, 3) if done else 0.0,
        )
        uptime = round(history.now() - history.since, 3)
        system = await asyncio.to_thread(_system, self._settings().storage.root, uptime)
        return SystemMeasures(tts_stats=statistics, system_metrics=system, version=__version__)

    @policy(RouteKind.USE, role=Role.READ)
    async def rate_limit(self, request: Request) -> RateLimit:
        """How much the caller may still send. Asking counts for a request, like any other."""
        principal, history = principal_of(request), self._services.history
        rates, own, client = self._services.access.rates, self._listener.rates(), request.client
        limits = rates.limits_of(principal, network_of(request)).rates.get(Role.WRITE, ())
        address = client.host if client is not None else ""
        states = rates.left([*limits, *listener_rates(self._listener.name, own, address, operates=True)])
        user = user_name(principal)
        if not states:
            return RateLimit(
                user_id=user,
                rate_limited=False,
                message="No limit of requests a minute.",
                remaining_requests=None,
                limit=None,
                reset_time=None,
            )
        tightest = min(states, key=lambda state: state.left)
        left = max(0, tightest.left)
        return RateLimit(
            user_id=user,
            rate_limited=not left,
            message=f"{left} requests remaining in this window." if left else "Rate limit exceeded.",
            remaining_requests=left,
            limit=tightest.rate.most,
            reset_time=None if left else round(history.now() + tightest.reset_seconds, 3),
        )

    @policy(RouteKind.MANAGE, role=Role.READ)
    async def config(self) -> dict[str, Any]:
        """Settings by the names that TTSKit has for them; what is secret is masked."""
        settings, output, security = self._settings(), self._listener.output(), self._listener.security
        options = cast(TTSKitOptions, self._listener.options or TTSKitOptions())
        # The last rule is about all texts that no other is about.
        rules = [rule.engines for rule in settings.routing.rules if rule.kind == "tts" and not rule.languages]
        engine = rules[-1][0] if output.engine == AUTO and rules and rules[-1] else output.engine
        hours = self._listener.cache_hours()
        characters = output.text_characters or TEXT_CHARACTERS
        redis = settings.cache.redis_url or settings.limits.redis_url
        return {
            "default_lang": output.language or LANGUAGE,
            "default_engine": engine,
            "tts_default": engine,
            "default_format": NAMES.get(output.format, DEFAULT_FORMAT),
            "audio_sample_rate": output.sample_rate,
            "audio_channels": options.channels,
            "max_chars": characters,
            "max_text_length": characters,
            "fallback_enabled": settings.routing.fall_back,
            "cache_enabled": settings.cache.enabled,
            "enable_caching": settings.cache.enabled,
            "cache_ttl": round((settings.cache.hours if hours is None else hours) * HOUR_SECONDS),
            "enable_auth": security.wants_key,
            "api_key": MASKED if security.wants_key else None,
            "redis_url": None if redis is None else MASKED,
            "api_host": self._listener.host,
            "api_port": self._listener.port,
            "cors_origins": list(security.allowed_origins),
            "log_level": settings.logging.level.upper(),
            "version": __version__,
        }

    @policy(RouteKind.MANAGE, role=Role.READ)
    async def cache(self) -> CacheStatistics:
        totals = self._services.metrics.totals("tts").cached
        tiers = await self._services.cache.statistics()
        hits, asked = totals.get("HIT", 0), sum(totals.values())
        return CacheStatistics(
            enabled=self._settings().cache.enabled,
            hits=hits,
            misses=asked - hits,
            hit_rate=round(hits / asked, 4) if asked else 0.0,
            size=max(tier.bytes for tier in tiers),
            entries=max(tier.entries for tier in tiers),
        )

    @policy(RouteKind.USE, role=Role.READ)
    async def cache_enabled(self) -> CacheState:
        return CacheState(enabled=self._settings().cache.enabled)

    @policy(RouteKind.MANAGE, action=Action.CACHE_CLEAR)
    async def clear(self, request: Request) -> Message:
        """Removes all speech that is kept, whoever asked for it; so it takes an administrator, as elsewhere."""
        note_audit(request, removed=await self._services.cache.remove())
        return Message(message="Cache cleared successfully")


def _system(root: str, uptime: float) -> SystemMetrics:
    # Nothing may have been stored yet.
    folder = next(each for each in (Path(root).resolve(), *Path(root).resolve().parents) if each.exists())
    return SystemMetrics(
        cpu_percent=psutil.cpu_percent(),
        memory_percent=psutil.virtual_memory().percent,
        disk_percent=psutil.disk_usage(str(folder)).percent,
        process_count=len(psutil.pids()),
        uptime=uptime,
    )
