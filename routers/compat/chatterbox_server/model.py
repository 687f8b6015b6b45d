"""The model of this dialect: the engine that clones here, told in that system's words, unloaded and loaded again."""

from __future__ import annotations

from fastapi import Request

from adapters.descriptions import EngineDescription
from middleware.edge.auditing import note_audit
from middleware.listener import ListenerSettings
from routers.compat.chatterbox_server.schemas import ModelInfo, Status
from routers.http.cloning import Cloners
from routers.http.deferred_route import deferred_router
from routers.http.devices import device_of
from routers.http.operation import principal_of
from routers.services import Services
from stts.access.audit import Action
from stts.access.permission import Permission
from stts.access.policy import Public, RouteKind, policy
from stts.access.roles import Role
from stts.context import RequestContext
from stts.engine_state import AUTO
from stts.errors import EngineNotInstalled
from stts.languages import english_name, primary
from stts.peers.everywhere import LOAD_ENGINE, UNLOAD_ENGINE, UNLOAD_SECONDS, everywhere
from stts.speech import SynthesisConfig

TURBO, ORIGINAL, MULTILINGUAL = "chatterbox_turbo", "chatterbox", "chatterbox_multilingual"
TYPES = {
    TURBO: ("turbo", "ChatterboxTurboTTS"),
    ORIGINAL: ("original", "ChatterboxTTS"),
    MULTILINGUAL: ("multilingual", "ChatterboxMultilingualTTS"),
}
"""Engine of the registry -> that system's words for its type and its class."""
TAGS = ("laugh", "chuckle", "sigh", "gasp", "cough", "clear throat", "sniff", "groan", "shush")
"""Tags that the Turbo model speaks."""
NO_MODEL = "No engine that speaks is installed with its weights."


class Models:
    """Which engine clones at this moment."""

    def __init__(self, services: Services, listener: ListenerSettings) -> None:
        self._engines = services.engines
        self._cloners = Cloners(services.engines, services.settings)
        self._output = listener.output

    async def cloner(self, permission: Permission, language: str | None = None) -> EngineDescription | None:
        """The listener's, else one of the family, else any; for another language than English the one that has it."""
        family = (TURBO, ORIGINAL, MULTILINGUAL)
        if language is not None and primary(language) != "en":
            family = (MULTILINGUAL, TURBO, ORIGINAL)
        own = self._output().engine
        return await self._cloners.first(family if own == AUTO else (own, *family), permission)

    async def with_another_voice(self, config: SynthesisConfig, context: RequestContext) -> SynthesisConfig:
        """The speech where nothing clones."""
        return await self._cloners.with_another_voice(config, None, context)

    async def current(self, permission: Permission) -> EngineDescription:
        """The one that clones, else the one that speaks. Raises EngineNotInstalled."""
        if (cloner := await self.cloner(permission)) is not None:
            return cloner
        names = permission.allowed((await self._engines.candidates("tts")).names)
        if not names:
            raise EngineNotInstalled(NO_MODEL)
        return self._engines.describe(names[0])

    async def named(self, name: object, permission: Permission) -> EngineDescription:
        """The engine of this name, else the current one. Raises EngineNotInstalled."""
        if isinstance(name, str) and name in self._engines.speech:
            return self._engines.describe(name)
        return await self.current(permission)

    def is_here(self, engine: str) -> bool:
        return engine in self._engines.speech and self._engines.describe(engine).installed


class ModelRoutes:
    def __init__(self, services: Services, models: Models) -> None:
        self._settings = services.settings
        self._engines = services.engines
        self._peers = services.peers
        self._models = models
        self.router = deferred_router("Chatterbox-TTS-Server")
        add = self.router.add_api_route
        add("/api/model-info", self.show, methods=["GET"], response_model=ModelInfo, summary="The model")
        add("/api/unload", self.unload, methods=["POST"], response_model=dict[str, str], summary="Unload the model")
        add("/restart_server", self.restart, methods=["POST"], response_model=Status, summary="Load the model again")

    @policy(RouteKind.USE, Public.LISTED, role=Role.READ)
    async def show(self, request: Request) -> ModelInfo:
        return await self.info(principal_of(request).permission)

    @policy(RouteKind.MANAGE, action=Action.ENGINE_UNLOAD)
    async def unload(self, request: Request) -> dict[str, str]:
        """The next text loads it again."""
        engine = await self._models.current(principal_of(request).permission)
        note_audit(request, engine.name)
        await everywhere(self._peers, self._engines.unload(engine.name), UNLOAD_ENGINE, engine.name, UNLOAD_SECONDS)
        return {"status": "unloaded"}

    @policy(RouteKind.MANAGE, action=Action.ENGINE_LOAD)
    async def restart(self, request: Request) -> Status:
        """Nothing else is restarted: the engine that speaks now is loaded."""
        engine = await self._models.current(principal_of(request).permission)
        note_audit(request, engine.name)
        seconds = self._settings().limits.load_seconds
        await everywhere(self._peers, self._engines.load(engine.name), LOAD_ENGINE, engine.name, seconds)
        kind, class_name = _words(engine)
        return Status(message=f"Model hot-swap successful. Now running: {class_name} ({kind})")

    async def info(self, permission: Permission) -> ModelInfo:
        """Raises EngineNotInstalled."""
        engine = await self._models.current(permission)
        kind, class_name = _words(engine)
        languages = {tag: english_name(tag).title() for tag in engine.info.languages}
        return ModelInfo(
            loaded=engine.state == "ready",
            type=kind,
            class_name=class_name,
            device=device_of(self._settings(), engine),
            sample_rate=engine.info.sample_rate,
            supports_paralinguistic_tags=kind == "turbo",
            available_paralinguistic_tags=list(TAGS) if kind == "turbo" else [],
            turbo_available_in_package=self._models.is_here(TURBO),
            multilingual_available_in_package=self._models.is_here(MULTILINGUAL),
            supports_multilingual=len(languages) > 1,
            supported_languages=languages,
        )


def _words(engine: EngineDescription) -> tuple[str, str]:
    return TYPES.get(engine.engine, (engine.name, engine.name))
