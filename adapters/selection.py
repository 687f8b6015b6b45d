"""Which engine a request gets: the one it names, or the first in the operator's order that can do what is asked.

A request is planned once. Everything that can be wrong with it is raised then, before the work.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar, cast

from adapters.catalogue import EngineCatalogue
from adapters.model_names import engine_named
from adapters.speech.plan import suits
from adapters.speech.written_language import WrittenLanguage
from stts.engine_api import EngineKind
from stts.engine_state import AUTO
from stts.errors import EngineNotInstalled, InvalidRequest
from stts.plans import ListenRequest, PlanBasis, SpeechPlan, SpeechRequest, TranscriptionPlan
from stts.settings import CurrentSettings
from stts.speech import SynthesisConfig
from stts.streams.live import LiveText
from stts.transcription import TranscriptionConfig

Request = TypeVar("Request")


class EngineSelection:
    """Made once, over all engines."""

    def __init__(self, catalogue: EngineCatalogue, settings: CurrentSettings) -> None:
        self._catalogue = catalogue
        self._settings = settings
        self._written_language = WrittenLanguage()

    async def prepare(self) -> None:
        """Loads what tells the languages of texts, so that no request waits for it."""
        if self._settings().tts.detect_language:
            await self._written_language.prepare()

    async def planned(self, request: Request) -> Request:
        """The request with its plan; any other kind of request as it is. Raises as `plan_speech` does."""
        if isinstance(request, SpeechRequest):
            return cast(Request, replace(request, plan=await self._speech(request)))
        if isinstance(request, ListenRequest):
            plan = request.plan or await self.plan_transcription(request.config)
            return cast(Request, replace(request, plan=plan))
        return request

    async def plan_speech(self, config: SynthesisConfig) -> SpeechPlan:
        """Plans the speech of texts with these options.

        `auto` takes the first of `tts.order` that does exactly what is asked without fetching anything, else the first
        that does it with another voice or in another language. Raises UnknownEngine, EngineNotInstalled, UnknownVoice,
        InvalidParameter and UnsupportedFormat; for `auto` what the last candidate had against the request.
        """
        settings = self._settings()
        names = await self._candidates("tts", config.engine)
        basis = PlanBasis(settings, names)
        reason: InvalidRequest | None = None
        second_best: SpeechPlan | None = None
        for place, name in enumerate(names):
            try:
                plan = await self._catalogue.speech[name].plan(config)
            except InvalidRequest as refused:
                reason = refused
                continue
            plan = replace(plan, alternatives=names[place + 1 :], basis=basis)
            if plan.exact or config.engine != AUTO:
                return plan
            second_best = second_best or plan
        if second_best is not None:
            return second_best
        raise reason or EngineNotInstalled("No engine of tts.order is installed with its weights on this disk.")

    async def plan_transcription(self, config: TranscriptionConfig) -> TranscriptionPlan:
        """The engine named, or the first of `stt.order` that can do what is asked without fetching anything.

        Raises UnknownEngine, EngineNotInstalled and InvalidParameter.
        """
        names = await self._candidates("stt", config.engine)
        reason: InvalidRequest | None = None
        for place, name in enumerate(names):
            try:
                plan = self._catalogue.transcription[name].plan(config)
            except InvalidRequest as refused:
                reason = refused
            else:
                return replace(plan, alternatives=names[place + 1 :])
        raise reason or EngineNotInstalled("No engine of stt.order is installed with its weights on this disk.")

    async def _speech(self, request: SpeechRequest) -> SpeechPlan:
        """The plan for the request's text: the one it brings, where that still holds, or a new one."""
        config, plan = request.config, request.plan
        if plan is not None and not await self._holds(plan, config):
            plan = None
        if plan is None and isinstance(request.text, LiveText):
            # What can be refused at all is refused before the first words are waited for.
            plan = await self.plan_speech(config)
        if config.language is None and self._settings().tts.detect_language:
            found = await self._written_language.of(request.text)
            config = replace(config, detected=found or config.detected)
            # The first words may have come late: what was planned before them may hold no more.
            if plan is not None and isinstance(request.text, LiveText) and not await self._holds(plan, config):
                plan = None
        if plan is not None and suits(plan, config.detected):
            return plan
        return await self.plan_speech(config)

    async def _holds(self, plan: SpeechPlan, config: SynthesisConfig) -> bool:
        """True if an earlier plan is what would be made now. A stored recording may have been replaced meanwhile."""
        if plan.basis is None or plan.voice.reference is not None:
            return False
        if plan.basis.settings is not self._settings() or replace(plan.asked, detected=config.detected) != config:
            return False
        if config.voice not in (None, plan.voice.id) and self._clones(plan.instance):
            # Another voice stands in for the one asked for, whose recording may have come meanwhile.
            return False
        return plan.basis.candidates == await self._candidates("tts", config.engine)

    def _clones(self, instance: str) -> bool:
        return self._catalogue.instance(instance).info.abilities.cloning

    async def _candidates(self, kind: EngineKind, asked: str) -> tuple[str, ...]:
        """Raises UnknownEngine."""
        known: Any = self._catalogue.speech if kind == "tts" else self._catalogue.transcription
        named = engine_named(asked, known, self._settings().openai.models, kind)
        return (named,) if named != AUTO else tuple(await self._catalogue.candidates(kind))
