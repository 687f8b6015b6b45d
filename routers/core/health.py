"""GET /health, /ready and /info: is it alive, does it accept work, what can it do."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import Query, Response
from fastapi.responses import RedirectResponse

from adapters.missing_models import looked_at
from routers.core.engine_schemas import EngineStatus, Health, Info, Ready
from routers.http.deferred_route import PlainRoute, deferred_router
from routers.services import Services
from stts import __version__
from stts.access.policy import Public, RouteKind, policy
from stts.access.roles import Role
from stts.audio.formats import FORMATS


class HealthRoutes:
    def __init__(self, services: Services, *, front: str = "docs") -> None:
        self._front = front
        self._engines = services.engines
        self._settings = services.settings
        self._lifecycle = services.lifecycle
        self._calls = services.calls
        self._listeners = services.listeners
        self._stores = services.access.stores
        self._shared_limits = services.access.shared_limits
        self.router = deferred_router("health")
        add = self.router.add_api_route
        add("/", self.root, methods=["GET"], include_in_schema=False, route_class_override=PlainRoute)
        add(
            "/health",
            self.health,
            methods=["GET"],
            response_model=Health,
            summary="Is it alive",
            route_class_override=PlainRoute,
        )
        add(
            "/ready",
            self.ready,
            methods=["GET"],
            response_model=Ready,
            summary="Does it accept work",
            responses={503: {"model": Ready, "description": "Does not accept work now."}},
        )
        add("/info", self.info, methods=["GET"], response_model=Info, summary="What it can do")

    @policy(RouteKind.PAGE, Public.ALWAYS)
    async def root(self) -> Response:
        """Redirects the root, where people look first, to the front page."""
        return RedirectResponse(self._front)

    @policy(RouteKind.HEALTH, Public.ANYWHERE)
    async def health(self) -> Response:
        """The process is alive. Touches nothing else."""
        return Response(b'{"status":"ok"}', media_type="application/json")

    @policy(RouteKind.HEALTH, Public.WITHOUT_QUERY)
    async def ready(
        self,
        response: Response,
        probe: Annotated[bool, Query(description="Really run the loaded engines and those that `auto` takes.")] = False,
    ) -> Ready:
        """Whether work is accepted, and what each engine's last real run said."""
        chosen = await self._engines.chosen()
        if probe:
            loaded = [each.name for each in self._engines.descriptions() if each.state == "ready"]
            await asyncio.gather(*(self._engines.probe(name) for name in dict.fromkeys([*loaded, *chosen])))
        phase, database = self._lifecycle.phase, self._stores.state
        status = (
            phase if phase != "ready" else "no_database" if database == "failed" else phase if chosen else "no_engine"
        )
        ready = status == "ready"
        response.status_code = 200 if ready else 503
        return Ready(
            ready=ready,
            status=status,
            database=database,
            redis=self._shared_limits.state if self._shared_limits is not None else "unused",
            listeners={each.name: each.state for each in self._listeners.statuses()},
            engines={each.name: EngineStatus.of(each) for each in await looked_at(self._engines)},
            missing=await self._engines.missing(),
        )

    def _abilities(self) -> list[str]:
        """The words by which clients look for what engines that are installed here can do."""
        installed = [each.info for each in self._engines.descriptions() if each.installed]
        kinds = {info.kind for info in installed}
        abilities = [info.abilities for info in installed]
        known = {
            "tts": "tts" in kinds,
            "stt": "stt" in kinds,
            "streaming": True,
            "word_timestamps": any(each.word_times for each in abilities),
            "translation": any(each.translation for each in abilities),
            "cloning": any(each.cloning for each in abilities),
            "effects": "tts" in kinds,
        }
        return [name for name, is_here in known.items() if is_here]

    @policy(RouteKind.USE, role=Role.READ)
    async def info(self) -> Info:
        settings = self._settings()
        return Info(
            name="STTS Server",
            version=__version__,
            engines={each.name: each.state for each in await looked_at(self._engines)},
            auto=await self._engines.chosen(),
            abilities=self._abilities(),
            limits=settings.limits.numbers,
            formats={
                name: {"media_type": spec.media_type, "sample_rates": spec.rates_text} for name, spec in FORMATS.items()
            },
            transcript_formats=["json", "text", "srt", "vtt", "verbose_json"],
            webrtc=self._calls.state,
            replies=settings.reply.adapter,
            docs="/docs",
        )
