"""GET / and /health, and below /api/v1: health, status, info, version, formats, languages and documentation."""

from __future__ import annotations

import platform
from collections.abc import Sequence

from routers.compat.ttskit.engine_schemas import codes
from routers.compat.ttskit.schemas import FORMATS
from routers.compat.ttskit.system_schemas import (
    Documentation,
    Formats,
    Health,
    Languages,
    Root,
    Status,
    SystemInfo,
    Version,
)
from routers.http.deferred_route import deferred_router
from routers.services import Services
from stts import __version__
from stts.access.policy import Public, RouteKind, policy
from stts.access.roles import Role

SERVICE = "TTSKit API"
DESCRIPTION = "TTSKit's REST API, served by STTS Server"
PAGE = "docs/dialects.md#ttskit"
"""The page about it, in the folder of the server."""


class SystemRoutes:
    def __init__(self, services: Services) -> None:
        self._engines = services.engines
        self._settings = services.settings
        self._stores = services.access.stores
        self._shared_limits = services.access.shared_limits
        self._history = services.history
        self.router = deferred_router("TTSKit")
        add = self.router.add_api_route
        add("/", self.root, methods=["GET"], response_model=Root)
        add("/health", self.health, methods=["GET"], response_model=Health)
        add("/api/v1/health", self.own_health, methods=["GET"], response_model=Health)
        add("/api/v1/status", self.status, methods=["GET"], response_model=Status)
        add("/api/v1/info", self.info, methods=["GET"], response_model=SystemInfo)
        add("/api/v1/version", self.version, methods=["GET"], response_model=Version)
        add("/api/v1/formats", self.formats, methods=["GET"], response_model=Formats)
        add("/api/v1/languages", self.languages, methods=["GET"], response_model=Languages)
        add("/api/v1/documentation", self.documentation, methods=["GET"], response_model=Documentation)

    @policy(RouteKind.USE, Public.ALWAYS)
    async def root(self) -> Root:
        return Root(service=SERVICE, version=__version__, status="running", docs=PAGE, api="/api/v1")

    @policy(RouteKind.HEALTH, Public.ANYWHERE)
    async def health(self) -> Health:
        return await self._health()

    @policy(RouteKind.USE, role=Role.READ)
    async def own_health(self) -> Health:
        """The same, for those who have a key."""
        return await self._health()

    @policy(RouteKind.MANAGE, role=Role.READ)
    async def status(self) -> Status:
        usable = await self._usable()
        redis = "unused" if self._shared_limits is None else self._shared_limits.state
        components = {
            "engines": bool(usable),
            "database": self._stores.state not in ("away", "failed"),
            "redis": redis != "away",
            "cache": self._settings().cache.enabled,
        }
        engines = {
            each.name: {"available": each.name in usable, "state": each.state}
            for each in self._engines.descriptions("tts")
        }
        return Status(
            overall_status="healthy" if all(components[name] for name in NEEDED) else "unhealthy",
            components=components,
            details={"engines": engines, "database": {"state": self._stores.state}, "redis": {"state": redis}},
            version=__version__,
        )

    @policy(RouteKind.MANAGE, role=Role.READ)
    async def info(self) -> SystemInfo:
        usable = await self._usable()
        return SystemInfo(
            version=__version__,
            python_version=platform.python_version(),
            platform=platform.platform(),
            architecture=platform.machine(),
            system=platform.system(),
            engines=usable,
            formats=[*FORMATS],
            languages=self._languages(usable),
        )

    @policy(RouteKind.USE, role=Role.READ)
    async def version(self) -> Version:
        return Version(version=__version__, service=SERVICE, status="running", uptime=self._uptime())

    @policy(RouteKind.USE, role=Role.READ)
    async def formats(self) -> Formats:
        return Formats(formats=[*FORMATS])

    @policy(RouteKind.USE, role=Role.READ)
    async def languages(self) -> Languages:
        """Languages of the engines that can speak now."""
        return Languages(languages=self._languages(await self._usable()))

    @policy(RouteKind.USE, role=Role.READ)
    async def documentation(self) -> Documentation:
        usable = await self._usable()
        return Documentation(
            name=SERVICE,
            version=__version__,
            description=DESCRIPTION,
            engines=usable,
            supported_languages=self._languages(usable),
            documentation_url=PAGE,
        )

    async def _health(self) -> Health:
        engines = len(await self._usable())
        return Health(
            status="healthy" if engines else "unhealthy", engines=engines, uptime=self._uptime(), version=__version__
        )

    async def _usable(self) -> list[str]:
        return await self._engines.usable("tts")

    def _languages(self, names: Sequence[str]) -> list[str]:
        return codes(tag for name in names for tag in self._engines.describe(name).info.languages)

    def _uptime(self) -> float:
        return round(self._history.now() - self._history.since, 3)


NEEDED = ("engines", "database", "redis")
"""Components without which the service is not healthy; a cache may be switched off."""
