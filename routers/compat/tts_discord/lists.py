"""GET /health, /info, /list-voices and /validate-references of the TTS Discord System."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import Request

from adapters.descriptions import EngineDescription
from routers.compat.tts_discord.references import References
from routers.compat.tts_discord.schemas import (
    EXTENSIONS,
    PARAMETERS,
    SHORTEST,
    HealthShape,
    InfoShape,
    NoResults,
    NoVoices,
    ValidationShape,
    VoiceList,
    VoiceShape,
)
from routers.compat.tts_discord.speech import TURBO, SpeechRoutes
from routers.http.deferred_route import deferred_router
from routers.http.devices import device_of, has_cuda
from routers.http.operation import principal_of
from routers.services import Services
from stts import __version__
from stts.access.permission import Permission
from stts.access.policy import Public, RouteKind, policy
from stts.access.roles import Role
from stts.engine_state import AUTO
from stts.errors import EngineNotInstalled

MODEL_NAMES = {TURBO: "Chatterbox Turbo"}
"""Engine of the registry -> its name at /info."""
NO_MODEL = "none"
ENDPOINTS = {
    "/api/tts": "A text in the voice of a reference, as a WAV",
    "/tts": "The same",
    "/health": "Whether it works, and the voices",
    "/info": "The model, its parameters and what a reference must be",
    "/list-voices": "The voices",
    "/validate-references": "The references, each with what is wrong with it",
}


class ListRoutes:
    def __init__(self, services: Services, references: References, speech: SpeechRoutes) -> None:
        self._settings = services.settings
        self._engines = services.engines
        self._references = references
        self._speech = speech
        self.router = deferred_router("TTS Discord System")
        add = self.router.add_api_route
        add("/health", self.health, methods=["GET"], response_model=HealthShape, summary="Health")
        add("/info", self.info, methods=["GET"], response_model=InfoShape, summary="Model and parameters")
        add("/list-voices", self.voices, methods=["GET"], response_model=VoiceList | NoVoices, summary="Voices")
        add(
            "/validate-references",
            self.validate,
            methods=["GET"],
            response_model=ValidationShape | NoResults,
            summary="Look at all references",
        )

    @policy(RouteKind.HEALTH, Public.LISTED)
    async def health(self, request: Request) -> HealthShape:
        engine = await self._engine(principal_of(request).permission)
        names = await self._references.names()
        return HealthShape(
            device=device_of(self._settings(), engine),
            cuda=has_cuda(),
            model=NO_MODEL if engine is None else engine.name.replace("_", "-"),
            references_directory=self._references.directory,
            available_voices=len(names),
            voice_samples=names,
            model_loaded=engine is not None and engine.state == "ready",
        )

    @policy(RouteKind.USE, Public.LISTED, role=Role.READ)
    async def info(self, request: Request) -> InfoShape:
        permission = principal_of(request).permission
        cloner = await self._speech.cloner(permission)
        engine = cloner or await self._other(permission)
        return InfoShape(
            model=NO_MODEL if engine is None else MODEL_NAMES.get(engine.engine, engine.name),
            version=__version__,
            device=device_of(self._settings(), engine),
            features=list(_features(cloner)),
            sample_rate=24_000 if engine is None else engine.info.sample_rate,
            endpoints=ENDPOINTS,
            parameters=dict(PARAMETERS),
            reference_requirements={
                "format": "WAV, MP3, OGG, or FLAC",
                "minimum_duration": f"{SHORTEST} seconds",
                "directory": self._references.directory,
            },
        )

    @policy(RouteKind.USE, Public.LISTED, role=Role.READ)
    async def voices(self) -> VoiceList | NoVoices:
        if not await self._references.exists():
            return NoVoices(directory=self._references.directory)
        checked = await self._references.checked()
        voices = [VoiceShape(filename=name, **each.model_dump()) for name, each in checked.items()]
        valid = sum(each.valid for each in voices)
        return VoiceList(voices=voices, count=len(voices), valid_count=valid, directory=self._references.directory)

    @policy(RouteKind.USE, Public.LISTED, role=Role.READ)
    async def validate(self) -> ValidationShape | NoResults:
        if not await self._references.exists():
            return NoResults(directory=self._references.directory)
        checked = await self._references.checked()
        return ValidationShape(
            directory=self._references.directory,
            total_files=len(checked),
            valid_files=sum(each.valid for each in checked.values()),
            results=checked,
        )

    async def _engine(self, permission: Permission) -> EngineDescription | None:
        return await self._speech.cloner(permission) or await self._other(permission)

    async def _other(self, permission: Permission) -> EngineDescription | None:
        """The engine that would speak with a voice of its own."""
        try:
            name = await self._speech.other(permission)
        except EngineNotInstalled:
            return None
        if name == AUTO:
            names = permission.allowed((await self._engines.candidates("tts")).names)
            return self._engines.describe(names[0]) if names else None
        return self._engines.describe(name)


def _features(cloner: EngineDescription | None) -> Sequence[str]:
    formats = "/".join(extension[1:].upper() for extension in EXTENSIONS)
    shared = (f"References as {formats}", f"References are checked: {SHORTEST} seconds or more")
    if cloner is None:
        return ("No voice cloning: no engine here clones, so that the best other voice speaks", *shared)
    if cloner.engine != TURBO:
        return (f"Zero-shot voice cloning by {cloner.name}: {TURBO} is not installed here", *shared)
    tags = "Paralinguistic tags ([laugh], [chuckle], ...)"
    return ("Zero-shot voice cloning", tags, "Temperature control", "Built-in watermarking", *shared)
