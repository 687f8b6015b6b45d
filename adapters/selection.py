"""Which engine a request gets: the one it names, or the first in the operator's order that can do what is asked.

A request is planned once. Everything that can be wrong with it is raised then, before the work.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar, cast

from adapters.catalogue import EngineCatalogue
from adapters.model_names import engine_named
from adapters.routing import RoutingPolicy
from adapters.speech.plan import permitted_names, recording_of, suits, wanted_voices
from adapters.speech.plan_memory import PlanMemory, names_no_library
from adapters.speech.voice_choice import speaks
from adapters.speech.written_language import WrittenLanguage
from stts.context import Priority
from stts.engine_api import EngineKind
from stts.engine_state import AUTO
from stts.errors import Forbidden, InvalidRequest, STTSError
from stts.plans import ListenRequest, SpeechPlan, SpeechRequest, TranscriptionPlan
from stts.scheduling.routing import ROLES, Occasion, reads_text
from stts.settings import CurrentSettings
from stts.speech import SynthesisConfig
from stts.streams.live import LiveText
from stts.text.script import SAMPLE_CHARACTERS, main_script
from stts.transcription import TranscriptionConfig
from stts.voice_names import Gender

Request = TypeVar("Request")


class EngineSelection:
    def __init__(self, catalogue: EngineCatalogue, settings: CurrentSettings) -> None:
        self._catalogue = catalogue
        self._settings = settings
        self._routing = RoutingPolicy(catalogue, settings)
        self._written_language = WrittenLanguage()
        self._memory = PlanMemory()

    async def prepare(self) -> None:
        """Loads what tells the languages of texts, so that no request waits for it."""
        if self._settings().tts.detect_language:
            await self._written_language.prepare()

    async def planned(self, request: Request, priority: Priority = Priority.STREAM) -> Request:
        """The request with its plan; any other kind of request as it is. Raises as `plan_speech` does."""
        if isinstance(request, SpeechRequest):
            if request.is_planned:
                return request
            return cast(Request, replace(request, plan=await self._speech(request, priority), is_planned=True))
        if isinstance(request, ListenRequest):
            plan = request.plan or await self.plan_transcription(request.config, priority)
            return cast(Request, replace(request, plan=plan))
        return request

    async def plan_speech(
        self, config: SynthesisConfig, priority: Priority = Priority.REALTIME, text: str | None = None
    ) -> SpeechPlan:
        """Plans the speech of texts with these options, or of one text where that is known.

        `auto` takes the first engine that does exactly what is asked without fetching anything, by `routing.rules` and
        `tts.order`, else the first that does it with another voice or in another language. Raises UnknownEngine,
        EngineNotInstalled, UnknownVoice, InvalidParameter and UnsupportedFormat; for `auto` what the last candidate had
        against the request, or Forbidden where one speaks only with voices that the caller may not use.
        """
        name, permission = self._named("tts", config.engine), config.permission
        if name != AUTO:
            permission.check_engine(name)
        if config.voice is None and permission.voices:
            return await self._with_some_voice(config, priority, text)
        occasion = self._speaking(config, priority, text)
        if name != AUTO:
            return await self._routing.named(occasion, await self._speaking_by(name, config))
        return await self._routing.choose(occasion, lambda each: self._speaking_by(each, config))

    async def _speaking_by(self, name: str, config: SynthesisConfig, gender: Gender = "") -> SpeechPlan:
        """The plan of one engine. Raises Forbidden for a voice that the caller may not use."""
        plan = await self._catalogue.speech[name].plan(config, gender)
        config.permission.check_voice(*permitted_names(plan, config.voice))
        return plan

    async def _with_some_voice(self, config: SynthesisConfig, priority: Priority, text: str | None) -> SpeechPlan:
        """The plan with the first of the caller's voices that is here and speaks the language, else the first here."""
        refusal: STTSError = Forbidden("None of the voices that this key may use is here.")
        first: SpeechPlan | None = None
        for voice in config.permission.voices:
            try:
                plan = await self.plan_speech(replace(config, voice=voice), priority, text)
            except (InvalidRequest, Forbidden) as error:
                refusal = error
                continue
            plan = replace(plan, asked=config, chosen=voice)
            if plan.exact and speaks(plan.voice, config.language or config.detected):
                return plan
            first = first or plan
        if first is None:
            raise refusal
        return first

    async def plan_transcription(
        self, config: TranscriptionConfig, priority: Priority = Priority.REALTIME
    ) -> TranscriptionPlan:
        """The engine named, or the first that can do it without fetching anything.

        Raises UnknownEngine, EngineNotInstalled, InvalidParameter.
        """
        name = self._named("stt", config.engine)
        occasion = Occasion("stt", ROLES[priority], config.language, permission=config.permission)
        advised = self._routing.advised
        if name != AUTO:
            config.permission.check_engine(name)
            return await self._routing.named(
                occasion, await advised(occasion, config, self._listening(name, config), name)
            )
        choice = self._routing.choose(occasion, lambda each: self._listening(each, config))
        return await advised(occasion, config, choice)

    async def next_speech(self, plan: SpeechPlan, tried: frozenset[str]) -> SpeechPlan | None:
        """The plan of the next engine for the same speech, beside those that were tried; None: there is none.

        The answer has the rate that was announced and a voice of the same kind, as far as the caller may use one. A
        voice that is cloned is spoken by whoever clones the same recording, or by nobody.
        """
        if plan.voice.reference is not None:
            plan = replace(plan, alternatives=tuple(name for name in plan.alternatives if self._clones(name)))
        found = [
            each for voice in wanted_voices(plan) if (each := await self._next_with(plan, voice, tried)) is not None
        ]
        language = plan.asked.language or plan.asked.detected

        def likeness(other: SpeechPlan) -> tuple[bool, bool]:
            return speaks(other.voice, language), other.voice.gender == plan.voice.gender

        return max(found, key=likeness, default=None)

    async def _next_with(self, plan: SpeechPlan, voice: str | None, tried: frozenset[str]) -> SpeechPlan | None:
        """The plan of the next engine that speaks with this voice; None: with one of its own of the same kind."""
        config = replace(plan.asked, voice=voice, sample_rate=plan.output.sample_rate)
        found = await self._routing.next_plan(
            plan, tried, lambda name: self._speaking_by(name, config, plan.voice.gender)
        )
        if found is None or recording_of(plan.voice) not in (None, recording_of(found.voice)):
            return None
        chosen = None if plan.chosen is None else voice
        return replace(found, asked=plan.asked, chosen=chosen, alternatives=plan.alternatives)

    async def next_transcription(self, plan: TranscriptionPlan, tried: frozenset[str]) -> TranscriptionPlan | None:
        """The plan of the next engine for the same audio, beside those that were tried; None: there is none."""
        found = await self._routing.next_plan(plan, tried, lambda name: self._listening(name, plan.asked))
        return None if found is None else replace(found, alternatives=plan.alternatives, basis=plan.basis)

    async def transcription_holds(self, plan: TranscriptionPlan, priority: Priority = Priority.REALTIME) -> bool:
        """True if an earlier plan is what would be made now."""
        if plan.basis is None or plan.basis.settings is not self._settings():
            return False
        occasion = Occasion("stt", ROLES[priority], plan.asked.language, permission=plan.asked.permission)
        return plan.basis.candidates == await self._candidates(plan.asked.engine, occasion)

    async def _listening(self, name: str, config: TranscriptionConfig) -> TranscriptionPlan:
        return self._catalogue.transcription[name].plan(config)

    async def _speech(self, request: SpeechRequest, priority: Priority) -> SpeechPlan:
        """The plan for the request's text: the one it brings, where that still holds, or a new one."""
        config, plan = request.config, request.plan
        text = request.text if isinstance(request.text, str) else None
        if plan is not None and not await self._holds(plan, config, priority, text):
            plan = None
        if plan is None and isinstance(request.text, LiveText):
            # What can be refused at all is refused before the first words are waited for.
            plan = await self.plan_speech(config, priority)
        if config.language is None and self._settings().tts.detect_language:
            found = await self._written_language.of(request.text)
            config = replace(config, detected=found or config.detected)
            # The first words may have come late: what was planned before them may hold no more.
            if plan is not None and (text is None or self._reads_text):
                plan = plan if await self._holds(plan, config, priority, text) else None
        if plan is not None and suits(plan, config.detected):
            return plan
        return await self._remembered(config, priority, text)

    async def _remembered(self, config: SynthesisConfig, priority: Priority, text: str | None) -> SpeechPlan:
        """The plan of an earlier request that asked alike, where that still holds, or a new one."""
        state = self._catalogue.weights.changes
        plan = self._memory.get(config, priority, state)
        if plan is None or not await self._holds(plan, config, priority, text):
            plan = await self.plan_speech(config, priority, text)
            if self.lasts(plan):
                self._memory.put(plan, config, priority, state)
        return plan

    async def holds(self, plan: SpeechPlan, priority: Priority, text: str) -> bool:
        """True if a plan that lasts is what would be made for its text now."""
        return await self._holds(plan, plan.asked, priority, text)

    @property
    def weights_changes(self) -> int:
        """Counts changes of weights, with each of which plans may become others."""
        return self._catalogue.weights.changes

    def lasts(self, plan: SpeechPlan) -> bool:
        """True if the next request that asks alike gets the same plan, as long as it holds."""
        config = plan.asked
        if not names_no_library(plan, config) or any(rule.weights for rule in self._settings().routing.rules):
            return False
        # A recording may come under the name, which an engine that clones would speak with.
        return config.voice is None or not any(map(self._clones, plan.basis.candidates if plan.basis else ()))

    async def _holds(self, plan: SpeechPlan, config: SynthesisConfig, priority: Priority, text: str | None) -> bool:
        """True if an earlier plan is what would be made now. A stored voice may have been replaced, or its card."""
        basis = plan.basis
        if basis is None or plan.voice.reference is not None or plan.has_card or basis.settings is not self._settings():
            return False
        asked = plan.asked
        if asked is not config and asked != config and replace(asked, detected=config.detected) != config:
            return False
        if config.voice not in (None, plan.voice.id) and self._clones(plan.instance):
            # Another voice stands in for the one asked for, whose recording may have come meanwhile.
            return False
        if not self._catalogue.speech[plan.instance].holds(plan):
            return False
        if self._named("tts", config.engine) != AUTO:
            return basis.candidates == (plan.instance,)
        return basis.candidates == await self._candidates(AUTO, self._speaking(config, priority, text))

    def _clones(self, instance: str) -> bool:
        return self._catalogue.instance(instance).info.abilities.cloning

    @property
    def _reads_text(self) -> bool:
        return reads_text(self._settings().routing.rules)

    def _speaking(self, config: SynthesisConfig, priority: Priority, text: str | None) -> Occasion:
        """The occasion of a speech; a text is only looked at where a rule asks for it."""
        language = config.language or config.detected
        if text is None or not self._reads_text:
            return Occasion("tts", ROLES[priority], language, voice=config.voice, permission=config.permission)
        script = main_script(text[:SAMPLE_CHARACTERS])
        return Occasion("tts", ROLES[priority], language, script, config.voice, len(text), config.permission)

    async def _candidates(self, asked: str, occasion: Occasion) -> tuple[str, ...]:
        """Raises UnknownEngine."""
        name = self._named(occasion.kind, asked)
        return (name,) if name != AUTO else (await self._routing.candidates(occasion)).names

    def _named(self, kind: EngineKind, asked: str) -> str:
        """The engine that a request names, or `auto`. Raises UnknownEngine."""
        known: Any = self._catalogue.speech if kind == "tts" else self._catalogue.transcription
        return engine_named(asked, known, self._settings().openai.models, kind)
