"""GET /api/v1/engines and what is below it, /api/v1/voices and /api/v1/capabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import Path, Query, Request, Response

from adapters.descriptions import EngineDescription, OfferedVoice
from middleware.listener import ListenerSettings
from routers.compat.ttskit.engine_schemas import EngineInfo, EngineSummary, EngineTest, VoiceInfo, name_of
from routers.compat.ttskit.schemas import LANGUAGE, TEXT_CHARACTERS, Language, Text, beginning
from routers.http.answer import collected_answer
from routers.http.deferred_route import deferred_router
from routers.http.operation import operation_context, principal_of
from routers.http.whole_audio import Room, whole_audio
from routers.services import Services
from stts.access.policy import RouteKind, policy
from stts.access.roles import Role
from stts.context import Priority
from stts.errors import EngineNotInstalled, NotFound, UnknownEngine
from stts.languages import best_match
from stts.plans import SpeechRequest
from stts.speech import SynthesisConfig
from stts.streams.hold import Hold

EngineName = Annotated[str, Path(max_length=200)]
Name = Annotated[str | None, Query(max_length=200)]
TEST_TEXT = "Hello, world!"
MOST_BYTES = 64_000_000
"""Audio of a test, which is counted and not sent."""


class EngineRoutes:
    def __init__(self, services: Services, listener: ListenerSettings) -> None:
        self._engines = services.engines
        self._speak = services.speak
        self._output = listener.output
        self.router = deferred_router("TTSKit")
        add = self.router.add_api_route
        add("/api/v1/engines", self.listing, methods=["GET"], response_model=list[EngineInfo])
        add("/api/v1/engines/{name}", self.show, methods=["GET"], response_model=EngineInfo)
        add("/api/v1/engines/{name}/voices", self.voices_of, methods=["GET"], response_model=list[VoiceInfo])
        add("/api/v1/engines/{name}/test", self.test, methods=["GET"], response_model=EngineTest)
        add("/api/v1/voices", self.voices, methods=["GET"], response_model=list[VoiceInfo])
        add("/api/v1/capabilities", self.capabilities, methods=["GET"], response_model=dict[str, EngineSummary])

    @policy(RouteKind.USE, role=Role.READ)
    async def listing(self, request: Request, available_only: bool = False) -> list[EngineInfo]:
        usable = await self._engines.usable("tts")
        described = [each for each in self._engines.descriptions("tts") if each.name in usable or not available_only]
        return [await self._info(request, each, usable) for each in described]

    @policy(RouteKind.USE, role=Role.READ)
    async def show(self, request: Request, name: EngineName) -> EngineInfo:
        return await self._info(request, self._described(name), await self._engines.usable("tts"))

    @policy(RouteKind.USE, role=Role.READ)
    async def voices_of(self, request: Request, name: EngineName, language: Language = None) -> list[VoiceInfo]:
        """Refused with 503 where the engine cannot speak now."""
        self._described(name)
        await self._check(name)
        return _spoken(await self._offered(request, name), language)

    @policy(RouteKind.USE, role=Role.READ)
    async def voices(self, request: Request, engine: Name = None, language: Language = None) -> list[VoiceInfo]:
        """Voices of the engines that can speak now; none of an engine that is not here."""
        names = [name for name in await self._engines.usable("tts") if engine in (None, name)]
        return _spoken(await self._offered(request, *names) if names else (), language)

    @policy(RouteKind.USE)
    async def test(
        self, request: Request, name: EngineName, text: Text = TEST_TEXT, language: Language = None
    ) -> Response:
        """Really speaks a text with the engine, and tells how long it is. Nothing of it is kept."""
        self._described(name)
        await self._check(name)
        wanted = language or self._output().language or LANGUAGE
        config = SynthesisConfig(engine=name, language=wanted, permission=principal_of(request).permission)
        context = operation_context(request, "tts", characters=len(text), format="wav", priority=Priority.COLLECTED)
        context.hold, context.input_data = Hold(), replace(context.input_data, cache="none")

        async def make() -> Response:
            room = Room(MOST_BYTES, "The text is too long for a test.", "text")
            audio = await whole_audio(self._speak(context, SpeechRequest(text, config)), room)
            seconds, said = round(context.metrics.audio_seconds or 0.0, 3), "The engine is working correctly"
            found = EngineTest(
                engine=name, test_text=beginning(text), language=wanted, duration=seconds, size=len(audio), message=said
            )
            return Response(found.model_dump_json(), media_type="application/json")

        return collected_answer(make, request.scope, request.receive)

    @policy(RouteKind.USE, role=Role.READ)
    async def capabilities(self) -> dict[str, EngineSummary]:
        return {each.name: EngineSummary.of(each) for each in self._engines.descriptions("tts")}

    async def _info(self, request: Request, engine: EngineDescription, usable: Sequence[str]) -> EngineInfo:
        return EngineInfo.of(
            engine,
            available=engine.name in usable,
            voices=[name_of(each) for each in await self._offered(request, engine.name)],
            characters=self._output().text_characters or TEXT_CHARACTERS,
        )

    async def _offered(self, request: Request, *names: str) -> list[OfferedVoice]:
        return await self._engines.voices(*names, viewer=principal_of(request).viewer)

    def _described(self, name: str) -> EngineDescription:
        """Raises NotFound, also for an engine that listens."""
        try:
            found = self._engines.describe(name)
        except UnknownEngine:
            found = None
        if found is None or found.info.kind != "tts":
            raise NotFound("Engine not found: GET /api/v1/engines lists them")
        return found

    async def _check(self, name: str) -> None:
        """Raises EngineNotInstalled."""
        if name not in await self._engines.usable("tts"):
            raise EngineNotInstalled(f"Engine '{name}' is not available")


def _spoken(offered: Sequence[OfferedVoice], language: str | None) -> list[VoiceInfo]:
    """Those that speak a language; a clone speaks all that its engine speaks."""
    return [
        VoiceInfo.of(each)
        for each in offered
        if language is None
        or each.voice.reference is not None
        or not each.voice.languages
        or best_match(language, each.voice.languages) is not None
    ]
